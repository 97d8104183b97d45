"""What the collectors tell of one instance. Grey where it is not asked."""

from collections.abc import Iterator

from grafana_foundation_sdk.builders import stat, timeseries

from grafana.build.fleet_messages import AGES, NOT_ASKED
from grafana.build.looks import BAD, GOOD, PLAIN, UNKNOWN, WARN, color_of, mapping, property_of
from grafana.build.panels import About, lines, number, word
from grafana.build.queries import ONE, oldest_message


def panels() -> Iterator[stat.Panel | timeseries.Panel]:
    yield from _now()
    yield from _over_time()


def _now() -> Iterator[stat.Panel]:
    yield number(
        _tile(
            "Phone",
            "Whether the phone itself is online. WhatsApp unlinks one that stays offline for 14 days. Not asked: "
            "the instance does not have the collector status.",
            "ZapiInstancePhoneOffline",
        ),
        f"max(zapi_instance_phone_online{{{ONE}}})",
        ((None, UNKNOWN), (0, WARN), (1, GOOD)),
        mappings=mapping({"0": ("offline", WARN), "1": ("online", GOOD)}),
    )
    yield word(
        _tile(
            "Session",
            "Whether the session has to be restored, or the QR code to be scanned. Not asked: the instance does not "
            "have the collector status.",
            "ZapiInstanceSessionLost",
        ),
        f"max by (session) (zapi_instance_session{{{ONE}}} == 1)",
        "session",
        mapping(
            {
                "connected": ("connected", GOOD),
                "restorable": ("restore the session", BAD),
                "disconnected": ("scan the QR code", BAD),
                "unknown": ("not connected", BAD),
            }
        ),
    )
    yield number(
        _tile(
            "Messages waiting",
            "Messages that wait to be sent. Not asked: the instance does not have the collector queue.",
            "ZapiInstanceQueueFull",
        ),
        f"max(zapi_instance_queue_messages{{{ONE}}})",
        PLAIN,
    )
    yield number(
        _tile(
            "Oldest message",
            "How long the oldest message has waited. Not asked: the instance does not have the collector queue.",
            "ZapiInstanceQueueStuck",
            "s",
        ),
        f"max({oldest_message(ONE)}) or 0 * (max(zapi_instance_queue_messages{{{ONE}}}) == 0)",
        AGES,
    )


def _over_time() -> Iterator[timeseries.Panel]:
    yield lines(
        About(
            title="Messages waiting over time",
            description="Messages that wait to be sent. Of a disconnected number Z-API keeps 1,000 and refuses more.",
            unit="none",
            empty="The queue was not asked for in this time",
            width=12,
            runbooks=("ZapiInstanceQueueFull",),
        ),
        {"messages": f"max(zapi_instance_queue_messages{{{ONE}}})"},
    )
    yield lines(
        About(
            title="Oldest message over time",
            description="How long the oldest message had waited. A line that climbs is a queue that does not move. "
            "Above the dashed line it alerts while the number is connected.",
            unit="s",
            empty="No message waited in this time, or the queue was not asked for",
            width=12,
            runbooks=("ZapiInstanceQueueStuck",),
        ),
        {
            "oldest message": f"max({oldest_message(ONE)}) or 0 * (max(zapi_instance_queue_messages{{{ONE}}}) == 0)",
            "alert above": '(max(zapi_instance:threshold:queue_stuck_seconds{name="$name"})'
            " or max(zapi:threshold:queue_stuck_seconds))"
            f" and on () count(zapi_instance_queue_messages{{{ONE}}})",
        },
        overrides={
            "alert above": [color_of(BAD), property_of("custom.lineStyle", {"fill": "dash", "dash": [8, 8]})]
        },
    )


def _tile(title: str, description: str, runbook: str, unit: str = "none") -> About:
    return About(title, description, unit, NOT_ASKED, width=6, height=3, runbooks=(runbook,))
