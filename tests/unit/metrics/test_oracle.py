"""The cached lines are what prometheus_client would have written of the same data."""

import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import cast

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest as generate_text
from prometheus_client.openmetrics import exposition as openmetrics_format
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from exporter.fleet.store import Fleet, InstanceView
from exporter.metrics.exposition import Format, InstanceLines, Scrapes, number
from exporter.metrics.instance_metrics import INSTANCE_METRICS, UNTIL_DUE, InstanceMetric, due
from exporter.metrics.metric import MetricType
from exporter.metrics.self_metrics import EXPORTER_METRICS, Telemetry
from exporter.model.poll_result import Collector as InstanceCollector
from exporter.model.poll_result import Reading, Reason
from exporter.model.secret import Secret
from exporter.model.settings import Instance
from tests.builders import a_config, a_failure, a_status, an_instance
from tests.clocks import ManualClock


class Oracle(Collector):
    def __init__(self, fleet: Fleet, now: float) -> None:
        self._fleet, self._now = fleet, now

    def collect(self) -> Iterable[Metric]:
        for metric in INSTANCE_METRICS:
            counter = metric.type is MetricType.COUNTER
            name = metric.name.removesuffix("_total") if counter else metric.name
            family: Metric = (
                CounterMetricFamily(name, metric.help) if counter else GaugeMetricFamily(name, metric.help)
            )
            for view in self._fleet.views():
                for labels, value in metric.samples(view):
                    family.add_sample(metric.name, self._labels(view.instance, labels), value)
            yield family
        until = GaugeMetricFamily(UNTIL_DUE.name, UNTIL_DUE.help)
        for view in self._fleet.views():
            moment = due(view)
            if moment is not None:
                seconds = int(moment) - int(self._now)
                until.add_sample(UNTIL_DUE.name, self._labels(view.instance, ()), seconds)
        yield until

    def _labels(self, instance: Instance, own: Iterable[tuple[str, str]]) -> dict[str, str]:
        return {"name": instance.name, **instance.labels, **dict(own)}


class Rig:
    def __init__(self, *names: str, labels: Mapping[str, str] | None = None) -> None:
        self.clock = ManualClock()
        self.lines = InstanceLines()
        expected = {"received": None, "delivery": Secret("https://a.example")}
        self.instances = [an_instance(name, labels=labels, expected_webhooks=expected) for name in names]
        self.fleet = Fleet(a_config(*self.instances), self.clock, [self.lines])
        self.telemetry = Telemetry()
        self.scrapes = Scrapes(self.fleet, self.lines, self.telemetry.registry, self.clock)

    def check(self) -> None:
        self.fleet.expire()
        oracle = Oracle(self.fleet, self.clock.time())
        assert self._rendered(Format.TEXT) == generate_text(oracle)
        openmetrics = self._rendered(Format.OPENMETRICS) + b"# EOF\n"
        generate: Callable[[Collector], bytes] = openmetrics_format.generate_latest
        assert openmetrics == generate(oracle)

    def scraped(self) -> str:
        return self.scrapes.render(Format.TEXT, gzip=False).whole().decode()

    def _rendered(self, fmt: Format) -> bytes:
        return self.lines.render(fmt, self.clock.time()).followed_by(b"").whole()


READINGS: list[Reading] = [
    a_status(
        due=1_700_100_000.5, created=1.6e9, display_name='a"b\\c\nd', settings={"auto_read_message": True}
    ),
    a_status(
        False, payment_status="overdue", webhooks={"received": Secret("https://x"), "received_status": None}
    ),
    a_status(payment_status="", muted=frozenset({"received", "presence_chat"})),
    a_status(payment_status=None, unreadable=frozenset({"receivedCallbackUrl"})),
    a_failure(Reason.TLS),
    a_failure(Reason.RATE_LIMITED),
]


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1), min_size=1, max_size=4, unique=True
    ),
    st.dictionaries(
        st.sampled_from(["a", "team", "zone", "r", "s_tatus", "w"]),
        st.text(st.characters(exclude_categories=["Cs"])),
    ),
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from(READINGS), st.integers(0, 400)), max_size=12),
)
def test_the_bytes_are_equal_after_any_readings_with_any_names(
    names: list[str], labels: dict[str, str], steps: list[tuple[int, Reading, int]]
) -> None:
    rig = Rig(*names, labels=labels)
    rig.check()
    for which, reading, seconds in steps:
        rig.fleet.record(rig.instances[which % len(names)], reading, 0.25)
        rig.clock.advance(seconds)
        rig.check()
    rig.fleet.reconfigure(a_config(*rig.instances[1:]))
    rig.check()


