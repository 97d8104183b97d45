"""The text that answers a scrape: the instances, then the exporter itself.

A poll changes a few lines of one instance, and a scrape needs the lines of all instances. So a line is rendered when
its content changes, on a polling thread, together with lines of other instances. A scrape renders the rest and joins
the lines, only for families that have changed since the last scrape.

However many clients scrape at once, the instances are rendered and compressed once for each change and each second. The
exporter's own metrics are few, and are rendered for each scrape.
"""

import struct
import threading
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import Enum
from functools import lru_cache
from itertools import compress
from operator import attrgetter, is_not
from typing import Any, Final

from prometheus_client import CollectorRegistry
from prometheus_client import Metric as MetricFamily
from prometheus_client.exposition import generate_latest as generate_text
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.registry import Collector

from exporter.fleet.store import Fleet, InstanceView
from exporter.metrics.instance_metrics import INSTANCE_METRICS, UNTIL_DUE, InstanceMetric, due
from exporter.metrics.metric import Labels, Metric, Sample, go_number
from exporter.model.clock import Clock

_BATCH: Final = 16
"""Changed instances whose lines are rendered together: on a cold processor one alone takes up to four times as long."""

_VIEW_FIELDS: Final = tuple(field.name for field in fields(InstanceView))
_READERS: Final = {
    name: tuple(index for index, metric in enumerate(INSTANCE_METRICS) if name in metric.reads)
    for name in _VIEW_FIELDS
}
"""Field of a view → the metrics made of it, as indices of :data:`INSTANCE_METRICS`."""

_values: Final[Callable[[InstanceView], tuple[Any, ...]]] = attrgetter(*_VIEW_FIELDS)

_GZIP_HEADER: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_FINAL_BLOCK: Final = b"\x03\x00"
"""An empty deflate block that says it is the last."""
_LEVEL: Final = 1
_COMMON_VALUES: Final = {0.0: "0.0", 1.0: "1.0"}


class Format(Enum):
    """An exposition format, with its media type."""

    TEXT = "text/plain; version=0.0.4; charset=utf-8"
    OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


_GENERATE: Final[dict[Format, Callable[[Collector], bytes]]] = {
    Format.TEXT: generate_text,
    Format.OPENMETRICS: generate_openmetrics,
}
"""Write the exporter's own metrics."""


@dataclass(frozen=True, slots=True)
class Exposition:
    """What answers one scrape: pieces that many answers share, and then ``own``, which is this one's alone.

    The pieces are never put together for one answer: of thousands of instances they are tens of megabytes.
    """

    shared: tuple[bytes, ...]
    own: bytes

    def whole(self) -> bytes:
        return b"".join((*self.shared, self.own))


class Segment:
    """Some text, and its compressed form."""

    __slots__ = ("_deflated", "text")

    def __init__(self, text: bytes) -> None:
        self.text = text
        self._deflated: bytes | None = None

    def deflated(self) -> bytes:
        """Return whole deflate blocks that refer to nothing before them, so that they can follow any others."""
        if self._deflated is None:
            deflate = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
            self._deflated = deflate.compress(self.text) + deflate.flush(zlib.Z_FULL_FLUSH)
        return self._deflated


class SharedText:
    """Segments one after the other. They are compressed the first time that a client asks for gzip."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        self._texts = tuple(segment.text for segment in segments)
        self._segments = segments
        self._compressed: tuple[tuple[bytes, ...], int, int] | None = None

    def followed_by(self, rest: bytes) -> Exposition:
        """Return the text and ``rest``."""
        return Exposition(self._texts, rest)

    def gzipped_followed_by(self, rest: bytes) -> Exposition:
        """Return one gzip stream of the text and ``rest``."""
        stream, checksum, size = self._compressed = self._compressed or self._compress()
        trailer = struct.pack("<II", zlib.crc32(rest, checksum), (size + len(rest)) & 0xFFFFFFFF)
        return Exposition(stream, b"".join((Segment(rest).deflated(), _FINAL_BLOCK, trailer)))

    def _compress(self) -> tuple[tuple[bytes, ...], int, int]:
        """Return the beginning of a gzip stream of the text, the text's checksum and its size."""
        stream = (_GZIP_HEADER, *(segment.deflated() for segment in self._segments))
        return stream, _checksum(self._texts), sum(map(len, self._texts))


def _checksum(texts: Iterable[bytes]) -> int:
    checksum = 0
    for text in texts:
        checksum = zlib.crc32(text, checksum)
    return checksum


