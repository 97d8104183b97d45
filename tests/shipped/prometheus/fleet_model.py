"""A fleet that is played: what its exporters would expose, scrape by scrape, as input of ``promtool test rules``.

Nothing here knows a rule. Exporters poll, forget when they restart, and withdraw what is older than five minutes, as
the real one does; scrapes can be lost, targets can come and go.
"""

import functools
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any, Final

STEP: Final = 30
"""Seconds between two scrapes, and between two evaluations."""

POLL: Final = 60
STALE_AFTER: Final = 300
FIRST: Final = 1_000_000
"""``due`` of an instance that does not expire in the test, in seconds after its start."""

Labels = tuple[tuple[str, str], ...]


class Query(str):
    """A query that many checks have; it is written once."""

    __slots__ = ()


class Line(dict[str, Any]):
    """A mapping that is written on one line."""

    __slots__ = ()


@dataclass(slots=True)
class Phone:
    """What Z-API says of an instance when it is polled. ``fault`` is a reason, and then it says nothing."""

    connected: bool = True
    due: float | None = FIRST
    status: str = "paid"
    fault: str | None = None
    webhooks: dict[str, str] = field(default_factory=dict)
    """Expected webhook → ``good``, ``missing``, ``other`` or ``muted``."""
    id: str = "F00D"
    online: bool | None = True
    session: str = "connected"
    waiting: int = 0
    oldest: float | None = None
    """Since when the oldest message waits."""
    refuses: tuple[str, ...] = ()
    """Collectors whose requests fail."""
    refusal: str = "server_error"
    """The reason of these failures."""


@dataclass(slots=True)
class _Known:
    """What an exporter knows of an instance; ``None`` until it does."""

    polls: int = 0
    last_poll: float | None = None
    last_success: float | None = None
    last_connected: float | None = None
    connected: bool | None = None
    disconnects: int = 0
    fault: str | None = None
    read: Phone | None = None
    collected: dict[str, str | None] = field(default_factory=dict)
    """Collector → the reason why its last request failed, if it did."""
    collected_at: dict[str, tuple[float, Phone]] = field(default_factory=dict)


