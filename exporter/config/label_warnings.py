"""Labels that are valid, but that the shipped alert rules drop or overwrite."""

from collections.abc import Iterable, Iterator
from typing import Final

from exporter.model.settings import Account, Instance

DROPPED_BY_RULES: Final = frozenset({"pod", "container", "endpoint", "service", "node"})
"""They identify an exporter, which may move or be one of a pair; ``instance`` is reserved anyway."""

OVERWRITTEN_BY_RULES: Final = frozenset({"alertname", "alertgroup", "severity"})
"""Labels that every alert has of its own."""


def label_warnings(instances: Iterable[Instance | Account]) -> Iterator[str]:
    """Yield one line for each such label, with an instance or an account that has it."""
    instances = list(instances)
    for label in sorted(DROPPED_BY_RULES | OVERWRITTEN_BY_RULES):
        names = [instance.name for instance in instances if label in instance.labels]
        if names:
            verb = "drop" if label in DROPPED_BY_RULES else "overwrite"
            others = f" and of {len(names) - 1} more" if len(names) > 1 else ""
            yield (
                f"the alert rules {verb} the label {label} of {names[0]!r}{others}: alerts cannot be routed by it;"
                " choose another name"
            )