def test_a_change_and_a_new_second_are_in_the_next_scrape() -> None:
    rig = Rig("vendas")
    for polls in (1, 2, 3):
        rig.fleet.record(rig.instances[0], a_status(due=rig.clock.time() + 100), 0.1)
        assert f'zapi_instance_polls_total{{name="vendas"}} {polls}.0\n' in rig.scraped()
    line = 'zapi_instance_until_due_seconds{name="vendas"} '
    assert line + "100.0\n" in rig.scraped()
    rig.clock.advance(160)
    assert line + "-60.0\n" in rig.scraped()
    rig.fleet.record(rig.instances[0], a_status(), 0.1)
    rig.fleet.reconfigure(a_config(an_instance("suporte")))
    assert line not in rig.scraped()
    rig.fleet.record(an_instance("suporte"), a_status(), 0.1)
    assert 'zapi_instance_connected{name="suporte"} 1.0\n' in rig.scraped()
    rig.clock.advance(1000)
    assert "zapi_instance_connected{" not in rig.scraped(), "what is stale is not exposed"


@pytest.mark.parametrize("gzip", [False, True])
def test_what_has_not_changed_is_made_once_for_all_scrapes(gzip: bool) -> None:
    rig = Rig("vendas", "suporte")
    before = rig.scrapes.render(Format.TEXT, gzip=gzip).shared
    assert rig.scrapes.render(Format.TEXT, gzip=gzip).shared is before
    rig.fleet.record(rig.instances[0], a_failure(Reason.TLS), 0.1)
    after = rig.scrapes.render(Format.TEXT, gzip=gzip).shared
    unchanged = [piece is earlier for piece, earlier in zip(after, before, strict=True)]
    assert 0 < unchanged.count(False) < unchanged.count(True)


def test_gzip_carries_the_same_bytes_and_is_one_stream() -> None:
    rig = Rig("vendas", "suporte")
    rig.fleet.record(rig.instances[0], a_status(), 0.1)
    for fmt in (*Format, *Format):
        stream = zlib.decompressobj(zlib.MAX_WBITS | 16)
        plain = stream.decompress(rig.scrapes.render(fmt, gzip=True).whole())
        assert (stream.eof, stream.unused_data) == (True, b"")
        assert plain == rig.scrapes.render(fmt, gzip=False).whole()
        assert plain.startswith(rig._rendered(fmt))
        assert plain.count(b"zapi_exporter_build_info{") == 1
        assert plain.count(b"# EOF") == (fmt is Format.OPENMETRICS)


@pytest.mark.parametrize("fmt", Format)
def test_one_instance_is_told_as_in_the_whole_scrape(fmt: Format) -> None:
    """The whole scrape of a fleet of one is that, and what the exporter tells of itself."""
    rig = Rig("vendas", labels={"team": "sales"})
    end = b"# EOF\n" if fmt is Format.OPENMETRICS else b""
    for reading in READINGS:
        rig.fleet.record(rig.instances[0], reading, 0.5)
        rig.clock.advance(10)
        alone = rig.scrapes.render_one(rig.fleet.views()[0], fmt)
        assert alone.endswith(end)
        assert alone.count(b"# EOF") == bool(end)
        assert alone.count(b'name="vendas"') > 5
        assert rig.scrapes.render(fmt, gzip=False).whole().startswith(alone.removesuffix(end))


