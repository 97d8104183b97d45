"""Core dumps are files with the memory of the process, and thus with every token."""

import resource
from typing import Final

_NO_CORE: Final = 1
"""Bytes. Too few for a file, and by this very number Linux also gives a program such as systemd-coredump none: a limit
of 0 does not hold for a core that is piped."""


def forbid_core_dumps() -> None:
    """Prevent core dumps of this process."""
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    limit = _NO_CORE if hard == resource.RLIM_INFINITY else min(_NO_CORE, hard)
    resource.setrlimit(resource.RLIMIT_CORE, (limit, limit))
