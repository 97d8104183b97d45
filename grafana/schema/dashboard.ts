// What a dashboard of this project may hold: Grafana's own types, put together so that every panel is held to the
// options of its kind. Queries and transformations are typed by plugins that publish no package; those used are here.
import type * as Bargauge from './node_modules/@grafana/schema/dist/types/raw/composable/bargauge/panelcfg/x/types.gen';
import type * as Stat from './node_modules/@grafana/schema/dist/types/raw/composable/stat/panelcfg/x/types.gen';
import type * as Statetimeline from './node_modules/@grafana/schema/dist/types/raw/composable/statetimeline/panelcfg/x/types.gen';
import type * as Timeseries from './node_modules/@grafana/schema/dist/types/raw/composable/timeseries/panelcfg/x/types.gen';
import type * as Grafana from './node_modules/@grafana/schema/dist/types/raw/dashboard/x/types.gen';
import type { TableFieldOptions, TableOptions } from './node_modules/@grafana/schema/dist/types/common/common.gen';

// Grafana fills in what is left out.
type Sparse<T> = T extends (infer Item)[] ? Item[] : T extends object ? { [Key in keyof T]?: Sparse<T[Key]> } : T;

export interface Datasource {
  type: 'prometheus' | 'grafana';
  uid: string;
}

export interface Query {
  refId: string;
  datasource: Datasource;
  expr: string;
  instant?: boolean;
  range?: boolean;
  format?: 'time_series' | 'table';
  legendFormat?: string;
}

export type Transformation =
  | { id: 'merge'; options: Record<string, never> }
  | { id: 'convertFieldType'; options: { conversions: { targetField: string; destinationType: 'number' }[]; fields: Record<string, never> } }
  | { id: 'labelsToFields'; options: { mode: 'rows' | 'columns'; keepLabels?: string[] } }
  | { id: 'groupingToMatrix'; options: { rowField: string; columnField: string; valueField: string; emptyValue?: 'null' | 'empty' } }
  | {
      id: 'organize';
      options: {
        excludeByName?: Record<string, boolean>;
        indexByName?: Record<string, number>;
        renameByName?: Record<string, string>;
      };
    };

export interface DataLink {
  title: string;
  url: string;
  targetBlank?: boolean;
}

export interface Defaults<Custom> extends Omit<Grafana.FieldConfig, 'custom' | 'links'> {
  links?: DataLink[];
  custom?: Custom;
}

// What an override sets has the type of the same key in `defaults`: the test puts it there and checks again.
export interface FieldConfig<Custom> {
  defaults: Defaults<Custom>;
  overrides: {
    matcher: { id: 'byName' | 'byRegexp'; options: string };
    properties: { id: string; value: unknown }[];
  }[];
}

export interface PanelOf<Type extends string, Options, Custom>
  extends Omit<Grafana.Panel, 'type' | 'datasource' | 'fieldConfig' | 'options' | 'targets' | 'transformations'> {
  type: Type;
  datasource: Datasource;
  fieldConfig: FieldConfig<Custom>;
  options: Options;
  targets: Query[];
  transformations?: Transformation[];
}

export type Panel =
  | PanelOf<'bargauge', Sparse<Bargauge.Options>, Record<string, never>>
  | PanelOf<'stat', Sparse<Stat.Options>, Record<string, never>>
  | PanelOf<'state-timeline', Sparse<Statetimeline.Options>, Sparse<Statetimeline.FieldConfig>>
  | PanelOf<'table', Sparse<TableOptions>, Sparse<TableFieldOptions>>
  | PanelOf<'timeseries', Sparse<Timeseries.Options>, Sparse<Timeseries.FieldConfig>>;

export interface Row extends Omit<Grafana.RowPanel, 'panels'> {
  panels: Panel[];
}

export interface Annotation extends Omit<Grafana.AnnotationQuery, 'datasource' | 'target'> {
  datasource: Datasource;
  target?: Query | Grafana.AnnotationTarget;
  expr?: string;
  step?: string;
  titleFormat?: string;
  textFormat?: string;
  tagKeys?: string;
  useValueForTime?: boolean;
}

export interface VariableQuery {
  query: string;
  qryType: 0 | 1;
  refId: string;
}

export interface Variable extends Omit<Grafana.VariableModel, 'datasource' | 'query'> {
  datasource?: Datasource;
  query?: string | VariableQuery;
}

export interface Dashboard extends Omit<Grafana.Dashboard, 'annotations' | 'panels' | 'templating'> {
  annotations: { list: Annotation[] };
  panels: (Panel | Row)[];
  templating: { list: Variable[] };
}
