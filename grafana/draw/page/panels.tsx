// The kinds of panel of our dashboards, each drawn by Grafana's component where a package has it.
import {
  DataFrame,
  FieldType,
  formattedValueToString,
  getDisplayValueAlignmentFactors,
  getFieldDisplayName,
  getFieldDisplayValues,
} from '@grafana/data';
import { BarGauge, BigValue, measureText, TimeSeries, VizRepeater } from '@grafana/ui';
import { TableNG } from '@grafana/ui/unstable';
import { interpolate, Values } from './queries';
import { scene, Shown, theme, timeRange } from './scene';

export interface Drawn {
  panel: any;
  fieldConfig: any;
  data: DataFrame[];
  values: Values;
  width: number;
  height: number;
}

function displayed({ panel, fieldConfig, data, values }: Drawn): any[] {
  return getFieldDisplayValues({
    data,
    fieldConfig,
    reduceOptions: panel.options.reduceOptions,
    replaceVariables: (text: string) => interpolate(text, values),
    sparkline: panel.options.graphMode !== undefined && panel.options.graphMode !== 'none',
    theme,
    timeZone: 'browser',
  } as any);
}

function repeated(drawn: Drawn, values: any[], renderValue: (part: any) => React.ReactElement, more: object) {
  const { data, width, height, panel } = drawn;
  return (
    <VizRepeater
      getAlignmentFactors={getDisplayValueAlignmentFactors as any}
      getValues={() => values}
      height={height}
      orientation={panel.options.orientation}
      renderCounter={0}
      renderValue={renderValue}
      source={data}
      width={width}
      {...more}
    />
  );
}

function Stat(drawn: Drawn) {
  const { options } = drawn.panel;
  const value = ({ value, count, width, height, alignmentFactors }: any) => (
    <BigValue
      alignmentFactors={alignmentFactors}
      colorMode={options.colorMode}
      count={count}
      graphMode={options.graphMode}
      hasLinks={false}
      height={height}
      justifyMode={options.justifyMode}
      text={options.text}
      textMode={options.textMode}
      theme={theme}
      value={value.display}
      width={width}
      wideLayout={options.wideLayout}
    />
  );
  return repeated(drawn, displayed(drawn), value, { autoGrid: true, itemSpacing: 3 });
}

/** Grafana takes the ends of the bars from all values, where the panel does not set them. */
function withEnds(values: any[]): any[] {
  const numbers = values.map((one) => one.display.numeric).filter(Number.isFinite);
  return values.map((one) => ({
    ...one,
    field: { ...one.field, min: one.field.min ?? Math.min(0, ...numbers), max: one.field.max ?? (Math.max(...numbers) || 1) },
  }));
}

function Bars(drawn: Drawn) {
  const { options } = drawn.panel;
  const isManual = options.sizing === 'manual';
  const value = ({ value, width, height, orientation, alignmentFactors }: any) => (
    <BarGauge
      alignmentFactors={alignmentFactors}
      display={value.view?.getFieldDisplayProcessor?.(value.colIndex)}
      displayMode={options.displayMode}
      field={value.field}
      height={height}
      itemSpacing={10}
      lcdCellWidth={12}
      namePlacement={options.namePlacement}
      orientation={orientation}
      showUnfilled={options.showUnfilled}
      text={options.text}
      theme={theme}
      value={value.display}
      valueDisplayMode={options.valueMode}
      width={width}
    />
  );
  return repeated(drawn, withEnds(displayed(drawn)), value, {
    itemSpacing: 10,
    minVizHeight: isManual ? options.minVizHeight : 16,
    maxVizHeight: isManual ? options.maxVizHeight : 300,
    minVizWidth: isManual ? options.minVizWidth : 8,
  });
}

function Table({ panel, fieldConfig, data, width, height }: Drawn) {
  const { options } = panel;
  const given: any = {
    cellHeight: options.cellHeight,
    data: data[0],
    enableVirtualization: true,
    fieldConfig,
    frozenColumns: 0,
    getActions: () => [],
    height,
    noHeader: !options.showHeader,
    resizable: true,
    showTypeIcons: options.showTypeIcons,
    sortBy: options.sortBy,
    structureRev: 1,
    timeRange,
    width,
  };
  return <TableNG {...given} />;
}

