"""The series of all instances, kept as text.

A poll changes a few lines of one instance, and a scrape needs the lines of all instances. So a line is rendered when
its content changes, on a polling thread, together with lines of other instances. A scrape renders the rest and joins
the lines, only for families that have changed since the last scrape.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from itertools import compress
from operator import attrgetter, is_not
from typing import Any, Final

from exporter.fleet.store import InstanceView
from exporter.metrics.compression import Segment, SharedText
from exporter.metrics.instance_metrics import INSTANCE_METRICS, UNTIL_DUE, InstanceMetric, due
from exporter.metrics.text_format import Format, LabelText, header, sample_line, whole_number

_BATCH: Final = 16
"""Changed instances whose lines are rendered together: on a cold processor one alone takes up to four times as long."""

_VIEW_FIELDS: Final = tuple(field.name for field in fields(InstanceView))
_READERS: Final = {
    name: tuple(index for index, metric in enumerate(INSTANCE_METRICS) if name in metric.reads)
    for name in _VIEW_FIELDS
}
"""Field of a view → the metrics made of it, as indices of :data:`INSTANCE_METRICS`."""

_values: Final[Callable[[InstanceView], tuple[Any, ...]]] = attrgetter(*_VIEW_FIELDS)


@dataclass(slots=True)
class _Row:
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
        self._rows: dict[str, _Row] = {}
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
        kept = self._rows
        rows: dict[str, _Row] = {}
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
            rows[view.instance.name] = _Row(index, labels, view)
            until_due.append(until)
            for column, block in zip(blocks, made, strict=True):
                column.append(block)
        with self._lock:
            self._rows, self._columns, self._until_due = rows, [_Column(b) for b in blocks], until_due
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
            name, view = self._unrendered.popitem()  # one that cannot be rendered must keep no other from it
            row = self._rows[name]
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
