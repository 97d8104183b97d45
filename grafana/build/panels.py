"""The kinds of panel that the dashboards are made of, each with the settings that all of its kind share."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from grafana_foundation_sdk.builders import bargauge, prometheus, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.builders.common import (
    ReduceDataOptions,
    StackingConfig,
    TableSortByFieldState,
    VizLegendOptions,
    VizTextDisplayOptions,
    VizTooltipOptions,
)
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.common import (
    BarGaugeDisplayMode,
    BarGaugeNamePlacement,
    BarGaugeSizing,
    BigValueColorMode,
    BigValueGraphMode,
    BigValueTextMode,
    LegendDisplayMode,
    LegendPlacement,
    SortOrder,
    StackingMode,
    TooltipDisplayMode,
    VisibilityMode,
    VizOrientation,
)
from grafana_foundation_sdk.models.dashboard import DataTransformerConfig, DynamicConfigValue, ValueMapping
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from grafana.build.links import runbook
from grafana.build.looks import UNKNOWN, WRAPPED, Steps, by_threshold, property_of, thresholds, when_unknown
from grafana.build.variables import DATASOURCE


@dataclass(frozen=True, slots=True)
class About:
    """What every panel says of itself.

    ``empty`` is what stands there where the query gives nothing. ``width`` is in 24ths of the screen, ``height`` in
    Grafana's rows. ``runbooks`` names the alerts that belong to it.
    """

    title: str
    description: str
    unit: str
    empty: str
    width: int
    height: int = 8
    runbooks: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: the ``field`` that the query gives, and how it looks.

    A column that is not ``shown`` is there for links to read.
    """

    field: str
    title: str
    properties: Sequence[DynamicConfigValue] = ()
    width: int | None = None
    shown: bool = True


@dataclass(frozen=True, slots=True)
class Layout:
    """What happens to the rows of a table: how queries are put together, which columns are left out."""

    columns: Sequence[Column]
    hidden: Sequence[str] = ()
    first: Sequence[DataTransformerConfig] = ()
    sort: Sequence[tuple[str, bool]] = field(default_factory=tuple)
    """Titles of columns, and whether the highest comes first."""


def number(
    about: About,
    query: str,
    steps: Steps,
    *,
    mappings: Sequence[ValueMapping] = (),
    decimals: int | None = None,
    name: str | None = None,
) -> stat.Panel:
    """One number as it is now; grey and in words where there is none.

    With a ``name``, the legend of its series is shown in its place, in the number's colour.
    """
    target = prometheus.Dataquery().ref_id("A").datasource(DATASOURCE).expr(query).instant()
    panel = (
        stat.Panel()
        .with_target(target.legend_format(name or about.title))
        .color_mode(BigValueColorMode.BACKGROUND_SOLID)
        .graph_mode(BigValueGraphMode.NONE)
        .text_mode(BigValueTextMode.NAME if name else BigValueTextMode.VALUE)
        .reduce_options(ReduceDataOptions().calcs(["lastNotNull"]))
        .color_scheme(by_threshold())
        .thresholds(thresholds(steps))
        .mappings([*mappings, when_unknown(about.empty)])
    )
    _describe(panel, about)
    return panel if decimals is None else panel.decimals(decimals)


def word(
    about: About, query: str, label: str, mappings: Sequence[ValueMapping], *, size: int | None = None
) -> stat.Panel:
    """The value of a label, as a word: as large as fits, or of ``size`` pixels for sentences, which are cut else."""
    target = prometheus.Dataquery().ref_id("A").datasource(DATASOURCE).expr(query).instant()
    panel = (
        stat.Panel()
        .with_target(target.format(PromQueryFormat.TABLE))
        .color_mode(BigValueColorMode.BACKGROUND_SOLID)
        .graph_mode(BigValueGraphMode.NONE)
        .text_mode(BigValueTextMode.VALUE)
        .reduce_options(ReduceDataOptions().calcs(["lastNotNull"]).fields(f"/^{label}$/"))
        .color_scheme(by_threshold())
        .thresholds(thresholds(((None, UNKNOWN),)))
        .mappings([*mappings, when_unknown(about.empty)])
    )
    if size is not None:
        panel.text(VizTextDisplayOptions().value_size(size))
    _describe(panel, about)
    return panel


def bars(
    about: About,
    queries: Mapping[str, str],
    steps: Steps,
    *,
    highest: float | None = None,
    overrides: Mapping[str, Sequence[DynamicConfigValue]] | None = None,
    mappings: Sequence[ValueMapping] = (),
) -> bargauge.Panel:
    """Bars as long as their numbers now. ``queries``: legend → PromQL."""
    panel = (
        bargauge.Panel()
        .targets(_targets(queries, instant=True))
        .display_mode(BarGaugeDisplayMode.BASIC)
        .name_placement(BarGaugeNamePlacement.LEFT)
        .sizing(BarGaugeSizing.MANUAL)
        .min_viz_height(34)
        .max_viz_height(34)
        .text(VizTextDisplayOptions().title_size(12).value_size(16))
        .orientation(VizOrientation.HORIZONTAL)
        .reduce_options(ReduceDataOptions().calcs(["lastNotNull"]))
        .color_scheme(by_threshold())
        .thresholds(thresholds(steps))
        .mappings(list(mappings))
        .min(0)
    )
    for name, properties in (overrides or {}).items():
        panel.override_by_name(name, list(properties))
    _describe(panel, about)
    return panel if highest is None else panel.max(highest)