function Lines({ panel, data, width, height }: Drawn) {
  const given: any = {
    frames: data,
    height,
    legend: panel.options.legend,
    options: panel.options,
    structureRev: 1,
    theme,
    timeRange,
    timeZone: 'browser',
    width,
  };
  return <TimeSeries {...given}>{() => null}</TimeSeries>;
}

/** Grafana's own timeline is in its core; colours and words here are those of its display processor. */
function Timeline({ panel, data, width, height }: Drawn) {
  const rows = series(data).slice(0, panel.options.perPage ?? 20);
  const words = rows.map(({ field, frame }) => measureText(getFieldDisplayName(field, frame, data), 12).width);
  const names = Math.min(width * 0.4, 16 + Math.max(0, ...words));
  const rowHeight = Math.min(60, (height - 24) / Math.max(1, rows.length));
  const scale = (width - names) / (scene.to - scene.from);
  return (
    <svg width={width} height={height} fontSize={12}>
      {rows.map(({ field, frame }, row) => (
        <g key={row} transform={`translate(0 ${row * rowHeight})`}>
          <text className="name" x={names - 8} y={rowHeight / 2 + 4} textAnchor="end" fill={theme.colors.text.primary}>
            {getFieldDisplayName(field, frame, data)}
          </text>
          {spans(field, frame).map(({ start, end, value }, place) => (
            <rect
              key={place}
              x={names + (start - scene.from) * scale}
              width={Math.max(1, (end - start) * scale)}
              y={rowHeight * 0.07}
              height={rowHeight * panel.options.rowHeight}
              fill={field.display!(value).color}
            />
          ))}
        </g>
      ))}
    </svg>
  );
}

function series(data: DataFrame[]) {
  return data.flatMap((frame) =>
    frame.fields.filter((field) => field.type !== FieldType.time).map((field) => ({ field, frame })),
  );
}

/** From when until when a series has one value. */
function spans(field: any, frame: DataFrame): Array<{ start: number; end: number; value: number }> {
  const times: number[] = frame.fields.find((one) => one.type === FieldType.time)!.values.map((time) => time / 1000);
  const step = times.length > 1 ? Math.min(...times.slice(1).map((time, at) => time - times[at])) : 60;
  const found: Array<{ start: number; end: number; value: number }> = [];
  times.forEach((time, at) => {
    const value = field.values[at];
    const last = found[found.length - 1];
    if (value === null || value === undefined || Number.isNaN(value)) {
      return;
    }
    if (last && last.value === value && time - last.end < step / 2) {
      last.end = time + step;
    } else {
      found.push({ start: time, end: time + step, value });
    }
  });
  return found.map((span) => ({ ...span, start: Math.max(span.start, scene.from), end: Math.min(span.end, scene.to) }));
}

export const KINDS: Record<string, (drawn: Drawn) => React.ReactElement> = {
  bargauge: Bars,
  stat: Stat,
  'state-timeline': Timeline,
  table: Table,
  timeseries: Lines,
};

/** Every word or number that the panel shows, with its colour. */
export function shown(drawn: Drawn): Shown[] {
  if (drawn.panel.type === 'stat' || drawn.panel.type === 'bargauge') {
    return displayed(drawn).map(({ display }) => ({
      text: formattedValueToString(display),
      color: display.color,
      numeric: display.numeric,
      known: drawn.data.length > 0,
    }));
  }
  return series(drawn.data).flatMap(({ field }) =>
    [...new Set(field.values)].map((value) => {
      const display = field.display!(value);
      const isColoured = drawn.panel.type !== 'table' || field.config.custom?.cellOptions?.type?.startsWith('color');
      const color = isColoured ? display.color : undefined;
      return { text: formattedValueToString(display), color, numeric: display.numeric, known: value !== null };
    }),
  );
}
