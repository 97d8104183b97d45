"""Results → ``docs/benchmarks.md``."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from bench import chain, probers, scrapes
from bench.goals import goals
from bench.results import Results, RuleCost, Scrapes, Size

FILE: Final = Path(__file__).parents[1] / "docs" / "benchmarks.md"


def write(results: Results) -> None:
    FILE.write_text(text(results))


def text(results: Results) -> str:
    rows = list(goals(results))
    table = [f"| {row.measure} | {row.goal} | {row.measured} | {_mark(row.met)} |" for row in rows]
    missed = [row for row in rows if row.met is False]
    absent = [row for row in rows if row.met is None]
    return "\n".join(
        [
            _HEAD.format(machine=_machine(results)),
            "| measure | goal | measured | met |",
            "| --- | --- | --- | --- |",
            *table,
            "",
            f"{_count(len(rows) - len(missed) - len(absent), 'goal')} met, {len(missed)} missed, "
            f"{len(absent)} not measured.",
            "",
            *_sections(results),
            "",
        ]
    )


def _mark(met: bool | None) -> str:
    return "not measured" if met is None else "yes" if met else "**no**"


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _machine(results: Results) -> str:
    machine = results.machine
    others = f", beside other work (load average {machine.load:.0f})" if machine.load > machine.cores else ""
    priority = f", at niceness {machine.nice}" if machine.nice else ""
    return (
        f"Measured {machine.date} on a virtual machine with {machine.cores} cores and "
        f"{machine.memory_gib} GiB of memory{others}{priority}:\n"
        f"{machine.system}, Python {machine.python}, {machine.openssl}."
    )


def _sections(results: Results) -> Iterator[str]:
    if results.polls:
        yield from _polls_section(results)
    if results.scrapes:
        yield from _scrapes_section(results.scrapes)
    if results.sizes:
        yield from _sizes_section(results.sizes)
    if results.schedule:
        yield _LATENESS.format(share=results.schedule.cpu_share)
    if results.start:
        yield from _start_section(results)
    if results.chain:
        yield from _chain_section(results)
    if results.rules:
        yield from _rules_section(results.rules)


def _polls_section(results: Results) -> Iterator[str]:
    assert results.polls is not None
    asked = [asks for peer, asks in _ASKED.items() if peer in results.polls.micros]
    yield "\n".join([_POLLS, *asked])
    yield _POLLS_TABLE
    for contender, spread in results.polls.micros.items():
        name = f"{contender} {results.polls.versions.get(contender, '')}".rstrip()
        yield f"| {name} | {spread.median:.0f} | {spread.low:.0f} … {spread.high:.0f} |"


def _scrapes_section(points: Sequence[Scrapes]) -> Iterator[str]:
    largest = points[-1]
    yield _SCRAPES.format(instances=largest.instances, of_copy=largest.of_copy.median)
    for point in points:
        ours, stock = point.ours, point.stock
        yield (
            f"| {point.instances:,} | {point.series:,} | {point.bytes / 1e6:.1f} "
            f"| {ours[scrapes.IDENTITY].median:.1f} / {ours[scrapes.GZIP].median:.1f} "
            f"/ {ours[scrapes.OPENMETRICS].median:.1f} "
            f"| {stock[scrapes.IDENTITY].median:.0f} / {stock[scrapes.GZIP].median:.0f} "
            f"/ {stock[scrapes.OPENMETRICS].median:.0f} | {point.first_gzip:.0f} | {point.copy.median:.1f} |"
        )


def _sizes_section(sizes: Sequence[Size]) -> Iterator[str]:
    yield _SIZES
    for size in sizes:
        cpu = size.cpu_per_poll_micros
        yield (
            f"| {size.instances:,} | {size.resident_polled:.0f} | {size.resident:.0f} | {cpu.written(0)} |"
        )


def _start_section(results: Results) -> Iterator[str]:
    assert results.start is not None
    start = results.start
    yield _START.format(
        python=start.python.median, version=start.version.median, first=start.first_metrics.median
    )
    for name, millis in start.imports.items():
        yield f"| `{name}` | {millis:.0f} | {_WHY[name]} |"


def _chain_section(results: Results) -> Iterator[str]:
    yield _CHAIN
    least = min(figures.exporter + figures.prometheus for figures in results.chain.values())
    for way, figures in results.chain.items():
        whole = figures.exporter + figures.prometheus
        yield (
            f"| {way} | {figures.exporter:.2f} | {figures.prometheus:.2f} | {whole:.2f} | {whole / least:.1f} "
            f"| {figures.samples_per_instance:.0f} |"
        )
    ours = results.chain[chain.ONE_SCRAPE]
    for peer, learns in _LEARNS.items():
        theirs = results.chain.get(chain.way_of(peer))
        if theirs:
            yield ""
            yield (
                "zapi-exporter with one scrape takes "
                f"{(ours.exporter + ours.prometheus) / (theirs.exporter + theirs.prometheus):.2f} of the CPU of {peer} "
                f"with a probe for each instance, which reports {learns}."
            )


def _rules_section(costs: Mapping[str, RuleCost]) -> Iterator[str]:
    yield _RULES
    for trouble, cost in costs.items():
        seconds = f"{cost.longest.written(1)} | {cost.total.written(1)} | {cost.cpu:.1f}"
        yield f"| {trouble} | {cost.alerts:,} | {seconds} |"


_WHY: Final = {
    "ssl": "HTTPS to Z-API, and of the web server if it is configured",
    "http.client": "replies of Z-API",
    "asyncio": "connections of the web server, on one thread",
    "urllib3": "connections, proxies, TLS",
    "requests": "proxies of the environment, requests and their errors",
    "prometheus_client": "the exporter's own metrics, in both formats",
    "yaml": "the configuration and its lines",
    "jinja2": "the status page",
    "h11": "HTTP of the web server",
    "bcrypt": "passwords of the web configuration",
}

_HEAD: Final = """# Benchmarks