@dataclass(slots=True)
class Exporter:
    """An exporter at a target. ``labels`` are its instances' own, by name.

    ``running`` and ``target`` say whether it answers scrapes and whether Prometheus has it on its list.
    ``clock`` is how far its clock is ahead, in seconds. ``reaches`` is whether it reaches Z-API.
    """

    instance: str
    labels: dict[str, dict[str, str]]
    phones: Mapping[str, Phone]
    job: str = "zapi"
    pod: str = ""
    running: bool = True
    target: bool = True
    reaches: bool = True
    probe: bool = False
    """Whether the target is ``/probe`` of its number, which exposes nothing else."""
    clock: float = 0.0
    fraction: float = 0.0
    """Polls are so much later than whole seconds."""
    says_until_due: bool = False
    """Whether it says the seconds until due, which tell its time; in every story they would be many series."""
    reload_successful: bool = True
    old: bool = False
    lateness: float = 0.0
    late_seconds: float = 0.0
    started: float = 0.0
    known: dict[str, _Known] = field(default_factory=dict)
    outcomes: Counter[str] = field(default_factory=Counter)
    collect: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Name → its collectors."""
    requests: Counter[str] = field(default_factory=Counter)
    """Collector → how often it was asked."""
    sources: dict[str, tuple[bool, float, int]] = field(default_factory=dict)
    """Source → whether its last reading was good, when the last good one was, and how many instances it has."""
    skipped: dict[str, int] = field(default_factory=dict)
    """Source → instances that its list has without a token."""
    pauses: dict[str, float] = field(default_factory=dict)
    """Name → until when it is left alone after a failure."""

    def restart(self, now: float) -> None:
        self.known.clear()
        self.outcomes.clear()
        self.requests.clear()
        self.late_seconds = 0.0
        self.started = now

    def poll(self, now: float) -> None:
        """Poll whatever is due; each instance is polled at a second of its own."""
        for position, name in enumerate(self.labels):
            offset = position * 7 % POLL + self.fraction
            known = self.known.setdefault(name, _Known())
            last = (now - offset) // POLL * POLL + offset
            if (
                now < self.pauses.get(name, 0)
                or last < self.started
                or (known.last_poll is not None and last + self.clock <= known.last_poll)
            ):
                continue
            self._read(known, self.phones[name], last + self.clock)
            if known.fault is None:
                self._collect(known, self.phones[name], self.collect.get(name, ()), last + self.clock)

    def _collect(self, known: _Known, phone: Phone, collectors: Sequence[str], when: float) -> None:
        for collector in collectors:
            self.requests[collector] += 1
            known.collected[collector] = phone.refusal if collector in phone.refuses else None
            if collector not in phone.refuses:
                known.collected_at[collector] = (when, replace(phone))

    def _read(self, known: _Known, phone: Phone, when: float) -> None:
        known.polls += 1
        known.last_poll = when
        known.fault = phone.fault if self.reaches else "connect"
        self.outcomes[known.fault or "success"] += 1
        self.late_seconds += self.lateness
        if known.fault is not None:
            return
        known.last_success = when
        known.read = Phone(phone.connected, phone.due, phone.status, None, dict(phone.webhooks), phone.id)
        known.disconnects += bool(known.connected) and not phone.connected
        known.connected = phone.connected
        if phone.connected:
            known.last_connected = when

    def exposed(self, now: float) -> dict[Labels, float]:
        """Every series of a scrape, with the labels of the target."""
        series: dict[Labels, float] = {}
        place = {"job": self.job, "instance": self.instance} | ({"pod": self.pod} if self.pod else {})

        def add(name: str, value: float, labels: Mapping[str, str]) -> None:
            series[tuple(sorted({"__name__": name, **place, **labels}.items()))] = float(value)

        if not self.probe:
            self._expose_itself(add)
        for name, own in self.labels.items():
            if name in self.known:
                self._expose_collected(
                    add, self.known[name], self.collect.get(name, ()), {"name": name, **own}, now + self.clock
                )
            known = self.known.get(name, _Known())
            self._expose(add, known, {"name": name, **own}, now + self.clock)
            if self.says_until_due and known.read is not None and known.read.due is not None:
                add(
                    "zapi_instance_until_due_seconds",
                    known.read.due - now - self.clock,
                    {"name": name, **own},
                )
        return series

    def _expose_itself(self, add: Callable[[str, float, Mapping[str, str]], None]) -> None:
        add("zapi_exporter_build_info", 1, {"version": "1"})
        add("zapi_exporter_instances", len(self.labels), {})
        add("process_start_time_seconds", self.started, {})
        add("zapi_exporter_config_last_reload_successful", self.reload_successful, {})
        named = ("success", "rate_limited", *(() if self.old else ("subscription_ended",)))
        for outcome in named:
            add("zapi_exporter_polls_total", self.outcomes[outcome], {"outcome": outcome})
        # All others as one of them: no rule tells them apart.
        others = self.outcomes.total() - sum(self.outcomes[outcome] for outcome in named)
        add("zapi_exporter_polls_total", others, {"outcome": "timeout"})
        add("zapi_exporter_poll_lateness_seconds_sum", self.late_seconds, {})
        add("zapi_exporter_poll_lateness_seconds_count", self.outcomes.total(), {})
        for collector, number in self.requests.items():
            add("zapi_exporter_collector_polls_total", number, {"collector": collector, "outcome": "success"})
        for source, (good, last_success, instances) in self.sources.items():
            one = {"source": source}
            add("zapi_exporter_instance_source_up", good, one)
            add("zapi_exporter_instance_source_instances", instances, one)
            add("zapi_exporter_instance_source_last_success_timestamp_seconds", last_success, one)
        for source, count in self.skipped.items():
            add("zapi_exporter_instance_source_skipped_instances", count, {"source": source})

    def _expose_collected(
        self,
        add: Callable[[str, float, Mapping[str, str]], None],
        known: _Known,
        collectors: Sequence[str],
        labels: dict[str, str],
        now: float,
    ) -> None:
        for collector in collectors:
            if collector not in known.collected:
                continue
            one, reason = {**labels, "collector": collector}, known.collected[collector]
            add("zapi_instance_collector_up", reason is None, one)
            if reason is not None:
                add("zapi_instance_collector_failure", 1, {**one, "reason": reason})
            when, read = known.collected_at.get(collector, (-1.0 - STALE_AFTER, Phone()))
            if now - when > STALE_AFTER:
                continue
            if collector == "status":
                for session in ("connected", "restorable", "disconnected", "unknown"):
                    add("zapi_instance_session", session == read.session, {**labels, "session": session})
                if read.online is not None:
                    add("zapi_instance_phone_online", read.online, labels)
            else:
                add("zapi_instance_queue_messages", read.waiting, labels)
                if read.oldest is not None:
                    add("zapi_instance_queue_oldest_message_timestamp_seconds", read.oldest, labels)

    def _expose(
        self,
        add: Callable[[str, float, Mapping[str, str]], None],
        known: _Known,
        labels: dict[str, str],
        now: float,
    ) -> None:
        add("zapi_instance_polls_total", known.polls, labels)
        if known.last_poll is None:
            return
        add("zapi_instance_up", known.fault is None, labels)
        add("zapi_instance_last_poll_timestamp_seconds", known.last_poll, labels)
        add("zapi_instance_disconnects_total", known.disconnects, labels)
        if known.fault is not None:
            add("zapi_instance_poll_failure", 1, {**labels, "reason": known.fault})
        if known.last_success is not None:
            add("zapi_instance_last_success_timestamp_seconds", known.last_success, labels)
        if known.last_connected is not None and not self.old:
            add("zapi_instance_last_connected_timestamp_seconds", known.last_connected, labels)
        if known.read is None or known.last_success is None or now - known.last_success > STALE_AFTER:
            return
        read = known.read
        add("zapi_instance_connected", read.connected, labels)
        add("zapi_instance_info", 1, {**labels, "id": read.id, "display_name": ""})
        if read.due is not None:
            add("zapi_instance_due_timestamp_seconds", read.due, labels)
        add("zapi_instance_payment_status", 1, {**labels, "status": read.status})
        if read.status in {"paid", "unpaid", "overdue"}:
            add("zapi_instance_paid", read.status == "paid", labels)
        for webhook, state in read.webhooks.items():
            one = {**labels, "webhook": webhook}
            add("zapi_instance_webhook_configured", state != "missing", one)
            add("zapi_instance_webhook_as_expected", state == "good", one)
            add("zapi_instance_webhook_muted", state == "muted", one)


Window = tuple[float, float]
Alert = tuple[str, ...]
"""Its name, then ``name=…``, ``webhook=…``, ``team=…``, ``source=…``, ``collector=…`` and ``instance=…`` of its own.

