"""The goals, each with what was measured."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from bench import polls, probers, scrapes
from bench.results import Results, Size
from bench.spread import Spread

_ADDED_LATER: Final = "not measured: polls were measured before it was compared"
_NOT_THEN: Final = "not measured: it was not on the PATH when polls were measured"


@dataclass(frozen=True, slots=True)
class Goal:
    """A row of the table. ``met`` is ``None`` for what was not measured."""

    measure: str
    goal: str
    measured: str
    met: bool | None


def goals(results: Results) -> Iterator[Goal]:
    """Every goal with what was measured, in the order of the table."""
    yield from _poll_goals(results)
    yield from _scrape_goals(results)
    yield from _size_goals(results)
    yield from _schedule_goals(results)
    yield from _page_goals(results)
    yield from _rule_goals(results)


def _poll_goals(results: Results) -> Iterator[Goal]:
    measured = results.polls
    for peer, limit in (
        (polls.SOCKET, 1.7),
        (probers.BLACKBOX, 0.27),
        (probers.JSON, 0.32),
        (polls.BARE, 1.5),
    ):
        ratio = measured.ratios.get(peer) if measured else None
        yield _ratio(f"CPU of a poll over HTTPS, relative to {_article(peer)}", limit, ratio, results, peer)
    if measured is None:
        return
    yield Goal(
        "TLS handshakes during steady polling",
        "none",
        f"{measured.handshakes} in {measured.polls:,} polls",
        measured.handshakes == 0,
    )
    yield _at_most("CPU of a cold connect and poll, ms", 4, measured.cold_millis)


def _scrape_goals(results: Results) -> Iterator[Goal]:
    largest = results.scrapes[-1] if results.scrapes else None
    if largest is not None:
        data = f"`/metrics` of {largest.instances:,} instances"
        for kind, part in ((scrapes.IDENTITY, 20), (scrapes.GZIP, 15), (scrapes.OPENMETRICS, 20)):
            spread = largest.of_stock[kind]
            yield Goal(
                f"CPU of {data}, {kind}, relative to prometheus_client's `generate_latest`",
                f"≤ 1/{part}",
                f"1/{1 / spread.median:.0f} (1/{1 / spread.high:.0f} … 1/{1 / spread.low:.0f})",
                spread.median <= 1 / part,
            )
        yield _at_most(
            "the same, identity, relative to copying the bytes into new memory", 2.5, largest.of_copy_fresh
        )
    if results.crowd:
        yield Goal(
            f"`/metrics` while {results.crowd.clients} clients scrape {results.crowd.instances:,} instances, p99",
            "< 0.5 s",
            f"{results.crowd.p99:.2f} s ({results.crowd.scrapes:,} scrapes, half within {results.crowd.p50:.2f} s)",
            results.crowd.p99 < 0.5,
        )


def _size_goals(results: Results) -> Iterator[Goal]:
    for size, limit in zip(results.sizes, (60, 80, 250), strict=False):
        yield Goal(
            f"resident memory with {size.instances:,} instances",
            f"≤ {limit} MiB",
            f"{size.resident:.0f} MiB",
            size.resident <= limit,
        )
    if not results.sizes:
        return
    cpu = [size.cpu_per_poll_micros.median for size in results.sizes]
    yield Goal(
        f"growth of CPU from {results.sizes[0].instances} to {results.sizes[-1].instances:,} instances, per poll",
        "within 1.3",
        f"{max(cpu) / min(cpu):.2f} ({', '.join(f'{micros:.0f}' for micros in cpu)} µs)",
        max(cpu) / min(cpu) <= 1.3,
    )
    slopes = [_slope(*pair) for pair in zip(results.sizes, results.sizes[1:], strict=False)]
    yield Goal(
        "growth of memory, for each additional instance",
        "within 1.3",
        f"{max(slopes) / min(slopes):.2f} ({', '.join(f'{slope:.1f}' for slope in slopes)} KiB)",
        max(slopes) / min(slopes) <= 1.3,
    )


def _slope(small: Size, large: Size) -> float:
    """KiB for each instance more."""
    return (large.resident - small.resident) / (large.instances - small.instances) * 1024


def _schedule_goals(results: Results) -> Iterator[Goal]:
    kept = results.schedule
    if kept is None:
        return
    share = kept.lateness["0.25"]
    yield Goal(
        f"lateness of {kept.instances:,} instances, {kept.interval:.0f} s interval, one core, p99",
        "< 250 ms",
        f"{share:.2%} of {kept.polls:,} polls began within 250 ms, {kept.lateness['0.05']:.2%} within 50 ms",
        share >= 0.99,
    )
    yield Goal("skipped polls", "none", str(kept.polled_too_rarely), kept.polled_too_rarely == 0)
    allowed = max(kept.ideal, kept.ready_cpu)
    yield Goal(
        f"start to ready, {kept.instances:,} instances, relative to its latencies by concurrency, or to its CPU",
        "≤ 1.3",
        f"{kept.ready / allowed:.2f} ({kept.ready:.1f} s of {kept.ideal:.1f} s; CPU {kept.ready_cpu:.1f} s)",
        kept.ready <= 1.3 * allowed,
    )


def _page_goals(results: Results) -> Iterator[Goal]:
    if results.start:
        start = results.start
        yield Goal(
            "CPU of `--version`, and of a start to the first `/metrics` with 10 instances",
            "explained below",
            f"{start.version.median:.0f} ms, {start.first_metrics.median:.0f} ms",
            True,
        )
    if results.page:
        yield _at_most(
            "status page of 10,000 instances: first paint in Chromium, ms", 1000, results.page.first_paint
        )
        yield _at_most("applying a filter on it, ms", 100, results.page.filter)
    else:
        why = results.missing.get("Chromium", "not measured")
        yield Goal("status page in Chromium", "< 1 s, < 100 ms", why, None)


def _rule_goals(results: Results) -> Iterator[Goal]:
    if results.rules:
        name, dearest = max(results.rules.items(), key=lambda pair: pair[1].longest.median)
        longest = dearest.longest
        yield Goal(
            "evaluation of the rules by Prometheus, 10,000 instances with the same problem, beside a scrape",
            "< 10 s",
            f"{longest.median:.1f} s ({longest.low:.1f} … {longest.high:.1f}; {name}: {dearest.alerts:,} alerts)",
            longest.median < 10,
        )


def _ratio(measure: str, limit: float, ratio: Spread | None, results: Results, peer: str) -> Goal:
    if ratio is None:
        why = _ADDED_LATER if peer == polls.SOCKET else results.missing.get(peer, _NOT_THEN)
        return Goal(measure, f"≤ {limit}", why, None)
    return _at_most(measure, limit, ratio)


def _at_most(measure: str, limit: float, spread: Spread) -> Goal:
    digits = 2 if spread.median < 10 else 0
    return Goal(measure, f"≤ {limit:g}", spread.written(digits), spread.median <= limit)


def _article(name: str) -> str:
    return f"a {name}" + ("" if name in (polls.BARE, polls.SOCKET) else "'s probe")
