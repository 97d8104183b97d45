"""Every metric of every instance, over HTTPS, against what the simulated Z-API holds."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from exporter.demo.instances import DOCUMENTED_WEBHOOKS
from exporter.demo.scenario import Role, ScenarioInstance, build_scenario
from exporter.metrics.instance_metrics import INSTANCE_METRICS, UNTIL_DUE
from exporter.model.clock import SystemClock
from exporter.model.me_fields import WEBHOOK_FILTERS
from exporter.model.poll_result import Collector, Session
from exporter.model.secret import Secret
from harness.processes import eventually, exporter
from simulator.forms import CreatedForm, Forms, random_forms
from tests.builders import some_polling
from tests.system.upstream import upstream

Labels = frozenset[tuple[str, str]]
STEADY = set(Role) - {Role.SLOW, Role.FLAPPING, Role.TOKEN_REVOKED, Role.SERVER_ERRORS, Role.RATE_LIMITED}
"""Roles of instances that are polled with success and do not change."""

WITHOUT_CREATED = (CreatedForm.ABSENT, CreatedForm.EMPTY)
VARYING = (
    "zapi_instance_poll_failure",
    "zapi_instance_last_poll_timestamp_seconds",
    "zapi_instance_last_success_timestamp_seconds",
    "zapi_instance_last_connected_timestamp_seconds",
    "zapi_instance_last_poll_duration_seconds",
    "zapi_instance_polls_total",
)
"""Metrics of an instance that say what the exporter did and not what it read."""


@dataclass(frozen=True)
class Scraped:
    """Samples by metric and labels; polls began after ``began``; ``at`` ends the scrape, which took ``took`` s."""

    samples: Mapping[str, Mapping[Labels, float]]
    began: float
    at: float
    took: float


def with_all_webhooks(member: ScenarioInstance) -> ScenarioInstance:
    """The first of the cast also has the webhooks that only some instances have."""
    url = "https://hooks.example.com/all"
    webhooks = {**member.simulated.webhooks, "received_status": url, "received_and_delivery": url}
    return replace(member, simulated=replace(member.simulated, webhooks=webhooks))


@pytest.fixture(scope="module")
def members() -> list[ScenarioInstance]:
    """Instances whose ``/me`` comes in every form."""
    rng = random.Random("forms")
    first, *others = (
        replace(member, simulated=replace(member.simulated, change=random_forms(rng)))
        for member in build_scenario(90, SystemClock().time())
        if member.role in STEADY
    )
    return [with_all_webhooks(first), *others]


def forms_of(member: ScenarioInstance) -> Forms:
    assert isinstance(member.simulated.change, Forms)
    return member.simulated.change


@pytest.fixture(scope="module")
def scraped(members: list[ScenarioInstance], tmp_path_factory: pytest.TempPathFactory) -> Scraped:
    directory, clock = tmp_path_factory.mktemp("values"), SystemClock()
    began = clock.time()
    with (
        upstream(directory, members, some_polling(10.0), timeout=5.0) as served,
        exporter(directory, f"--config.file={served.file}") as running,
    ):
        asked = len(members) * len(Collector)
        eventually(lambda: running.metrics().count("zapi_instance_collector_up{") == asked)
        before = clock.time()
        exposed = samples(running.metrics())
    return Scraped(exposed, began, clock.time(), clock.time() - before)


def samples(exposition: str) -> dict[str, dict[Labels, float]]:
    found: dict[str, dict[Labels, float]] = {}
    for family in text_string_to_metric_families(exposition):
        for sample in family.samples:
            found.setdefault(sample.name, {})[frozenset(sample.labels.items())] = sample.value
    return found


def labelled(member: ScenarioInstance, **labels: str) -> Labels:
    return frozenset({"name": member.configured.name, **member.configured.labels, **labels}.items())


def webhooks(member: ScenarioInstance) -> dict[str, bool]:
    urls = member.simulated.webhooks
    some = ("received_status", "received_and_delivery")
    names = (*DOCUMENTED_WEBHOOKS, *(name for name in some if name in urls))
    return {name: urls.get(name) is not None for name in names}


def expected(members: list[ScenarioInstance], now: float) -> dict[str, dict[Labels, float]]:
    """What must be exposed of what was read; nothing else may be."""
    every: dict[str, dict[Labels, float]] = {metric.name: {} for metric in (*INSTANCE_METRICS, UNTIL_DUE)}
    statuses = {str(member.simulated.payment_status).lower() for member in members}
    for member in members:
        simulated, own = member.simulated, labelled(member)
        status = str(simulated.payment_status).lower()
        every["zapi_instance_up"][own] = 1
        every["zapi_instance_connected"][own] = simulated.connected
        every["zapi_instance_poll_failures_total"][own] = 0
        every["zapi_instance_disconnects_total"][own] = 0
        every["zapi_instance_due_timestamp_seconds"][own] = simulated.due
        every["zapi_instance_until_due_seconds"][own] = simulated.due - now
        if status in ("paid", "overdue"):
            every["zapi_instance_paid"][own] = status == "paid"
        for each in statuses:
            every["zapi_instance_payment_status"][labelled(member, status=each)] = each == status
        if forms_of(member).created not in WITHOUT_CREATED:
            every["zapi_instance_created_timestamp_seconds"][own] = simulated.created
        for webhook, configured in webhooks(member).items():
            every["zapi_instance_webhook_configured"][labelled(member, webhook=webhook)] = configured
        for webhook, url in member.configured.expected_webhooks.items():
            found = simulated.webhooks.get(webhook)
            fits = (
                found is not None and url in (None, Secret(found)) and webhook not in (simulated.muted or ())
            )
            every["zapi_instance_webhook_as_expected"][labelled(member, webhook=webhook)] = fits
        if simulated.muted is not None:
            for webhook in WEBHOOK_FILTERS.values():
                muted = webhook in simulated.muted
                every["zapi_instance_webhook_muted"][labelled(member, webhook=webhook)] = muted
        at_a_glance = {name: str(configured).lower() for name, configured in webhooks(member).items()}
        every["zapi_instance_webhooks_info"][labelled(member, **at_a_glance)] = 1
        about = {"id": simulated.id, "display_name": simulated.name}
        every["zapi_instance_info"][labelled(member, **about)] = 1
        for setting in ("auto_read_message", "call_reject_auto", "receive_callback_sent_by_me"):
            enabled = simulated.settings.get(setting, False)
            every["zapi_instance_setting_enabled"][labelled(member, setting=setting)] = enabled
        collect(every, member)
    return {
        name: {labels: float(value) for labels, value in series.items()}
        for name, series in every.items()
        if name not in VARYING
    }


def collect(every: Mapping[str, dict[Labels, float]], member: ScenarioInstance) -> None:
    """What the collectors must have read."""
    simulated, own = member.simulated, labelled(member)
    for collector in Collector:
        every["zapi_instance_collector_up"][labelled(member, collector=collector.value)] = 1
    every["zapi_instance_phone_online"][own] = simulated.phone_online
    lost = "restorable" if simulated.restorable else "disconnected"
    state = "connected" if simulated.connected else lost
    for session in Session:
        every["zapi_instance_session"][labelled(member, session=session.value)] = session.value == state
    every["zapi_instance_queue_messages"][own] = simulated.queue.length
    if simulated.queue.length:
        every["zapi_instance_queue_oldest_message_timestamp_seconds"][own] = simulated.queue.oldest


def test_every_value_read_is_exposed_and_no_other(members: list[ScenarioInstance], scraped: Scraped) -> None:
    for name, series in expected(members, scraped.at).items():
        tolerance = 2 + scraped.took if name.endswith("_seconds") else 0
        assert dict(scraped.samples.get(name, {})) == pytest.approx(series, abs=tolerance, rel=0), name


def test_what_the_exporter_did_is_exposed_for_each(members: list[ScenarioInstance], scraped: Scraped) -> None:
    own = {labelled(member) for member in members}
    assert "zapi_instance_poll_failure" not in scraped.samples
    connected = {labelled(member) for member in members if member.simulated.connected}
    for name in VARYING[1:]:
        exposed = connected if name == "zapi_instance_last_connected_timestamp_seconds" else own
        assert set(scraped.samples[name]) == exposed, name
    for name in VARYING[1:3]:
        assert all(scraped.began <= when <= scraped.at for when in scraped.samples[name].values()), name


def test_the_roles_cover_what_can_be_told_apart(members: list[ScenarioInstance]) -> None:
    assert {member.role for member in members} == STEADY
    assert {member.simulated.connected for member in members} == {True, False}
    assert len({forms_of(member).due for member in members}) == 4
    assert len({forms_of(member).created for member in members}) == len(CreatedForm)
