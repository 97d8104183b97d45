"""A fleet that is played: what its exporters would expose, scrape by scrape, as input of ``promtool test rules``.

Nothing here knows a rule. Exporters poll, forget when they restart, and withdraw what is older than five minutes, as
the real one does; scrapes can be lost, targets can come and go.
"""

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
    collected: dict[str, bool] = field(default_factory=dict)
    """Collector → whether its last request succeeded."""
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
    clock: float = 0.0
    reload_successful: bool = True
    old: bool = False
    lateness: float = 0.0
    late_seconds: float = 0.0
    started: float = 0.0
    known: dict[str, _Known] = field(default_factory=dict)
    outcomes: Counter[str] = field(default_factory=Counter)
    collect: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Name → its collectors."""
    sources: dict[str, tuple[bool, float, int]] = field(default_factory=dict)
    """Source → whether its last reading was good, when the last good one was, and how many instances it has."""
    skipped: dict[str, int] = field(default_factory=dict)
    """Source → instances that its list has without a token."""
    pauses: dict[str, float] = field(default_factory=dict)
    """Name → until when it is left alone after a failure."""

    def restart(self, now: float) -> None:
        self.known.clear()
        self.outcomes.clear()
        self.late_seconds = 0.0
        self.started = now

    def poll(self, now: float) -> None:
        """Poll whatever is due; each instance is polled at a second of its own."""
        for position, name in enumerate(self.labels):
            offset = position * 7 % POLL
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
            known.collected[collector] = collector not in phone.refuses
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

        add("zapi_exporter_build_info", 1, {"version": "1"})
        add("zapi_exporter_instances", len(self.labels), {})
        add("process_start_time_seconds", self.started, {})
        add("zapi_exporter_config_last_reload_successful", self.reload_successful, {})
        for outcome in ("success", "rate_limited", *(() if self.old else ("subscription_ended",))):
            add("zapi_exporter_polls_total", self.outcomes[outcome], {"outcome": outcome})
        add("zapi_exporter_poll_lateness_seconds_sum", self.late_seconds, {})
        add("zapi_exporter_poll_lateness_seconds_count", self.outcomes.total(), {})
        for source, (good, last_success, instances) in self.sources.items():
            one = {"source": source}
            add("zapi_exporter_instance_source_up", good, one)
            add("zapi_exporter_instance_source_instances", instances, one)
            add("zapi_exporter_instance_source_last_success_timestamp_seconds", last_success, one)
        for source, count in self.skipped.items():
            add("zapi_exporter_instance_source_skipped_instances", count, {"source": source})
        for name, own in self.labels.items():
            if name in self.known:
                self._expose_collected(
                    add, self.known[name], self.collect.get(name, ()), {"name": name, **own}, now + self.clock
                )
            self._expose(add, self.known.get(name, _Known()), {"name": name, **own}, now + self.clock)
        return series

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
            add("zapi_instance_collector_up", known.collected[collector], {**labels, "collector": collector})
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
    """Minutes of an edge that depends on whether ranges are left-open, as they are since Prometheus 3."""

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

    def input_series(self) -> list[dict[str, str]]:
        """Play it, and return ``input_series`` of a test."""
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
        return [
            {"series": _written(labels), "values": _values([column.get(labels) for column in columns])}
            for labels in series
        ] + self.more


def _written(labels: Labels) -> str:
    own = dict(labels)
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
        words.append(_number(value) if length == 0 else f"{_number(value)}{step:+.0f}x{length}")
        place += length + 1
    return _shorten(words)


def _number(value: float) -> str:
    return f"{value:.0f}"


def _shorten(words: list[str]) -> str:
    """Runs of missing samples as one word."""
    out: list[str] = []
    for word, run in groupby(words):
        count = len(list(run))
        out.append(f"_x{count}" if word == "_" and count > 1 else " ".join([word] * count))
    return " ".join(out).replace("+0x", "x")


Window = tuple[float, float]
Alert = tuple[str, ...]
"""Its name, then ``name=…``, ``webhook=…``, ``team=…``, ``source=…`` and ``instance=…`` where it has them.

``team`` is left out for an alert of one instance. ``severity`` is given where there is an alert for each of two.
"""

_FIRING: Final = (
    "group by (alertname, name, webhook, instance) "
    '(ALERTS{alertstate="firing", name!="", alertname!="ZapiInstancePhoneOffline"}) or '
    'group by (alertname, name, severity) (ALERTS{alertstate="firing", alertname="ZapiInstancePhoneOffline"}) or '
    'group by (alertname, team, instance, source) (ALERTS{alertstate="firing", name=""})'
)
_EVERY: Final = 10 * STEP


def promtool_test(
    title: str,
    story: Story,
    firing: Mapping[Alert, Sequence[Window]],
    texts: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """A test of promtool: just these alerts fire, each from its first minute to its last.

    It is looked at from time to time, and wherever an alert begins or ends. ``texts`` are its ``alert_rule_test``.
    """
    edges = {round(minute * 60) for windows in firing.values() for window in windows for minute in window}
    unsure = {round(minute * 60) for minute in story.unsure}
    moments = {
        second
        for second in range(0, story.seconds + 1, STEP)
        if (second % _EVERY == 0 or {second - STEP, second, second + STEP} & edges)
        and not {second - STEP, second, second + STEP} & unsure
    }
    return {
        "name": title,
        "interval": f"{STEP}s",
        "input_series": story.input_series(),
        "promql_expr_test": [
            {
                "eval_time": f"{second}s",
                "expr": _FIRING,
                "exp_samples": [
                    {"labels": _labels(alert), "value": 1}
                    for alert, windows in firing.items()
                    if any(first * 60 <= second <= last * 60 for first, last in windows)
                ],
            }
            for second in sorted(moments)
        ],
        **({"alert_rule_test": list(texts)} if texts else {}),
    }


def _labels(alert: Alert) -> str:
    pairs = [("alertname", alert[0]), *(tuple(part.split("=", 1)) for part in alert[1:])]
    return "{" + ",".join(f'{key}="{value}"' for key, value in pairs) + "}"
