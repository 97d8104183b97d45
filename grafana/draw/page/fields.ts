// What Grafana does with frames before a panel draws them: transformations, defaults, overrides.
import {
  applyFieldOverrides,
  booleanOverrideProcessor,
  cacheFieldDisplayNames,
  DataFrame,
  dataLinksOverrideProcessor,
  displayNameOverrideProcessor,
  FieldConfigOptionsRegistry,
  fieldMatchers,
  identityOverrideProcessor,
  numberOverrideProcessor,
  standardTransformers,
  standardTransformersRegistry,
  stringOverrideProcessor,
  thresholdsOverrideProcessor,
  transformDataFrame,
  unitOverrideProcessor,
  valueMappingsOverrideProcessor,
} from '@grafana/data';
import { firstValueFrom } from 'rxjs';
import { interpolate, Values } from './queries';
import { theme } from './scene';

const PROCESSORS: Record<string, any> = {
  color: identityOverrideProcessor,
  decimals: numberOverrideProcessor,
  description: stringOverrideProcessor,
  displayName: displayNameOverrideProcessor,
  filterable: booleanOverrideProcessor,
  links: dataLinksOverrideProcessor,
  mappings: valueMappingsOverrideProcessor,
  max: numberOverrideProcessor,
  min: numberOverrideProcessor,
  noValue: stringOverrideProcessor,
  thresholds: thresholdsOverrideProcessor,
  unit: unitOverrideProcessor,
};

// The panels' own defaults are in Grafana's core, which is no package.
const LINES = {
  axisPlacement: 'auto',
  drawStyle: 'line',
  fillOpacity: 0,
  gradientMode: 'none',
  hideFrom: { legend: false, tooltip: false, viz: false },
  lineInterpolation: 'linear',
  lineWidth: 1,
  pointSize: 5,
  scaleDistribution: { type: 'linear' },
  showPoints: 'auto',
  spanNulls: false,
  stacking: { group: 'A', mode: 'none' },
  thresholdsStyle: { mode: 'off' },
};

export function registerTransformations(): void {
  standardTransformersRegistry.setInit(() => {
    const known = new Map(Object.values(standardTransformers).map((one: any) => [one.id, one]));
    return [...known.values()].map((one: any) => ({ ...one, transformation: async () => one, editor: () => null }) as any);
  });
}

/** The panel's configuration of fields with what its kind presumes. */
export function withDefaults(panel: any): any {
  const given = panel.fieldConfig.defaults;
  const steps = [
    { color: 'green', value: -Infinity },
    { color: 'red', value: 80 },
  ];
  const isLines = panel.type === 'timeseries';
  const defaults = {
    mappings: [],
    thresholds: { mode: 'absolute', steps },
    color: { mode: isLines ? 'palette-classic' : 'thresholds' },
    ...given,
    custom: { ...(isLines ? LINES : {}), ...given.custom },
  };
  return { ...panel.fieldConfig, defaults };
}

export async function transformed(panel: any, frames: DataFrame[], values: Values): Promise<DataFrame[]> {
  const steps = structuredClone(panel.transformations ?? []);
  const context: any = { interpolate: (text: string) => interpolate(text, values) };
  return steps.length ? firstValueFrom(transformDataFrame(steps, frames, context)) : frames;
}

export function configured(fieldConfig: any, data: DataFrame[], values: Values): DataFrame[] {
  const made = applyFieldOverrides({
    data,
    fieldConfig,
    fieldConfigRegistry: registry(fieldConfig),
    replaceVariables: (text: string) => interpolate(text, values),
    theme,
    timeZone: 'browser',
  } as any);
  cacheFieldDisplayNames(made);
  return made;
}

/** The overrides that change no field of these frames, each as what it looks for. */
export function unmatched(fieldConfig: any, frames: DataFrame[]): string[] {
  return fieldConfig.overrides
    .filter(({ matcher }: any) => {
      const matches = fieldMatchers.get(matcher.id).get(matcher.options);
      return !frames.some((frame) => frame.fields.some((field) => matches(field, frame, frames)));
    })
    .map(({ matcher }: any) => String(matcher.options));
}

function registry(fieldConfig: any): FieldConfigOptionsRegistry {
  const set = fieldConfig.overrides.flatMap((override: any) => override.properties.map((property: any) => property.id));
  const custom = new Set([
    ...Object.keys(fieldConfig.defaults.custom),
    ...set.filter((id: string) => id.startsWith('custom.')).map((id: string) => id.slice('custom.'.length)),
  ]);
  const item = (id: string, path: string, process: any, isCustom: boolean) => ({
    id,
    path,
    name: id,
    process,
    isCustom,
    editor: () => null,
    override: () => null,
    shouldApply: () => true,
    getItemsCount: (value: any) => value?.length ?? 0,
  });
  return new FieldConfigOptionsRegistry(() => [
    ...Object.entries(PROCESSORS).map(([id, process]) => item(id, id, process, false)),
    ...[...custom].map((path) => item(`custom.${path}`, path, identityOverrideProcessor, true)),
  ] as any);
}
