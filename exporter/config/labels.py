"""The label names that instances cannot have."""

import re
from typing import Final

from exporter.model.me_fields import WEBHOOK_FIELDS

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


def label_name(name: str) -> str:
    """Return the name itself. Raise :class:`ValueError` if the series of an instance cannot have such a label."""
    if not _LABEL_NAME.fullmatch(name):
        raise ValueError("is not a label name; use letters, digits and _, and do not begin with a digit")
    if name.startswith("__"):
        raise ValueError("is reserved because it begins with __; choose another name")
    if name in RESERVED_LABELS:
        raise ValueError("is a label that the exporter or Prometheus uses itself; choose another name")
    return name
