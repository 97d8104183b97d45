// Prometheus' answers as the data frames that Grafana's own data source would give.
import { DataFrame, FieldType, LoadingState, toDataFrame } from '@grafana/data';
// Not exported by the package's front door.
import { transformV2 } from '../node_modules/@grafana/prometheus/dist/esm/result_transformer.mjs';
import { drawing, scene } from './scene';

export type Values = Record<string, string>;

/** The text with `$name` and `${name}` replaced; what is no variable stays as it is. */
export function interpolate(text: string, values: Values): string {
  return text.replace(/\$\{(\w+)(?::\w+)?\}|\$(\w+)/g, (whole, braced, bare) => values[braced ?? bare] ?? whole);
}

/** The dashboard's variables, and those that Grafana sets by the width of a panel. */
export function valuesFor(panel: any, width: number): Values & { step: string } {
  const span = scene.to - scene.from;
  const pixels = panel.maxDataPoints ?? width;
  const step = Math.max(shortest(panel.interval), Math.ceil(span / Math.max(1, pixels)));
  const rate = Math.max(step + scene.scrapeInterval, 4 * scene.scrapeInterval);
  return {
    ...scene.variables,
    step: String(step),
    __interval: `${step}s`,
    __rate_interval: `${rate}s`,
    __range: `${span}s`,
    __range_s: String(span),
  };
}

export async function frames(panel: any, pixels: number): Promise<DataFrame[]> {
  const values = valuesFor(panel, pixels);
  const answers = await Promise.all(panel.targets.map((target: any) => ask(target, values)));
  const request: any = {
    app: 'dashboard',
    requestId: String(panel.id),
    targets: panel.targets,
    interval: values.__interval,
    intervalMs: Number(values.step) * 1000,
    scopedVars: {},
  };
  return transformV2({ data: answers.flat(), state: LoadingState.Done } as any, request, {}).data;
}

/** The panel's least interval in seconds, which is never below that of the scrapes. */
function shortest(interval: string | undefined): number {
  const unit = { s: 1, m: 60, h: 3600, d: 86400 }[interval?.slice(-1) ?? ''] ?? 0;
  return Math.max(scene.scrapeInterval, Number.parseInt(interval ?? '0', 10) * unit);
}

async function ask(target: any, values: Values & { step: string }): Promise<DataFrame[]> {
  const query = interpolate(target.expr, values);
  const step = Number(values.step);
  const result = target.instant
    ? await get('query', { query, time: String(scene.to) })
    : await get('query_range', {
        query,
        start: String(Math.floor(scene.from / step) * step),
        end: String(scene.to),
        step: String(step),
      });
  const type = target.instant ? 'numeric-multi' : 'timeseries-multi';
  const resultType = target.instant ? 'vector' : 'matrix';
  return result.map((series: any) => {
    const points: Array<[number, string]> = series.values ?? [series.value];
    const legend = named(target.legendFormat, series.metric);
    return toDataFrame({
      refId: target.refId,
      name: legend,
      meta: { type, custom: { resultType } },
      fields: [
        { name: 'Time', type: FieldType.time, config: {}, values: points.map(([time]) => time * 1000) },
        {
          name: 'Value',
          type: FieldType.number,
          labels: series.metric,
          config: legend ? { displayNameFromDS: legend } : {},
          values: points.map(([, value]) => Number.parseFloat(value.replace('Inf', 'Infinity'))),
        },
      ],
    } as any);
  });
}

async function get(path: string, parameters: Values): Promise<any[]> {
  const response = await fetch(`${scene.prometheus}/api/v1/${path}`, {
    method: 'POST',
    body: new URLSearchParams(parameters),
  });
  const answer = await response.json();
  if (answer.status !== 'success') {
    throw new Error(`${answer.error} in ${parameters.query}`);
  }
  for (const warning of answer.warnings ?? []) {
    drawing.messages.push(`prometheus: ${warning} in ${parameters.query}`);
  }
  return answer.data.result;
}

function named(format: string | undefined, labels: Values): string {
  return (format ?? '').replace(/{{\s*(\w+)\s*}}/g, (_, label) => labels[label] ?? '');
}