`make bench` measures everything and writes this page: it compares the running exporter with similar programs, all of
which read the same reply of about 900 bytes from nginx over HTTPS. The programs take turns. Each figure is the median
of all turns, with the lowest and the highest in brackets; a ratio is the median of the ratios of adjacent turns. CPU is
the user and system time of the process. Absolute figures depend on the machine: compare the ratios.

{machine}
"""
_POLLS: Final = """## A poll

![CPU of one poll](images/bench-polls.svg)

zapi-exporter is the running exporter with all its threads: it schedules, requests, parses, updates its state and
renders metrics. The bare TLS socket is a thread that sends a request, receives once and decodes the JSON; the bare
urllib3 pool is a thread that reads the same bytes with urllib3 and discards them. All poll 200 times a second on the
same core."""
_ASKED: Final = {
    probers.BLACKBOX: "blackbox_exporter matches one regular expression against the reply.",
    probers.JSON: """\
json_exporter exposes the 15 fields that the exporter reads, five as values and ten as labels, with the cheapest
configuration that is possible. It decodes the reply again for each value and each label.""",
}
_POLLS_TABLE: Final = """
| contender | µs | lowest … highest |
| --- | --- | --- |"""
_SCRAPES: Final = """
## A scrape

![CPU of one scrape](images/bench-scrapes.svg)

Every instance is polled between two scrapes, so that every value that can change has changed. The figures are
milliseconds of CPU for identity / gzip / OpenMetrics. prometheus_client receives metric families that are already
made, and compresses at level 9, as its server does. After a start or a reload, the first scrape with gzip compresses
everything. The exporter joins the lines of the families that have changed and sends one family after the other, so that
a response is never copied into one piece. The goal compares this with copying the bytes into new memory, which one
piece would require. The last column is a copy into memory that is already in use: with {instances:,} instances a
scrape takes {of_copy:.1f} times as long.

| instances | series | MB | zapi-exporter | prometheus_client | zapi-exporter, first with gzip | copy |
| --- | --- | --- | --- | --- | --- | --- |"""
_SIZES: Final = """
## Size

![Resident memory](images/bench-memory.svg)

Ten thousand polls a minute for each number of instances, with scrapes in every format.

| instances | MiB after polls | MiB after scrapes | CPU of a poll, µs |
| --- | --- | --- | --- |"""
_LATENESS: Final = """
## The schedule

![Lateness](images/bench-lateness.svg)

Polling ten thousand instances once a minute takes {share:.0%} of one core, with a server that answers after 100 ms.

A start takes a little longer than the latencies of the first polls together: the configuration is read and checked
before the first poll, and a worker also needs time between two replies. All workers make first polls until the first
instance is due for its second poll; then a quarter of the workers is reserved for such polls."""
_START: Final = """
## A start

The Python interpreter alone takes {python:.0f} ms of CPU, `--version` {version:.0f} ms: it loads only the flags and
logging. A start with ten instances takes {first:.0f} ms until the first `/metrics`, most of it for imports. Each row
shows what an import adds to the imports above it. The simulated Z-API is loaded only with `--demo`.

| import | ms | what for |
| --- | --- | --- |"""
_LEARNS: Final = {
    probers.BLACKBOX: "only whether an instance is connected",
    probers.JSON: "all fields of the reply",
}
_CHAIN: Final = """
## The whole chain

CPU seconds for polling and scraping 1,000 instances once, with a real Prometheus, at one poll and one scrape a minute;
measured at four times that rate.

| method | exporter | Prometheus | both | ratio | samples of an instance |
| --- | --- | --- | --- | --- | --- |"""
_RULES: Final = """
## The rules

A real Prometheus with an hour of samples scrapes ten thousand instances that all have the same problem, and evaluates
all shipped rules as it does in use: every thirty seconds, those of availability every twenty minutes. Prometheus
evaluates groups of rules at the same time: an evaluation takes as long as its longest group. Figures are seconds of
three evaluations; "CPU" is that of the whole process from one evaluation to the next, including a scrape of 280,000
series.

| problem | alerts | longest group | all groups | CPU |
| --- | --- | --- | --- | --- |"""