def header(metric: Metric, fmt: Format) -> bytes:
    """Return the ``HELP`` and ``TYPE`` lines of a family. No help text holds what would have to be escaped."""
    name = metric.name.removesuffix("_total") if fmt is Format.OPENMETRICS else metric.name
    return f"# HELP {name} {metric.help}\n# TYPE {name} {metric.type.value}\n".encode()


class LabelText:
    """The labels of one instance, ready to be joined by those of a sample: labels stand in order of name."""

    __slots__ = ("_around", "_pairs", "alone")

    def __init__(self, name: str, labels: Mapping[str, str]) -> None:
        self._pairs = sorted({**labels, "name": name}.items())
        self._around: dict[str, tuple[str, str]] = {}
        self.alone = "{" + ",".join(_pair(*pair) for pair in self._pairs) + "}"

    def with_labels(self, labels: Labels) -> str:
        """Return all labels, in braces."""
        if not labels:
            return self.alone
        if len(labels) == 1:
            ((label, value),) = labels
            before, after = self._around.get(label) or self._split(label)
            return f'{before}{label}="{escape(value)}"{after}'
        return "{" + ",".join(_pair(*pair) for pair in sorted([*self._pairs, *labels])) + "}"

    def _split(self, label: str) -> tuple[str, str]:
        before = "".join(_pair(*pair) + "," for pair in self._pairs if pair[0] < label)
        after = "".join("," + _pair(*pair) for pair in self._pairs if pair[0] > label)
        self._around[label] = around = ("{" + before, after + "}")
        return around


def sample_line(name: str, labels: LabelText, sample: Sample) -> str:
    own, value = sample
    return f"{name}{labels.with_labels(own)} {number(value)}\n"


@lru_cache(maxsize=64)  # several metrics share the time of a poll
def number(value: float) -> str:
    common = _COMMON_VALUES.get(value)
    if common is not None:
        return common
    return whole_number(int(value)) if value.is_integer() else go_number(value)


def whole_number(value: int) -> str:
    """Return what the library writes for a float of that value, in half of the time."""
    if not -1_000_000 < value < 10_000_000_000:
        return go_number(value)
    digits = str(value)
    if value < 1_000_000:
        return f"{digits}.0"
    mantissa = f"{digits[0]}.{digits[1:]}".rstrip("0.")
    return f"{mantissa}e+0{len(digits) - 1}"


