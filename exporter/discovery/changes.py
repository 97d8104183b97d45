"""Which instances come and go with a reload or a list → log lines."""

import logging
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Final

from exporter.model.settings import Config, Instance

MOST_NAMED: Final = 20
"""Instances that are named at each change; the first line has the counts of all."""

_log = logging.getLogger(__name__)


def log_changes(message: str, old: Config, new: Config) -> None:
    """Log ``message`` with counts, then a line for each instance that came or went, the first few of them."""
    before = {instance.name: instance for instance in old.instances}
    after = {instance.name: instance for instance in new.instances}
    added, removed = _without(after, before), _without(before, after)
    counts = {
        "instances": len(after),
        "added": len(added),
        "removed": len(removed),
        "changed": sum(before[name] != after[name] for name in before.keys() & after.keys()),
    }
    _log.info(message, extra=counts)
    _name("an instance was removed", removed)
    _name("an instance was added", added)


def _without(some: Mapping[str, Instance], others: Mapping[str, Instance]) -> list[Instance]:
    return [instance for name, instance in some.items() if name not in others]


def _name(message: str, instances: Iterable[Instance]) -> None:
    for instance in islice(instances, MOST_NAMED):
        _log.info(message, extra={"instance": instance.name, "source": instance.source})
