"""Connection over time, of the instances that lacked it most and of all together."""

from collections.abc import Iterator
from typing import Final

from grafana_foundation_sdk.builders import bargauge, statetimeline, timeseries

from grafana.build.links import instance_of_series
from grafana.build.looks import BAD, GOOD, PLAIN, UNKNOWN, color_of, mapping
from grafana.build.panels import About, bars, lines, states
from grafana.build.queries import FLEET, connection, disconnects, unknown

CONNECTION: Final = {
    "0": ("disconnected", BAD),
    "1": ("connected", GOOD),
    "2": ("nothing known", UNKNOWN),
}
"""The values of :func:`~grafana.build.queries.connection`."""


def panels() -> Iterator[statetimeline.Panel | timeseries.Panel | bargauge.Panel]:
    yield states(
        About(
            title="Connected over time: the $rows least connected",
            description="Each row is an instance; those that were connected for the smallest share of the time shown "
            "come first to be chosen. Grey: polls failed for so long that nothing is known. Click a row for the "
            "instance.",
            unit="none",
            empty="No instance was polled in this time",
            width=24,
            height=12,
            runbooks=("ZapiInstanceDisconnected", "ZapiManyInstancesDisconnected"),
        ),
        {"{{name}}": connection(FLEET, _least_connected())},
        mapping(CONNECTION),
        links=[instance_of_series()],
    ).max_data_points(300)
    yield lines(
        About(
            title="Instances by state",
            description="How many instances are connected, are not, and of how many nothing is known.",
            unit="none",
            empty="No instance was polled in this time",
            width=12,
            runbooks=("ZapiManyInstancesDisconnected",),
        ),
        {
            "Disconnected": f"sum(1 - zapi_instance_connected{{{FLEET}}})",
            "Nothing known": unknown(FLEET),
            "Connected": f"sum(zapi_instance_connected{{{FLEET}}})",
        },
        stacked=True,
        overrides={
            "Disconnected": [color_of(BAD)],
            "Nothing known": [color_of(UNKNOWN)],
            "Connected": [color_of(GOOD)],
        },
    )
    yield bars(
        About(
            title="Lost the connection most often",
            description="How often each of the ten worst instances went from connected to disconnected in the time "
            "shown, as seen by polls.",
            unit="none",
            empty="No lost connection is known",
            width=12,
            runbooks=("ZapiInstanceFlapping",),
        ),
        {"{{name}}": f"topk(10, {disconnects(FLEET)} > 0)"},
        PLAIN,
    )


def _least_connected() -> str:
    """Chosen once, at the end of the time shown: the rows stay the same from left to right."""
    absent = f"0 * max by (job, name) (max_over_time(zapi_instance_up{{{FLEET}}}[$__range] @ end()))"
    share = f"max by (job, name) (avg_over_time(zapi_instance_connected{{{FLEET}}}[$__range] @ end()))"
    return f"bottomk($rows, {share} or {absent})"
