"""The label names that instances cannot have, and those that the shipped alert rules drop or overwrite."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from exporter.model.me_fields import WEBHOOK_FIELDS
from exporter.model.settings import Account, Instance

RESERVED_LABELS: Final = frozenset(
    {
        # identity, and what Prometheus itself adds or gives a meaning
        *("name", "instance", "job", "le", "quantile"),
        # of the instances' metrics
        *("reason", "status", "webhook", "id", "display_name", "setting", "collector", "session"),
        *WEBHOOK_FIELDS,
        # of the exporter's metrics
        *("version", "python_version", "source", "outcome", "field"),
        # of the client library's metrics
        *("implementation", "major", "minor", "patchlevel", "generation"),
    }
)
"""Every label that a metric of the exporter uses or that Prometheus gives a meaning, but for those in ``__``."""

_LABEL_NAME: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*", re.ASCII)

DROPPED_BY_RULES: Final = frozenset({"pod", "container", "endpoint", "service", "node"})
"""They identify an exporter, which may be moved or replicated; ``instance`` is reserved anyway."""
OVERWRITTEN_BY_RULES: Final = frozenset({"alertname", "alertgroup", "severity"})
"""Labels that every alert has of its own."""


def label_name(name: str) -> str:
    """Return the name itself. Raise :class:`ValueError` if the series of an instance cannot have such a label."""
    if not _LABEL_NAME.fullmatch(name):
        raise ValueError("is not a label name; use letters, digits and _, and do not begin with a digit")
    if name.startswith("__"):
        raise ValueError("is reserved because it begins with __; choose another name")
    if name in RESERVED_LABELS:
        raise ValueError("is a label that the exporter or Prometheus uses itself; choose another name")
    return name


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
