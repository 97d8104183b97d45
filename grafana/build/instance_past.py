"""How one instance was over time."""

from collections.abc import Iterator, Mapping

from grafana_foundation_sdk.builders import statetimeline, timeseries

from grafana.build.fleet_subscription import DAY
from grafana.build.fleet_webhooks import WEBHOOK
from grafana.build.looks import BAD, GOOD, UNKNOWN, WARN, color_of, mapping, property_of
from grafana.build.panels import About, lines, states
from grafana.build.queries import ONE, ONE_ALERTS, firing, webhook_state


def states_over_time(words: Mapping[str, str]) -> Iterator[statetimeline.Panel]:
    yield states(
        About(
            title="State",
            description="Whether the instance was connected, polled, paid and had the webhooks it should have. No "
            "colour: nothing was known.",
            unit="none",
            empty="Nothing was known in this time",
            width=24,
            height=7,
            runbooks=("ZapiInstanceDisconnected",),
        ),
        {
            "is connected": f"max(zapi_instance_connected{{{ONE}}})",
            "last poll succeeded": f"max(zapi_instance_up{{{ONE}}})",
            "is paid": f"max(zapi_instance_paid{{{ONE}}})",
            "webhooks as expected": f"min(zapi_instance_webhook_as_expected{{{ONE}}})",
            "phone is online": f"min(zapi_instance_phone_online{{{ONE}}})",
        },
        mapping({"0": ("no", BAD), "1": ("yes", GOOD)}),
    )
    yield states(
        About(
            title="Alerts",
            description="Alerts of this instance while they were pending and firing.",
            unit="none",
            empty="No alert is known in this time",
            width=12,
        ),
        {
            "{{alertname}}": f"max by (alertname) (2 * {firing(ONE_ALERTS)}"
            f' or ignoring (alertstate) ALERTS{{alertstate="pending", {ONE_ALERTS}}})'
        },
        mapping({"1": ("pending", WARN), "2": ("firing", BAD)}),
    )
    yield states(
        About(
            title="Failed polls by reason",
            description="While polls of this instance failed, and why.",
            unit="none",
            empty="No failed poll is known in this time",
            width=12,
            runbooks=("ZapiInstancePollsFailing",),
        ),
        {"{{reason}}": f"max by (reason) (zapi_instance_poll_failure{{{ONE}}})"},
        mapping({"1": ("failing", BAD)}),
        names=words,
    )
    yield states(
        About(
            title="Webhooks over time",
            description="The state of each webhook; the words are those of the table above.",
            unit="none",
            empty="Nothing was known in this time",
            width=24,
            height=9,
            runbooks=("ZapiInstanceWebhookMissing",),
        ),
        {"{{webhook}}": f"max by (webhook) ({webhook_state(ONE)})"},
        mapping({**WEBHOOK, "0": ("not set", UNKNOWN)}),
    )


def numbers_over_time() -> Iterator[timeseries.Panel]:
    yield lines(
        About(
            title="Days left",
            description="Days until the subscription ends; they jump up when it is renewed. Below the dashed line it "
            "alerts.",
            unit="none",
            empty="No due date was known in this time",
            width=12,
            runbooks=("ZapiInstanceExpiringSoon",),
        ),
        {
            "days left": f"min(zapi_instance_until_due_seconds{{{ONE}}}) / {DAY}",
            "alert below": (
                'max(max(zapi_instance:threshold:expiring_soon_seconds{name="$name"})'
                f" or max(zapi:threshold:expiring_soon_seconds)) / {DAY}"
            ),
        },
        overrides={
            "alert below": [color_of(BAD), property_of("custom.lineStyle", {"fill": "dash", "dash": [8, 8]})]
        },
    )
    yield lines(
        About(
            title="Disconnects",
            description="Connections lost in each interval, as seen by polls.",
            unit="none",
            empty="The instance was not polled in this time",
            width=12,
            runbooks=("ZapiInstanceFlapping",),
        ),
        {"disconnects": f"round(max(increase(zapi_instance_disconnects_total{{{ONE}}}[$__rate_interval])))"},
    )
    yield lines(
        About(
            title="Poll duration",
            description="How long the last poll took, name lookup to last byte.",
            unit="s",
            empty="The instance was not polled in this time",
            width=12,
        ),
        {"last poll": f"max(zapi_instance_last_poll_duration_seconds{{{ONE}}})"},
    )
    yield lines(
        About(
            title="Polls",
            description="Polls of the instance that ended, and those of them that failed.",
            unit="reqps",
            empty="The instance was not polled in this time",
            width=12,
            runbooks=("ZapiInstancePollsFailing",),
        ),
        {
            "polls": f"max(rate(zapi_instance_polls_total{{{ONE}}}[$__rate_interval]))",
            "failed": f"max(rate(zapi_instance_poll_failures_total{{{ONE}}}[$__rate_interval]))",
        },
        overrides={"failed": [color_of(BAD)]},
    )