def states(
    about: About,
    queries: Mapping[str, str],
    mappings: Sequence[ValueMapping],
    *,
    links: Sequence[object] = (),
    names: Mapping[str, str] | None = None,
) -> statetimeline.Panel:
    """A row for each series, coloured by its value over time. ``names``: legend → what is shown in its place."""
    panel = (
        statetimeline.Panel()
        .targets(_targets(queries))
        .mappings(list(mappings))
        .color_scheme(by_threshold())
        .thresholds(thresholds(((None, "text"),)))
        .legend(VizLegendOptions().show_legend(False))
        .tooltip(VizTooltipOptions().mode(TooltipDisplayMode.SINGLE))
        .show_value(VisibilityMode.NEVER)
        .row_height(0.85)
        .merge_values(True)
        .per_page(25)
    )
    for legend, name in (names or {}).items():
        panel.override_by_name(legend, [property_of("displayName", name)])
    if links:
        panel.override_by_regexp("/.*/", [property_of("links", list(links))])
    _describe(panel, about)
    return panel


def lines(
    about: About,
    queries: Mapping[str, str],
    *,
    stacked: bool = False,
    overrides: Mapping[str, Sequence[DynamicConfigValue]] | None = None,
    names: Mapping[str, str] | None = None,
) -> timeseries.Panel:
    """Lines over time. ``queries``: legend → PromQL. ``names``: legend → what is shown in its place."""
    legend = VizLegendOptions().show_legend(True).display_mode(LegendDisplayMode.LIST)
    tooltip = VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING)
    panel = (
        timeseries.Panel()
        .targets(_targets(queries))
        .legend(legend.placement(LegendPlacement.BOTTOM).calcs([]))
        .tooltip(tooltip)
        .fill_opacity(60 if stacked else 5)
        .line_width(1)
        .show_points(VisibilityMode.AUTO)
        .axis_soft_min(0)
    )
    if stacked:
        panel.stacking(StackingConfig().mode(StackingMode.NORMAL).group("A"))
    for legend_of_query, name in (names or {}).items():
        panel.override_by_name(legend_of_query, [property_of("displayName", name)])
    for name, properties in (overrides or {}).items():
        panel.override_by_name(name, list(properties))
    _describe(panel, about)
    return panel


def rows(
    about: About,
    queries: Mapping[str, str],
    layout: Layout,
    *,
    query_format: PromQueryFormat = PromQueryFormat.TABLE,
) -> table.Panel:
    """A table of what the queries give now. ``queries``: ref id → PromQL."""
    # However many labels the instances have: columns share the width of the panel, and texts wrap.
    panel = table.Panel().filterable(True).min_width(70)
    # An empty cell is not an empty table: it does not say what that says.
    panel.override_by_regexp("/.*/", [property_of("noValue", "-"), *WRAPPED])
    for ref, query in queries.items():
        panel.with_target(
            prometheus.Dataquery()
            .ref_id(ref)
            .datasource(DATASOURCE)
            .expr(query)
            .instant()
            .format(query_format)
        )
    for transformation in layout.first:
        panel.with_transformation(transformation)
    panel.with_transformation(_organize(layout))
    panel.sort_by([TableSortByFieldState().display_name(name).desc(desc) for name, desc in layout.sort])
    for column in layout.columns:
        panel.override_by_name(column.field, list(_properties(column)))
    _describe(panel, about)
    return panel


def merge() -> DataTransformerConfig:
    return DataTransformerConfig(id_val="merge", options={})


def matrix(row: str, column: str) -> DataTransformerConfig:
    """A row and a column for each value of the two labels."""
    options = {"rowField": row, "columnField": column, "valueField": "Value", "emptyValue": "null"}
    return DataTransformerConfig(id_val="groupingToMatrix", options=options)


def labels_as_rows() -> DataTransformerConfig:
    """A row for each label of a series: its name and its value."""
    return DataTransformerConfig(id_val="labelsToFields", options={"mode": "rows"})


def _organize(layout: Layout) -> DataTransformerConfig:
    hidden = dict.fromkeys(layout.hidden, True)
    order = {column.field: position for position, column in enumerate(layout.columns)}
    options = {"excludeByName": hidden, "indexByName": order, "renameByName": {}}
    return DataTransformerConfig(id_val="organize", options=options)


def _properties(column: Column) -> Iterable[DynamicConfigValue]:
    yield property_of("displayName", column.title)
    if not column.shown:
        yield property_of("custom.hideFrom", {"viz": True, "legend": False, "tooltip": False})
    if column.width is not None:
        yield property_of("custom.width", column.width)
    yield from column.properties


def _targets(queries: Mapping[str, str], *, instant: bool = False) -> list[Builder[Dataquery]]:
    built: list[Builder[Dataquery]] = []
    for number_of_query, (legend, query) in enumerate(queries.items()):
        ref = chr(ord("A") + number_of_query)
        target = prometheus.Dataquery().ref_id(ref).datasource(DATASOURCE).expr(query).legend_format(legend)
        built.append(target.instant() if instant else target.range())
    return built


_Panel = stat.Panel | bargauge.Panel | statetimeline.Panel | timeseries.Panel | table.Panel


def _describe(panel: _Panel, about: About) -> None:
    panel.title(about.title).description(about.description).datasource(DATASOURCE)
    panel.unit(about.unit).no_value(about.empty).span(about.width).height(about.height)
    panel.links([runbook(alert) for alert in about.runbooks])
