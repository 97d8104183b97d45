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
        ("polling interval", [_seconds(column.interval) for column in columns]),
        ("requests to Z-API per second", [f"{column.requests_per_second:,.0f}" for column in columns]),
        (f"requests in flight, at {LATENCY * 1000:.0f} ms", [f"{column.in_flight:,}" for column in columns]),
        ("exporters (shards)", [f"{column.shards:,}" for column in columns]),
        ("cores of each exporter", [f"{column.shard_cores:.2f}" for column in columns]),
        ("memory of each exporter, GiB", [f"{column.shard_memory:.2f}" for column in columns]),
        (
            "size of `/metrics` of each, MB before gzip",
            [f"{column.page_megabytes:.0f}" for column in columns],
        ),
        ("series", [f"{column.series:,}" for column in columns]),
        ("Prometheus servers", [f"{column.servers:,}" for column in columns]),
        (
            "memory of each server, GiB, without queries",
            [f"{column.server_memory:.1f}" for column in columns],
        ),
        (
            "cores of each server, without rules and queries",
            [f"{column.server_cores:.2f}" for column in columns],
        ),
        (
            f"disk of all servers for {RETENTION_DAYS} days, GiB",
            [f"{column.disk:,.0f}" for column in columns],
        ),
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

The resources needed for a thousand to a million instances. `make bench` computes this page from its
[measurements](benchmarks.md) with ten thousand instances. Larger numbers are estimates: they were not tested. All
exporters and Prometheus servers are standard ones and share the work with features of Prometheus and Kubernetes.

{table}

## Where the numbers come from

- One exporter polls up to {shard:,} instances once a minute: this was measured on one core. Python uses only one core
  at a time, so give a larger fleet more shards, not more cores.
- An instance has about {series_each} series. In a measurement of some minutes, Prometheus used
  {bytes_per_series:,.0f} bytes of memory for each series and {micros_per_sample:.1f} µs of CPU for each sample; a
  scrape of {shard:,} instances took at most {longest_scrape:.1f} s. A server that has run for hours needs more: plan
  for twice as much.
- Each collector in `collect` adds a request to each poll of an instance, on the same connection: with `status` and
  `queue` there are three times as many requests to Z-API, and one more, to `/queue`, while messages wait. The two
  collectors add up to nine series. A poll with three requests took about 1.6 times the CPU of a poll with one; the
  latest figures are in the table of [polls](benchmarks.md#a-poll). Without collectors, the rules of phones, sessions
  and queues have no series.
- Scrapes are a minute apart, like polls: more scrapes would bring no new values. A sample takes {bytes_per_sample}
  bytes on disk.
- One Prometheus server has at most {server_series:,} series, so that it restarts within minutes.

## Which limit is reached first

1. **Rate limits of Z-API.** They are not published. Polling {hundred_thousand.instances:,} instances once a minute
   takes {hundred_thousand.requests_per_second:,.0f} requests per second to one host, and a million would take
   {million_each_minute:,.0f}. Ask Z-API first, use longer intervals, and let the shards use several addresses. The
   exporter waits after a response 429, as long as its `Retry-After` says, and counts it:
   `sum(rate(zapi_exporter_polls_total{{outcome="rate_limited"}}[5m]))`. If you raise `interval`, raise `stale_after`
   too.
2. **Memory of Prometheus**, at about {server_series:,} series for one server. Before you add servers, drop series that
   you do not use: `zapi_instance_webhook_configured` and `zapi_instance_setting_enabled` are ten of the series of an
   instance, and `metric_relabel_configs` drops them before they are stored.
3. **Limits of a scrape.** `/metrics` of a full shard requires `sample_limit: {sample_limit:,.0f}` or none, and a
   `body_size_limit` above the size in the table. Hosted Prometheus often has its own limits.
4. **The core of the exporter.** With more than {shard:,} instances a minute, `zapi_exporter_poll_lateness_seconds`
   grows, and the log says that polls are late. Add a shard.

Connections and file descriptors are far from any limit: a shard has as many connections as polls in flight.

## Up to 10,000 instances

Use one exporter with `polling: {{interval: 60s, concurrency: 32}}` and one Prometheus server. If Z-API answers slowly,
raise `concurrency`: it must be higher than the number of requests in flight. A second replica of both improves
availability; it does not share the load, and doubles the requests.

## 100,000 instances

Use {hundred_thousand.shards} shards in a StatefulSet, as in [operations.md](operations.md#shards) and
[deploy/kubernetes](../deploy/kubernetes); all read the same configuration. One Prometheus server scrapes all shards. It
needs {hundred_thousand.server_memory:.0f} GiB for the series and the same again for queries. The rules in
[prometheus/](../prometheus/README.md) record sums over all instances: use these in dashboards.

## 1,000,000 instances

Use {million.shards} shards, each of which polls {shard:,} instances every {million.interval} s, and {million.servers}
Prometheus servers. Each server scrapes a part of the shards: select it with `hashmod` on the address of the target,
as in [multi-target.md](multi-target.md), or with `shards` of the Prometheus Operator, which creates the same
relabelling. Query all servers together through Thanos, Mimir or federation of the recorded sums. The number of shards
should be a multiple of the number of servers. Several smaller StatefulSets, one for each team or customer and each
with its own configuration, are easier to operate than a large one: in a large one, a reload reads the whole file in
every pod.
"""
