"""The error for a process that cannot start because threads, file descriptors or memory are missing."""

import errno
from collections.abc import Callable
from typing import Final

_LACKING: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN})


class TooFewResources(Exception):
    """The process cannot start because threads, descriptors or memory are missing. The text says what to do."""

    def __init__(self) -> None:
        super().__init__(
            "the exporter cannot start: this machine allows it too few threads or file descriptors; raise the limits"
            " (ulimit -u, ulimit -n, the container's pids.max)"
        )


def is_lack(error: BaseException) -> bool:
    """Return whether an exception means that no file descriptor or memory is left."""
    return isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno in _LACKING)


def start(*parts: Callable[[], object]) -> None:
    """Start each part. Raise :class:`TooFewResources` where no thread, descriptor or memory is left for one."""
    try:
        for begin in parts:
            begin()
    except (RuntimeError, OSError, MemoryError):
        raise TooFewResources from None
