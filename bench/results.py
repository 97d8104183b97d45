"""What was measured, as it is kept in ``bench/results.json``. Times are seconds unless a name says otherwise."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from bench.spread import Spread

FILE: Final = Path(__file__).parent / "results.json"


@dataclass(frozen=True, slots=True)
class Machine:
    """Where it was measured, in general words."""

    cores: int
    memory_gib: int
    system: str
    python: str
    openssl: str
    load: float
    """The load average when the run began: what others had the machine do."""
    date: str
    nice: int = 0
    """Niceness of all that was measured; below 0 it goes before what others do."""


@dataclass(frozen=True, slots=True)
class Polls:
    """CPU of one poll over HTTPS in µs, by contender, and ours as a multiple of each other contender's."""

    micros: Mapping[str, Spread]
    ratios: Mapping[str, Spread]
    handshakes: int
    polls: int
    """Over which those handshakes were counted."""
    cold_millis: Spread
    """CPU of a poll that has to connect first, in ms."""
    versions: Mapping[str, str] = field(default_factory=dict)
    """Of the peers that are programs of their own."""


@dataclass(frozen=True, slots=True)
class Scrapes:
    """CPU of one scrape of so many instances in ms: ours, the stock library's and a copy of the bytes."""

    instances: int
    bytes: int
    series: int
    ours: Mapping[str, Spread]
    stock: Mapping[str, Spread]
    of_stock: Mapping[str, Spread]
    first_gzip: float
    copy: Spread
    of_copy: Spread
    of_copy_fresh: Spread
    """The same where neither finds memory of the allocator's that is in use already."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """So many clients at once that ask again and again, with gzip."""

    clients: int
    instances: int
    scrapes: int
    p50: float
    p99: float


@dataclass(frozen=True, slots=True)
class Size:
    """The running exporter with so many instances, which it polls ``rate`` times a second altogether."""

    instances: int
    rate: float
    cpu_per_poll_micros: Spread
    resident_polled: float
    """MiB, once every instance was polled."""
    resident: float
    """MiB, after scrapes in every format."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """10,000 instances on one core with an upstream that waits 100 ms."""

    instances: int
    interval: float
    concurrency: int
    ready: float
    ready_cpu: float
    ideal: float
    seconds: float
    polls: int
    polled_too_rarely: int
    lateness: Mapping[str, float]
    """Upper bound of a bucket → share of the polls that were at most so late."""
    cpu_share: float
    """Of one core."""


@dataclass(frozen=True, slots=True)
class Start:
    """CPU of a start in ms, and which imports it consists of."""

    python: Spread
    version: Spread
    first_metrics: Spread
    imports: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Page:
    """The status page of 10,000 instances in Chromium, in ms."""

    first_paint: Spread
    filter: Spread


@dataclass(frozen=True, slots=True)
class Chain:
    """CPU seconds of 1,000 instances a minute: of what exports them, of Prometheus, and how many samples came."""

    exporter: float
    prometheus: float
    samples_per_instance: float


@dataclass(frozen=True, slots=True)
class Server:
    """A real Prometheus that scrapes ten thousand instances from one exporter."""

    series: int
    bytes_per_series: float
    """Of resident memory, beyond that of a server that scrapes nothing."""
    micros_per_sample: float
    longest_scrape: float


@dataclass(frozen=True, slots=True)
class RuleCost:
    """What rules cost while all instances are in one trouble.

    Groups are evaluated at the same time: ``longest`` is the seconds of the longest group of an evaluation, ``total``
    those of all groups together. ``cpu`` is the CPU seconds of Prometheus from one evaluation to the next, with a
    scrape, and ``alerts`` how many fire.
    """

    longest: Spread
    total: Spread
    cpu: float
    alerts: int


@dataclass(frozen=True, slots=True)
class Results:
    machine: Machine
    missing: Mapping[str, str] = field(default_factory=dict)
    """What could not be measured, and why."""
    polls: Polls | None = None
    scrapes: tuple[Scrapes, ...] = ()
    crowd: Crowd | None = None
    sizes: tuple[Size, ...] = ()
    schedule: Schedule | None = None
    start: Start | None = None
    page: Page | None = None
    chain: Mapping[str, Chain] = field(default_factory=dict)
    server: Server | None = None
    rules: Mapping[str, RuleCost] = field(default_factory=dict)
    """Trouble of ten thousand instances → what the rules cost meanwhile."""


def load() -> Results:
    results: Results = TypeAdapter(Results).validate_json(FILE.read_bytes())
    return results


def save(results: Results) -> None:
    FILE.write_text(json.dumps(asdict(results), indent=1, default=dict) + "\n")
