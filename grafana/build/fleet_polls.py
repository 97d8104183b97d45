"""How polls of Z-API go, and whether the exporter keeps up."""

from collections.abc import Iterator, Mapping
from typing import Final

from grafana_foundation_sdk.builders import bargauge, table, timeseries
from grafana_foundation_sdk.models.dashboard import DynamicConfigValue

from grafana.build.looks import BAD, COLOURED_TEXT, GOOD, PLAIN, WARN, color_of, mapping, property_of
from grafana.build.panels import About, Column, Layout, bars, lines, merge, rows
from grafana.build.queries import FLEET, JOB

_LIMIT: Final[list[DynamicConfigValue]] = [
    color_of(BAD),
    property_of("custom.lineStyle", {"fill": "dash", "dash": [8, 8]}),
    property_of("custom.fillOpacity", 0),
]


def panels(words: Mapping[str, str]) -> Iterator[timeseries.Panel | bargauge.Panel | table.Panel]:
    yield from _failures(words)
    yield from _times()
    yield from _limits()
    yield _exporters()
    yield _sources()


def _failures(words: Mapping[str, str]) -> Iterator[timeseries.Panel | bargauge.Panel]:
    yield lines(
        About(
            title="Failed polls by reason",
            description="Polls that fail, of all instances of these jobs. One reason for all of them points at Z-API "
            "or the way there; a refused Client-Token or an unknown instance at a credential.",
            unit="reqps",
            empty="No failed poll is known",
            width=24,
            runbooks=("ZapiApiDown", "ZapiInstancePollsFailing"),
        ),
        {
            "{{outcome}}": f"sum by (outcome) (rate(zapi_exporter_polls_total{{{JOB}, outcome!="
            '"success"}[$__rate_interval])) > 0'
        },
        stacked=True,
        names=words,
    )
    yield bars(
        About(
            title="Instances that cannot be polled, by reason",
            description="Instances whose last poll failed, by the reason of that poll.",
            unit="none",
            empty="No failed poll is known",
            width=24,
            height=6,
            runbooks=("ZapiInstanceCredentialsRefused", "ZapiInstanceWrongInstance"),
        ),
        {"{{reason}}": f"sort_desc(count by (reason) (zapi_instance_poll_failure{{{FLEET}}}))"},
        PLAIN,
        overrides={reason: [property_of("displayName", text)] for reason, text in words.items()},
    )


def _times() -> Iterator[timeseries.Panel]:
    yield lines(
        About(
            title="Poll latency",
            description="How long polls take, name lookup to last byte: half of them, 95 % and 99 % take at most this.",
            unit="s",
            empty="No polls in this time",
            width=12,
            runbooks=("ZapiApiDown",),
        ),
        _quantiles("zapi_exporter_poll_duration_seconds"),
    )
    yield lines(
        About(
            title="Poll lateness",
            description="How long after its due time a poll begins. The mean is that of the exporter that is furthest "
            "behind, over 10 minutes; above the dashed line it alerts.",
            unit="s",
            empty="No polls in this time",
            width=12,
            runbooks=("ZapiExporterBehind",),
        ),
        {
            **_quantiles("zapi_exporter_poll_lateness_seconds"),
            "mean": f"max(job_instance:zapi_exporter_poll_lateness_seconds:mean10m{{{JOB}}} >= 0)",
            "alert above": "max(zapi:threshold:lateness_seconds)",
        },
        overrides={"alert above": _LIMIT},
    )


def _limits() -> Iterator[timeseries.Panel]:
    yield lines(
        About(
            title="Polls refused as too many",
            description="Share of the polls that Z-API refuses with rate_limited, over 10 minutes; above the dashed "
            "line it alerts.",
            unit="percentunit",
            empty="No polls in this time",
            width=8,
            runbooks=("ZapiRateLimited",),
        ),
        {
            "{{job}}": f"job:zapi_exporter_polls_rate_limited:ratio_rate10m{{{JOB}}}",
            "alert above": "max(zapi:threshold:rate_limited_ratio)",
        },
        overrides={"alert above": _LIMIT},
    )
    yield lines(
        About(
            title="Polls under way",
            description="Polls in flight when Prometheus scraped. Beyond polling.concurrency, others wait.",
            unit="none",
            empty="No exporter was scraped",
            width=8,
        ),
        {"in flight": f"sum(zapi_exporter_polls_in_flight{{{JOB}}})"},
    )
    yield lines(
        About(
            title="Fields that cannot be read",
            description="Optional fields of /me that came in no form the exporter knows. They give no values; should "
            "Z-API have changed them, please report it.",
            unit="cps",
            empty="No unreadable field is known",
            width=8,
        ),
        {
            "{{field}}": "sum by (field) "
            f"(rate(zapi_exporter_unreadable_fields_total{{{JOB}}}[$__rate_interval])) > 0"
        },
    )