def test_every_metric_is_exposed_as_it_is_declared() -> None:
    rig = Rig("vendas")
    rig.fleet.record(rig.instances[0], READINGS[0], 0.1)
    rig.telemetry.collected(InstanceCollector.QUEUE, a_failure())
    text = rig.scraped()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    for metric in (*INSTANCE_METRICS, UNTIL_DUE, *EXPORTER_METRICS):
        family = families[metric.name.removesuffix("_total")]
        assert (family.type, family.documentation) == (metric.type.value, metric.help)
        own = {label for sample in family.samples for label in sample.labels} - {"name", "le"}
        assert own <= set(metric.labels)
    assert not any(family.name.endswith("_created") for family in families.values())


@example(10_000_000_000.0)
@example(9_999_999_999.0)
@example(1_000_000.0)
@example(999_999.0)
@given(st.floats() | st.integers(-(10**17), 10**17).map(float) | st.integers(-9, 10**10).map(float))
def test_numbers_are_written_as_the_library_writes_them(value: float) -> None:
    assume(value != 0)  # the library tells 0 from -0
    library: Callable[[float], str] = floatToGoString
    assert number(value) == library(value)


class WatchedView:
    """A view that remembers which of its fields were looked at."""

    def __init__(self, view: InstanceView) -> None:
        self._view = view
        self.looked_at: set[str] = set()

    def __getattr__(self, field: str) -> object:
        computed = getattr(type(self._view), field)
        if isinstance(computed, property) and computed.fget is not None:
            return computed.fget(self)
        self.looked_at.add(field)
        return getattr(self._view, field)


@pytest.mark.parametrize("metric", INSTANCE_METRICS, ids=lambda metric: metric.name)
def test_a_metric_says_which_fields_of_a_view_it_is_made_of(metric: InstanceMetric) -> None:
    rig = Rig("vendas")
    looked_at: set[str] = set()
    for reading in READINGS:
        rig.fleet.record(rig.instances[0], reading, 0.1)
        watched = WatchedView(rig.fleet.views()[0])
        list(metric.samples(cast(InstanceView, watched)))
        looked_at |= watched.looked_at
    assert looked_at - {"instance"} == set(metric.reads)


def test_lines_kept_over_a_reload_are_those_that_would_be_rendered_anew() -> None:
    one, two, three, gone = (InstanceView(an_instance(name)) for name in ("one", "two", "three", "gone"))
    polled = replace(two, up=True, polls=1, status=a_status(due=1_704_110_400.0))
    relabelled = replace(one, instance=an_instance("one", labels={"team": "sales"}))
    kept, anew = InstanceLines(), InstanceLines()
    kept.replaced([one, gone, two, three])
    kept.changed(two, polled)
    kept.changed(gone, replace(gone, up=True))
    kept.replaced([three, polled, relabelled])
    kept.replaced([polled, three, relabelled, InstanceView(an_instance("four"))])
    anew.replaced([polled, three, relabelled, InstanceView(an_instance("four"))])
    assert kept.render(Format.TEXT, 0.0).followed_by(b"") == anew.render(Format.TEXT, 0.0).followed_by(b"")


@pytest.mark.parametrize("polls", [1, 15, 16, 17, 40])
def test_every_change_is_in_the_next_scrape(polls: int) -> None:
    """Lines are rendered in batches, and those of a batch that is not full when they are asked for."""
    kept, anew = InstanceLines(), InstanceLines()
    views = [InstanceView(an_instance(f"instance {number}")) for number in range(20)]
    kept.replaced(views)
    for poll in range(polls):
        index = poll % len(views)
        before = views[index]
        views[index] = replace(before, up=True, polls=poll, status=a_status(due=1_704_110_400.0 + poll))
        kept.changed(before, views[index])
        anew.replaced(views)
    assert kept.render(Format.TEXT, 0.0).followed_by(b"") == anew.render(Format.TEXT, 0.0).followed_by(b"")
