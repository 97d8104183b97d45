"""What tests fetch once and keep."""

import os
from pathlib import Path


def cache() -> Path:
    """A directory of the user's that outlives a run; it can be deleted at any time."""
    directory = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "zapi-exporter-tests"
    directory.mkdir(parents=True, exist_ok=True)
    return directory