def escape(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _pair(label: str, value: str) -> str:
    return f'{label}="{escape(value)}"'


@dataclass(slots=True)
class _Rendered:
    """The index of an instance in the columns, its labels, and the view from which its lines were rendered."""

    index: int
    labels: LabelText
    view: InstanceView


class _Column:
    """The lines of one family, a block for each instance."""

    def __init__(self, blocks: list[bytes]) -> None:
        self._blocks = blocks
        self._segment: Segment | None = None

    def at(self, index: int) -> bytes:
        return self._blocks[index]

    def put(self, index: int, block: bytes) -> None:
        if self._blocks[index] != block:
            self._blocks[index] = block
            self._segment = None

    def segment(self) -> Segment:
        if self._segment is None:
            self._segment = Segment(b"".join(self._blocks))
        return self._segment


class InstanceLines:
    """One column of text for each metric, one row for each instance. A listener of the fleet."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, _Rendered] = {}
        self._columns = [_Column([]) for _ in INSTANCE_METRICS]
        self._until_due: list[tuple[str, int] | None] = []
        self._headers: dict[Format, list[Segment]] = {}
        self._unrendered: dict[str, InstanceView] = {}
        self.version = 0
        """Grows with every change."""

    def changed(self, before: InstanceView, after: InstanceView) -> None:
        with self._lock:
            self._unrendered[after.instance.name] = after
            self.version += 1
            if len(self._unrendered) >= _BATCH:
                self._render_changed()

    def replaced(self, views: Sequence[InstanceView]) -> None:
        """Replace all views. The lines of an unchanged view are kept: a reload changes few."""
        with self._lock:
            self._render_changed()
        kept = self._known
        rows: dict[str, _Rendered] = {}
        blocks: list[list[bytes]] = [[] for _ in INSTANCE_METRICS]
        until_due: list[tuple[str, int] | None] = []
        for index, view in enumerate(views):
            old = kept.get(view.instance.name)
            if old is not None and old.view is view:
                labels, until = old.labels, self._until_due[old.index]
                made = [column.at(old.index) for column in self._columns]
            else:
                labels = LabelText(view.instance.name, view.instance.labels)
                until = _until_due_head(labels, view)
                made = [_block(metric, labels, view) for metric in INSTANCE_METRICS]
            rows[view.instance.name] = _Rendered(index, labels, view)
            until_due.append(until)
            for column, block in zip(blocks, made, strict=True):
                column.append(block)
        with self._lock:
            self._known, self._columns, self._until_due = rows, [_Column(b) for b in blocks], until_due
            self.version += 1

    def render(self, fmt: Format, now: float) -> SharedText:
        """Return all families, at ``now`` in unix seconds."""
        with self._lock:
            self._render_changed()
            columns = [column.segment() for column in self._columns]
            until_due = list(self._until_due)
            headers = self._headers.get(fmt) or self._make_headers(fmt)
        columns.append(Segment(_until_due_lines(until_due, now)))
        return SharedText([segment for family in zip(headers, columns, strict=True) for segment in family])

    def _render_changed(self) -> None:
        """Render the lines that have changed. Called with the lock held."""
        while self._unrendered:
            name, view = self._unrendered.popitem()  # removed first: an error must not block other views
            row = self._known[name]
            changed = tuple(compress(_VIEW_FIELDS, map(is_not, _values(row.view), _values(view))))
            for index in _stale(changed):
                self._columns[index].put(row.index, _block(INSTANCE_METRICS[index], row.labels, view))
            if "status" in changed:
                self._until_due[row.index] = _until_due_head(row.labels, view)
            row.view = view

    def _make_headers(self, fmt: Format) -> list[Segment]:
        headers = self._headers[fmt] = [
            Segment(header(metric, fmt)) for metric in (*INSTANCE_METRICS, UNTIL_DUE)
        ]
        return headers


def render_one(view: InstanceView, fmt: Format, now: float) -> bytes:
    """Return all families of one instance."""
    alone = InstanceLines()
    alone.replaced([view])
    return alone.render(fmt, now).followed_by(b"").whole()


@lru_cache(maxsize=64)
def _stale(changed: tuple[str, ...]) -> frozenset[int]:
    """Return the metrics made of these fields: most polls change the same few."""
    return frozenset(index for name in changed for index in _READERS[name])


def _block(metric: InstanceMetric, labels: LabelText, view: InstanceView) -> bytes:
    return "".join([sample_line(metric.name, labels, sample) for sample in metric.samples(view)]).encode()


def _until_due_head(labels: LabelText, view: InstanceView) -> tuple[str, int] | None:
    """Return the line of :data:`UNTIL_DUE` up to its value, and the unix second at which the subscription ends."""
    moment = due(view)
    return None if moment is None else (f"{UNTIL_DUE.name}{labels.alone} ", int(moment))


def _until_due_lines(until_due: Sequence[tuple[str, int] | None], now: float) -> bytes:
    second = int(now)
    lines = [head + whole_number(moment - second) for head, moment in filter(None, until_due)]
    return "\n".join([*lines, ""]).encode()


class Scrapes:
    """Answers scrapes. Safe to use from many threads."""

    def __init__(self, fleet: Fleet, lines: InstanceLines, registry: CollectorRegistry, clock: Clock) -> None:
        self._fleet = fleet
        self._lines = lines
        self._own = _WithoutCreated(registry)
        self._clock = clock
        self._locks = {fmt: threading.Lock() for fmt in Format}
        self._rendered: dict[Format, tuple[tuple[int, int], SharedText]] = {}

    def render(self, fmt: Format, *, gzip: bool) -> Exposition:
        """Return the whole exposition."""
        own = _GENERATE[fmt](self._own)
        with self._locks[fmt]:
            instances = self._instances(fmt)
            return instances.gzipped_followed_by(own) if gzip else instances.followed_by(own)

    def render_one(self, view: InstanceView, fmt: Format) -> bytes:
        """Return the text of one instance."""
        text = render_one(view, fmt, self._clock.time())
        return text + b"# EOF\n" if fmt is Format.OPENMETRICS else text

    def _instances(self, fmt: Format) -> SharedText:
        self._fleet.expire()
        now = self._clock.time()
        version = (self._lines.version, int(now))
        rendered = self._rendered.get(fmt)
        if rendered is None or rendered[0] != version:
            rendered = self._rendered[fmt] = version, self._lines.render(fmt, now)
        return rendered[1]


class _WithoutCreated(Collector):
    """A registry without the ``_created`` series, which say of a counter only when this process started."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def collect(self) -> Iterable[MetricFamily]:
        for family in self._registry.collect():
            family.samples = [sample for sample in family.samples if not sample.name.endswith("_created")]
            yield family
