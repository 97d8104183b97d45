"""Results → ``docs/scaling.md``: what is needed at sizes that no single machine here can hold.

Everything is computed from what was measured at ten thousand instances and from the assumptions named below.
"""

from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Final

from bench.results import Results
from bench.upstream import LATENCY

FILE: Final = Path(__file__).parents[1] / "docs" / "scaling.md"

SHARD: Final = 10_000
"""Most instances of one exporter at one poll a minute: what was measured on one core."""
SERVER_SERIES: Final = 5_000_000
"""Most series of one Prometheus server that is still easy to run: it must replay its log at each start."""
BYTES_PER_SAMPLE: Final = 1.5
"""On disk, as Prometheus' documentation says: one to two."""
RETENTION_DAYS: Final = 15
SCRAPE_INTERVAL: Final = 60

SIZES: Final = ((1_000, 60), (10_000, 60), (100_000, 60), (1_000_000, 300))
"""Instances, and the seconds between two polls of one that are recommended for so many."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What so many instances need. Memory is in GiB."""

    instances: int
    interval: int
    requests_per_second: float
    in_flight: int
    shards: int
    shard_cores: float
    shard_memory: float
    page_megabytes: float
    series: int
    servers: int
    server_memory: float
    server_cores: float
    disk: float


def needs(instances: int, interval: int, results: Results) -> Needs:
    """Raises :class:`ValueError` where the measurements it takes were not made."""
    schedule, server, sizes, scrapes = results.schedule, results.server, results.sizes, results.scrapes
    if schedule is None or server is None or len(sizes) < 2 or not scrapes:
        raise ValueError("measure schedule, server, sizes and scrapes first")
    largest, page = sizes[-1], scrapes[-1]
    # A longer interval lets one exporter poll more, but what it holds and sends grows with its instances.
    shards = ceil(instances / SHARD)
    each = instances / shards
    core_seconds_per_poll = schedule.cpu_share * schedule.interval / schedule.instances
    per_instance = (largest.resident - sizes[0].resident) / (largest.instances - sizes[0].instances)
    series_each = page.series / page.instances
    series = round(instances * series_each)
    servers = ceil(series / SERVER_SERIES)
    samples_per_second = series / SCRAPE_INTERVAL
    return Needs(
        instances=instances,
        interval=interval,
        requests_per_second=instances / interval,
        in_flight=ceil(instances / interval * LATENCY),
        shards=shards,
        shard_cores=each * core_seconds_per_poll / interval,
        shard_memory=(sizes[0].resident + per_instance * (each - sizes[0].instances)) / 1024,
        page_megabytes=page.bytes / page.instances * each / 1e6,
        series=series,
        servers=servers,
        server_memory=series / servers * server.bytes_per_series / 2**30,
        server_cores=samples_per_second / servers * server.micros_per_sample / 1e6,
        disk=samples_per_second * 86_400 * RETENTION_DAYS * BYTES_PER_SAMPLE / 2**30,
    )


def write(results: Results) -> None:
    """Does nothing where what it takes was not measured."""
    if results.schedule and results.server and results.sizes and results.scrapes:
        FILE.write_text(text(results))


def text(results: Results) -> str:
    columns = [needs(instances, interval, results) for instances, interval in SIZES]
    rows = [
        ("interval of polls", [_seconds(column.interval) for column in columns]),
        ("requests to Z-API a second", [f"{column.requests_per_second:,.0f}" for column in columns]),
        (f"requests in flight, at {LATENCY * 1000:.0f} ms", [f"{column.in_flight:,}" for column in columns]),
        ("exporters (shards)", [f"{column.shards:,}" for column in columns]),
        ("cores of each", [f"{column.shard_cores:.2f}" for column in columns]),
        ("memory of each, GiB", [f"{column.shard_memory:.2f}" for column in columns]),
        ("page of each, MB before gzip", [f"{column.page_megabytes:.0f}" for column in columns]),
        ("series", [f"{column.series:,}" for column in columns]),
        ("Prometheus servers", [f"{column.servers:,}" for column in columns]),
        ("memory of each, GiB, without queries", [f"{column.server_memory:.1f}" for column in columns]),
        ("cores of each, without rules and queries", [f"{column.server_cores:.2f}" for column in columns]),
        (f"disk of all for {RETENTION_DAYS} days, GiB", [f"{column.disk:,.0f}" for column in columns]),
    ]
    head = ["instances", *(f"{column.instances:,}" for column in columns)]
    table = [_row(head), _row(["---"] * len(head)), *(_row([name, *cells]) for name, cells in rows)]
    million = columns[-1]
    assert results.server is not None
    return _TEXT.format(
        table="\n".join(table),
        shard=SHARD,
        server_series=SERVER_SERIES,
        series_each=columns[-1].series // columns[-1].instances,
        bytes_per_series=results.server.bytes_per_series,
        micros_per_sample=results.server.micros_per_sample,
        longest_scrape=results.server.longest_scrape,
        hundred_thousand=columns[-2],
        million=million,
        million_each_minute=million.instances / 60,
        sample_limit=round(SHARD * columns[-1].series / columns[-1].instances * 1.2, -4),
        bytes_per_sample=BYTES_PER_SAMPLE,
    )


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _seconds(seconds: int) -> str:
    return f"{seconds // 60} min"


