"""The series of all instances, kept as text.

A reading changes a few of an instance's lines, and a scrape asks for those of all instances. So lines are
rendered when a reading changes them, on the thread that polled, and a scrape only joins them.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from exporter.exposition.lines import Format, LabelText, header, number, sample_line
from exporter.fleet import InstanceView
from exporter.metrics import INSTANCE_METRICS, UNTIL_DUE, InstanceMetric, due, seconds_until


@dataclass(slots=True)
class _Row:
    """Where an instance's lines stand in the columns, and its labels."""

    index: int
    labels: LabelText


class InstanceLines:
    """One column of text for each metric, one row for each instance. A listener of the fleet."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rows: dict[str, _Row] = {}
        self._columns: list[list[bytes]] = [[] for _ in INSTANCE_METRICS]
        self._until_due: list[tuple[bytes, float] | None] = []
        self.version = 0
        """Grows with every change."""

    def changed(self, before: InstanceView, after: InstanceView) -> None:
        row = self._rows[after.instance.name]
        blocks = [_block(metric, row.labels, after) for metric in INSTANCE_METRICS]
        until = _until_due_head(row.labels, after)
        with self._lock:
            for column, block in zip(self._columns, blocks, strict=True):
                column[row.index] = block
            self._until_due[row.index] = until
            self.version += 1

    def replaced(self, views: Sequence[InstanceView]) -> None:
        rows = {
            view.instance.name: _Row(index, LabelText(view.instance.name, view.instance.labels))
            for index, view in enumerate(views)
        }
        labelled = [(rows[view.instance.name].labels, view) for view in views]
        columns = [[_block(metric, labels, view) for labels, view in labelled] for metric in INSTANCE_METRICS]
        until = [_until_due_head(labels, view) for labels, view in labelled]
        with self._lock:
            self._rows, self._columns, self._until_due = rows, columns, until
            self.version += 1

    def render(self, fmt: Format, now: float) -> bytes:
        """All families, at ``now`` in unix seconds."""
        with self._lock:
            columns = [list(column) for column in self._columns]
            until_due = list(self._until_due)
        parts: list[bytes] = []
        for metric, column in zip(INSTANCE_METRICS, columns, strict=True):
            parts.append(header(metric, fmt))
            parts += column
        parts.append(header(UNTIL_DUE, fmt))
        parts += [
            b"%s %s\n" % (head, number(seconds_until(moment, now)).encode())
            for head, moment in filter(None, until_due)
        ]
        return b"".join(parts)


def render_one(view: InstanceView, fmt: Format, now: float) -> bytes:
    """All families of one instance alone."""
    alone = InstanceLines()
    alone.replaced([view])
    return alone.render(fmt, now)


def _block(metric: InstanceMetric, labels: LabelText, view: InstanceView) -> bytes:
    return "".join(sample_line(metric.name, labels, sample) for sample in metric.samples(view)).encode()


def _until_due_head(labels: LabelText, view: InstanceView) -> tuple[bytes, float] | None:
    """The line of :data:`UNTIL_DUE` up to its value, and when the subscription ends."""
    moment = due(view)
    return None if moment is None else (f"{UNTIL_DUE.name}{labels.alone}".encode(), moment)