def _exporters() -> table.Panel:
    about = About(
        title="Exporters",
        description="Every exporter that Prometheus scrapes, or did within the last hour.",
        unit="none",
        empty="Prometheus scrapes no exporter, or the recording rules are not loaded",
        width=24,
        height=7,
        runbooks=("ZapiExporterDown", "ZapiExporterTargetLost", "ZapiExporterReloadFailed"),
    )
    known = f"and on (job, instance) job_instance:zapi_exporter:known{{{JOB}}}"
    each = "by (job, instance)"
    queries = {
        "A": f"max {each} (up{{{JOB}}} {known})",
        "B": f"max by (job, instance, version, python_version) (zapi_exporter_build_info{{{JOB}}})",
        "C": f"max {each} (zapi_exporter_instances{{{JOB}}})",
        "D": f"max {each} (zapi_exporter_config_last_reload_successful{{{JOB}}})",
        "E": f"max {each} (1000 * zapi_exporter_config_last_reload_success_timestamp_seconds{{{JOB}}})",
        "F": f"max {each} (job_instance:zapi_exporter_poll_lateness_seconds:mean10m{{{JOB}}} >= 0)",
        "G": f"max {each} (process_resident_memory_bytes{{{JOB}}} {known})",
        "H": f"max {each} (rate(process_cpu_seconds_total{{{JOB}}}[$__rate_interval]) {known})",
    }
    scraped = mapping({"0": ("down", BAD), "1": ("up", GOOD)})
    reload = mapping({"0": ("refused", WARN), "1": ("in use", GOOD)})
    columns = (
        Column("job", "Job"),
        Column("instance", "Exporter"),
        Column("Value #A", "Scrapes", (COLOURED_TEXT, property_of("mappings", scraped))),
        Column("Value #C", "Instances"),
        Column(
            "Value #D", "Newest configuration", (COLOURED_TEXT, property_of("mappings", reload)), width=150
        ),
        Column("Value #E", "Loaded", (property_of("unit", "dateTimeAsIso"),)),
        Column("Value #F", "Late on average", (property_of("unit", "s"),)),
        Column("Value #G", "Memory", (property_of("unit", "bytes"),)),
        Column("Value #H", "CPU", (property_of("unit", "percentunit"), property_of("decimals", 1))),
        Column("version", "Version"),
        Column("python_version", "Python"),
    )
    return rows(about, queries, Layout(columns, ("Time", "Value #B"), first=[merge()]))


def _sources() -> table.Panel:
    about = About(
        title="Where instances come from",
        description="The configuration, files and accounts. One that cannot be read keeps the instances of its last "
        "good reading.",
        unit="none",
        empty="No exporter says where its instances come from",
        width=24,
        height=6,
        runbooks=("ZapiInstanceSourceFailing",),
    )
    each = "by (job, source)"
    queries = {
        "A": f"min {each} (zapi_exporter_instance_source_up{{{JOB}}})",
        "B": f"max {each} (zapi_exporter_instance_source_instances{{{JOB}}})",
        "C": f"min {each} (1000 * zapi_exporter_instance_source_last_success_timestamp_seconds{{{JOB}}})",
    }
    reading = mapping({"0": ("failing", WARN), "1": ("good", GOOD)})
    columns = (
        Column("job", "Job"),
        Column("source", "Source"),
        Column("Value #A", "Last reading", (COLOURED_TEXT, property_of("mappings", reading))),
        Column("Value #B", "Instances"),
        Column("Value #C", "Last good reading", (property_of("unit", "dateTimeAsIso"),)),
    )
    return rows(about, queries, Layout(columns, ("Time",), first=[merge()]))


def _quantiles(histogram: str) -> dict[str, str]:
    buckets = f"sum by (le) (rate({histogram}_bucket{{{JOB}}}[$__rate_interval]))"
    return {
        legend: f"histogram_quantile({quantile}, {buckets}) >= 0"  # NaN, which empties the whole panel, where none was
        for legend, quantile in (("50 %", 0.5), ("95 %", 0.95), ("99 %", 0.99))
    }
