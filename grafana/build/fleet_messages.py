"""What the collectors tell: phones, sessions, and messages that wait. Grey where none is asked."""

from collections.abc import Iterator
from typing import Final

from grafana_foundation_sdk.builders import bargauge, stat, timeseries

from grafana.build.looks import BAD, GOOD, NONE_IS_FINE, NONE_IS_GOOD, PLAIN, UNKNOWN, WARN, color_of
from grafana.build.panels import About, bars, lines, number
from grafana.build.queries import FLEET, oldest_message

NOT_ASKED: Final = "not asked"
ASK_STATUS: Final = "Not asked: no instance has the collector status, see collect in the configuration."
ASK_QUEUE: Final = "Not asked: no instance has the collector queue, see collect in the configuration."
AGES: Final = ((None, UNKNOWN), (0, GOOD), (600, WARN), (3600, BAD))
"""Seconds that the oldest message may wait: a healthy queue sends one every few seconds."""


def panels() -> Iterator[stat.Panel | timeseries.Panel | bargauge.Panel]:
    yield from _tiles()
    yield from _worst()
    yield from _over_time()


def _tiles() -> Iterator[stat.Panel]:
    yield number(
        _tile(
            "Phones offline",
            "Instances whose phone is offline. WhatsApp unlinks a phone that stays so for 14 days. "
            + ASK_STATUS,
            "ZapiInstancePhoneOffline",
        ),
        f"sum(zapi_instance_phone_online{{{FLEET}}} == bool 0)",
        NONE_IS_FINE,
    )
    yield number(
        _tile(
            "Sessions to restore",
            "Instances whose session only has to be restored: the phone is not needed. " + ASK_STATUS,
            "ZapiInstanceSessionLost",
        ),
        f'sum(zapi_instance_session{{{FLEET}, session="restorable"}})',
        NONE_IS_GOOD,
    )
    yield number(
        _tile(
            "QR codes to scan",
            "Instances whose QR code has to be scanned again. " + ASK_STATUS,
            "ZapiInstanceDisconnected",
        ),
        f'sum(zapi_instance_session{{{FLEET}, session="disconnected"}})',
        NONE_IS_GOOD,
    )
    yield number(
        _tile(
            "Messages waiting",
            "Messages of all instances that wait to be sent. " + ASK_QUEUE,
            "ZapiInstanceQueueStuck",
        ),
        f"sum(zapi_instance_queue_messages{{{FLEET}}})",
        PLAIN,
    )
    yield number(
        _tile(
            "Oldest message",
            "How long the oldest message of a connected instance has waited. " + ASK_QUEUE,
            "ZapiInstanceQueueStuck",
            "s",
        ),
        f"max({_oldest_of_connected()}) or 0 * max(zapi_instance_queue_messages{{{FLEET}}})",
        AGES,
    )
    yield number(
        _tile(
            "Collectors failing",
            "Collectors whose last request failed, of all instances. Not asked: no instance has collectors, see "
            "collect in the configuration.",
            "ZapiInstancePollsFailing",
        ),
        f"sum(zapi_instance_collector_up{{{FLEET}}} == bool 0)",
        NONE_IS_FINE,
    )


def _worst() -> Iterator[bargauge.Panel]:
    yield bars(
        About(
            title="Longest queues",
            description="Messages that wait to be sent, of the ten instances with the most. Z-API keeps 1,000 of a "
            "disconnected number and refuses more. " + ASK_QUEUE,
            unit="none",
            empty="No message waits, or queues are not asked for",
            width=12,
            runbooks=("ZapiInstanceQueueFull",),
        ),
        {"{{name}}": f"topk(10, max by (job, name) (zapi_instance_queue_messages{{{FLEET}}}) > 0)"},
        PLAIN,
    )
    yield bars(
        About(
            title="Oldest messages",
            description="How long the oldest message has waited, of the ten instances where it is oldest. Of a "
            "disconnected number it is bound to wait. " + ASK_QUEUE,
            unit="s",
            empty="No message waits, or queues are not asked for",
            width=12,
            runbooks=("ZapiInstanceQueueStuck",),
        ),
        {"{{name}}": f"topk(10, max by (job, name) ({oldest_message(FLEET)}))"},
        AGES,
    )


def _over_time() -> Iterator[timeseries.Panel]:
    yield lines(
        About(
            title="Phones and sessions over time",
            description="How many phones were offline, and how many sessions were lost. " + ASK_STATUS,
            unit="none",
            empty="Phones and sessions were not asked for in this time",
            width=12,
            runbooks=("ZapiInstancePhoneOffline", "ZapiInstanceSessionLost"),
        ),
        {
            "Phone offline": f"sum(zapi_instance_phone_online{{{FLEET}}} == bool 0)",
            "To restore": f'sum(zapi_instance_session{{{FLEET}, session="restorable"}})',
            "To scan": f'sum(zapi_instance_session{{{FLEET}, session="disconnected"}})',
        },
        overrides={
            "Phone offline": [color_of(UNKNOWN)],
            "To restore": [color_of(WARN)],
            "To scan": [color_of(BAD)],
        },
    )
    yield lines(
        About(
            title="Messages waiting over time",
            description="Messages that wait to be sent, of all instances and of the longest queue. "
            + ASK_QUEUE,
            unit="none",
            empty="Queues were not asked for in this time",
            width=12,
            runbooks=("ZapiInstanceQueueStuck", "ZapiInstanceQueueFull"),
        ),
        {
            "all": f"sum(zapi_instance_queue_messages{{{FLEET}}})",
            "longest queue": f"max(zapi_instance_queue_messages{{{FLEET}}})",
        },
    )


def _oldest_of_connected() -> str:
    return f"{oldest_message(FLEET)} and zapi_instance_connected{{{FLEET}}} == 1"


def _tile(title: str, description: str, runbook: str, unit: str = "none") -> About:
    return About(title, description, unit, NOT_ASKED, width=4, height=3, runbooks=(runbook,))