``team`` is left out for an alert of one instance. ``severity`` is given where there is an alert for each of two.
"""

Event = Callable[[], object]


@dataclass(slots=True)
class Story:
    """Exporters, and what happens to them at which second; ``lost`` says which scrapes are lost.

    ``lost`` is asked for the instance of a target and the number of a scrape.
    """

    exporters: list[Exporter]
    seconds: int
    lost: Callable[[str, int], bool] = lambda instance, number: False
    events: dict[int, list[Event]] = field(default_factory=dict)
    more: list[dict[str, str]] = field(default_factory=list)
    """Series of other origin, as promtool takes them."""
    unsure: tuple[float, ...] = ()
    """Minutes at which an alert depends on whether ranges are left-open, as they are since Prometheus 3."""
    again: "Story | None" = None
    """What happens in other jobs of the same namespace."""
    elsewhere: "tuple[Story, Mapping[Alert, Sequence[Window]]] | None" = None
    """What happens to the same names in another namespace, and the alerts that fire there."""

    def at(self, minute: float, *events: Event) -> None:
        self.events.setdefault(int(minute * 60), []).extend(events)

    def every(
        self, minutes: float, event: Callable[[int], object], since: float = 0, until: float | None = None
    ) -> None:
        """Let ``event`` happen again and again; it is told the second."""
        second = int((since + minutes) * 60)
        while second < (self.seconds if until is None else until * 60):
            self.events.setdefault(second, []).append(lambda second=second: event(second))  # type: ignore[misc]
            second += int(minutes * 60)

    @property
    def names(self) -> set[str]:
        return {name for exporter in self.exporters for name in exporter.phones}

    @property
    def size(self) -> int:
        """Seconds times the numbers of each exporter: about what it costs to play it beside others."""
        return self.seconds * sum(len(exporter.phones) for exporter in self.exporters)

    def input_series(self, namespace: str = "") -> list[Mapping[str, str]]:
        """Play it, and return ``input_series`` of a test; ``namespace`` is a label of all targets."""
        columns: list[dict[Labels, float]] = []
        for number, now in enumerate(range(0, self.seconds + 1, STEP)):
            for second in range(now - STEP + 1, now + 1):
                for event in self.events.get(second, ()):
                    event()
            column: dict[Labels, float] = {}
            for exporter in self.exporters:
                if exporter.running:
                    exporter.poll(now)
                if not exporter.target:
                    continue
                place = {"__name__": "up", "job": exporter.job, "instance": exporter.instance}
                place |= {"pod": exporter.pod} if exporter.pod else {}
                scraped = exporter.running and not self.lost(exporter.instance, number)
                column[tuple(sorted(place.items()))] = float(scraped)
                if scraped:
                    column |= exporter.exposed(now)
            columns.append(column)
        series = dict.fromkeys(labels for column in columns for labels in column)
        own = [
            Line(
                series=_written(labels, namespace), values=_values([column.get(labels) for column in columns])
            )
            for labels in series
        ]
        again = self.again.input_series(namespace) if self.again else []
        others = [Line(one, series=one["series"].replace('job="', 'job="other_')) for one in again]
        return [*own, *others, *self.more]


def _written(labels: Labels, namespace: str) -> str:
    own = dict(labels) | ({"namespace": namespace} if namespace else {})
    name = own.pop("__name__")
    return name + "{" + ",".join(f'{key}="{value}"' for key, value in own.items()) + "}"


def _values(samples: Iterable[float | None]) -> str:
    """As promtool reads them: a sample that is missing after another is a staleness marker; runs are written short."""
    words: list[str] = []
    column = list(samples)
    place = 0
    while place < len(column):
        value = column[place]
        if value is None:
            words.append("_" if not place or column[place - 1] is None else "stale")
            place += 1
            continue
        step = 0.0
        after = column[place + 1] if place + 1 < len(column) else None
        if after is not None:
            step = after - value
        length = 0
        while place + length + 1 < len(column) and column[place + length + 1] == value + (length + 1) * step:
            length += 1
        words.append(_number(value) if length == 0 else f"{_number(value)}{_number(step, '+')}x{length}")
        place += length + 1
    return _shorten(words)


def _number(value: float, sign: str = "") -> str:
    return f"{value:{sign}.1f}".removesuffix(".0")


def _shorten(words: list[str]) -> str:
    """Runs of missing samples as one word."""
    out: list[str] = []
    for word, run in groupby(words):
        count = len(list(run))
        out.append(f"_x{count}" if word == "_" and count > 1 else " ".join([word] * count))
    return " ".join(out).replace("+0x", "x")


_FIRING: Final = (
    "group by (alertname, namespace, name, webhook, instance) "
    '(ALERTS{{{firing}, name!="", alertname!="ZapiInstancePhoneOffline"}}) or '
    'group by (alertname, namespace, name, severity) (ALERTS{{{firing}, alertname="ZapiInstancePhoneOffline"}}) or '
    'group by (alertname, namespace, team, instance, source, collector) (ALERTS{{{firing}, name=""}})'
)
_EVERY: Final = 10 * STEP

OF_NO_NAMESPACE: Final = {"ZapiExporterMissing", "ZapiThresholdsMissing"}

Text = Mapping[str, Any]
"""A check of promtool's ``alert_rule_test``."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A story, with the alerts that must fire from which minute to which, and what some of them say.

    ``key`` is the namespace of its exporters where several stories are played at once.
    """

    key: str
    title: str
    story: Story
    firing: Mapping[Alert, Sequence[Window]]
    texts: Sequence[Text] = ()

    def fires(self, alert: Alert, second: float) -> bool:
        return any(first * 60 <= second <= last * 60 for first, last in self.firing[alert])

    def can_be_played_with(self, other: "Scenario") -> bool:
        """Return whether no text of one is looked at while the other has the same alert.

        promtool compares the texts of all alerts of a name. Thresholds of single instances go by their name alone.
        """
        return (
            not self._is_alone()
            and not other._is_alone()
            and not self._talks_over(other)
            and not other._talks_over(self)
            and not (self.story.more and self.story.names & other.story.names)
            and not (other.story.more and self.story.names & other.story.names)
        )

    def _is_alone(self) -> bool:
        """Whether something goes by no namespace: that no exporter is left, that thresholds are missing, or others."""
        return bool(OF_NO_NAMESPACE & {alert[0] for alert in self.firing}) or any(
            one["series"].startswith("zapi:threshold:") for one in self.story.more
        )

    def _talks_over(self, other: "Scenario") -> bool:
        return any(other._may_fire(text["alertname"], _seconds(text["eval_time"])) for text in self.texts)

    def _may_fire(self, alertname: str, second: float) -> bool:
        """Whether an alert of this name fires then. After its story, its targets are gone, and nothing ends soon."""
        if self.story.elsewhere and any(alert[0] == alertname for alert in self.story.elsewhere[1]):
            return True
        end = min(second, self.story.seconds)
        return (second > end and alertname == "ZapiExporterTargetLost") or any(
            alert[0] == alertname and (self.fires(alert, second) or self.fires(alert, end))
            for alert in self.firing
        )

    def moments(self) -> tuple[set[int], set[int]]:
        """When it is looked at: from time to time, and wherever an alert begins or ends. And when not."""
        edges = {
            round(minute * 60) for windows in self.firing.values() for window in windows for minute in window
        }
        hidden = {round(minute * 60) for minute in self.story.unsure}
        seconds = range(0, self.story.seconds + 1, STEP)
        return {s for s in seconds if s % _EVERY == 0 or _around(s) & (edges | hidden)} - hidden, hidden


def in_two_places(
    key: str, title: str, play: Callable[[], tuple[Story, Mapping[Alert, Sequence[Window]]]]
) -> list[Scenario]:
    """Return a story that happens in two jobs and, unless it has thresholds of single instances, in two namespaces."""
    story, firing = play()
    story.again, _ = play()
    story.again.more = []
    here = Scenario(f"{key}_in_two_jobs", title, story, firing)
    return [here] if story.more else [here, Scenario(f"{key}_elsewhere", title, *play())]


def beside_others(scenario: Scenario) -> list[Scenario]:
    """Return it with fleets that have the same names and no trouble: one in another job, one in another namespace."""
    here, elsewhere = (Story(_well(scenario.story.exporters), scenario.story.seconds) for _ in range(2))
    again = scenario.story.again or here
    return with_elsewhere(
        replace(scenario, story=replace(scenario.story, again=again, elsewhere=(elsewhere, {})))
    )


def with_elsewhere(scenario: Scenario) -> list[Scenario]:
    """Return it with what happens in another namespace meanwhile."""
    if scenario.story.elsewhere is None:
        return [scenario]
    return [scenario, Scenario(_elsewhere(scenario.key), scenario.title, *scenario.story.elsewhere)]


def _elsewhere(key: str) -> str:
    return f"beside_{key}"


def _well(exporters: Sequence[Exporter]) -> list[Exporter]:
    """Exporters by the same addresses; the last one of each job polls all that those of the job poll."""
    last = {exporter.job: exporter for exporter in exporters}
    return [
        *(Exporter(one.instance, {}, {}, job=one.job) for one in exporters if one is not last[one.job]),
        *(_whole(one.instance, [each for each in exporters if each.job == job]) for job, one in last.items()),
    ]


def _whole(instance: str, exporters: Sequence[Exporter]) -> Exporter:
    phones = {
        name: (exporter.labels.get(name, {}), phone)
        for exporter in exporters
        for name, phone in exporter.phones.items()
    }
    return Exporter(
        instance=instance,
        labels={name: dict(labels) for name, (labels, _) in phones.items()},
        phones={
            name: Phone(webhooks=dict.fromkeys(phone.webhooks, "good")) for name, (_, phone) in phones.items()
        },
        job=exporters[0].job,
        collect={name: each for exporter in exporters for name, each in exporter.collect.items()},
        sources={
            source: (True, 0.0, count)
            for exporter in exporters
            for source, (_, _, count) in exporter.sources.items()
        },
        skipped={source: 0 for exporter in exporters for source in exporter.skipped},
    )


def _around(second: int) -> set[int]:
    return {second - STEP, second, second + STEP}


def promtool_test(scenarios: Sequence[Scenario]) -> dict[str, Any]:
    """A test of promtool that plays these stories at once: just their alerts fire, each in its time."""
    alone = len(scenarios) == 1
    looked_at = {one.key: one.moments() for one in scenarios}
    checks = []
    for second in sorted(set().union(*(moments for moments, _ in looked_at.values()))):
        sure = [
            one for one in scenarios if second <= one.story.seconds and second not in looked_at[one.key][1]
        ]
        firing = [
            Line(labels=_labels(alert, "" if alone else one.key), value=1)
            for one in sure
            for alert in one.firing
            if one.fires(alert, second)
        ]
        query = _firing(tuple(one.key for one in scenarios if one not in sure))
        checks.append(Line(eval_time=f"{second}s", expr=query, exp_samples=firing))
    texts = [_of_namespace(text, "" if alone else one.key) for one in scenarios for text in one.texts]
    return {
        "name": scenarios[0].title if alone else "\n".join(f"{one.key}: {one.title}" for one in scenarios),
        "interval": f"{STEP}s",
        "input_series": [
            series for one in scenarios for series in one.story.input_series("" if alone else one.key)
        ],
        "promql_expr_test": checks,
        **({"alert_rule_test": texts} if texts else {}),
    }


@functools.cache
def _firing(without: tuple[str, ...]) -> Query:
    """All alerts that fire, without those of stories that are over, or on an edge that nobody can be sure of."""
    kept = f', namespace!~"{"|".join(without)}"' if without else ""
    return Query(_FIRING.format(firing=f'alertstate="firing"{kept}'))


def _of_namespace(text: Text, namespace: str) -> Text:
    """Add the namespace; an alert that has ``elsewhere`` for one is of the other namespace of its story."""
    if not namespace:
        return text
    alerts = []
    for alert in text.get("exp_alerts", ()):
        labels = alert["exp_labels"]
        own = _elsewhere(namespace) if "namespace" in labels else namespace
        alerts.append({**alert, "exp_labels": {**labels, "namespace": own}})
    return {**text, "exp_alerts": alerts}


def _seconds(text: str) -> float:
    """``14m`` or ``11m30s``."""
    units = {"s": 1, "m": 60, "h": 3600}
    return sum(int(count) * units[unit] for count, unit in re.findall(r"(\d+)([smh])", text))


def _labels(alert: Alert, namespace: str) -> str:
    own = [part.partition("=")[::2] for part in alert[1:]] + ([("namespace", namespace)] if namespace else [])
    return "{" + ",".join(f'{key}="{value}"' for key, value in [("alertname", alert[0]), *own]) + "}"