_TEXT: Final = """# Scaling

What is needed from a thousand instances to a million. `make bench` computes this page from its
[measurements](benchmarks.md) at ten thousand instances, so it is a plan and no test: nobody ran a million here.
Every exporter and every Prometheus server below is the ordinary one; they share the work by Prometheus' and
Kubernetes' own means.

{table}

## Where the numbers come from

- One exporter takes {shard:,} instances, polled once a minute: so many were measured on one core. Python runs
  on one core at a time, so a second core does not help it; a second shard does.
- An instance has about {series_each} series. Prometheus took {bytes_per_series:,.0f} bytes of memory for each and
  {micros_per_sample:.1f} µs of CPU for each sample in a run of minutes; its scrape of {shard:,} instances took
  at most {longest_scrape:.1f} s. A server that has run for hours holds more: plan for twice as much.
- Each collector of `collect` is one more request in the slot of an instance, on the same connection: with `status` and
  `queue` there are three times as many requests to Z-API, and `/queue` itself where messages wait. They add up to nine
  series. A slot of three requests took about 1.6 times the CPU of one (median of seven turns each, 1.2 to 1.8 but for
  one); the newest figures are in the table of [polls](benchmarks.md#a-poll). Where no collector is asked, the rules
  of collectors.yaml have no series.
- Scrapes are a minute apart, as polls are: more often brings nothing new. A sample takes {bytes_per_sample} bytes
  on disk.
- One Prometheus server is given at most {server_series:,} series, so that it starts again within minutes.

## What gives way first

1. **Z-API's rate limits.** They are not published. {hundred_thousand.instances:,} instances a minute are
   {hundred_thousand.requests_per_second:,.0f} requests a second to one host, and a million would be
   {million_each_minute:,.0f}: ask Z-API before, poll at longer intervals, and let shards leave through several
   addresses. A 429 is obeyed, with `Retry-After`, and counted:
   `sum(rate(zapi_exporter_polls_total{{outcome="rate_limited"}}[5m]))`. Raise `stale_after` with `interval`.
2. **Prometheus' memory**, at about {server_series:,} series for one server. Before adding servers, drop what you
   do not ask: `zapi_instance_webhook_configured` and `zapi_instance_setting_enabled` are ten of an instance's
   series, and `metric_relabel_configs` drops them before they are stored.
3. **Limits of a scrape.** A full shard's page needs `sample_limit: {sample_limit:,.0f}` or none, and a
   `body_size_limit` above the size in the table. Hosted Prometheus often has limits of its own.
4. **The exporter's core.** Above {shard:,} instances a minute `zapi_exporter_poll_lateness_seconds` grows, and the log
   says that polls are late. Add a shard.

Connections and file descriptors are far from any limit: a shard keeps as many connections as it has polls in flight.

## Up to 10,000 instances

One exporter with `polling: {{interval: 60s, concurrency: 32}}`, one Prometheus server. Raise `concurrency` where
Z-API answers slowly: it must be above the requests in flight. A second replica of both is for availability, not
for load, and doubles the requests.

## 100,000 instances

{hundred_thousand.shards} shards in a StatefulSet, as [operations.md](operations.md#shards) and
[deploy/kubernetes](../deploy/kubernetes) show; all read the same configuration. One Prometheus server with
{hundred_thousand.server_memory:.0f} GiB for its series and as much again for queries scrapes all shards. Record
the fleet's sums with the rules in [prometheus/](../prometheus/README.md) and let dashboards ask for those.

## 1,000,000 instances

{million.shards} shards, each {shard:,} instances every {million.interval} s, and {million.servers} Prometheus servers.
Let each server scrape its part of the shards, by `hashmod` on the target's address as
[multi-target.md](multi-target.md) does, or by `shards` of the Prometheus Operator, which writes the same
relabelling. Query them together through Thanos, Mimir or federation of the recorded sums. The number of
shards is best a multiple of the number of servers. Several smaller StatefulSets, one for each team or customer and each
with a configuration of its own, are easier to run than one large: a reload reads the whole file in each of its pods.
"""
