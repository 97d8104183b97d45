"""Memory arenas and core dumps of the process, and the error if threads, descriptors or memory are missing."""

import contextlib
import errno
import resource
from collections.abc import Callable
from typing import Final

_NO_CORE: Final = 1
"""Bytes. A limit of 1 prevents core files and, on Linux, also cores that are piped to a program such as
systemd-coredump; a limit of 0 does not prevent the latter."""
_M_ARENA_MAX: Final = -8  # of glibc's malloc.h
_LACKING: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN})


def forbid_core_dumps() -> None:
    """Prevent core dumps of this process: files with its memory, and thus with every token."""
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    limit = _NO_CORE if hard == resource.RLIM_INFINITY else min(_NO_CORE, hard)
    resource.setrlimit(resource.RLIMIT_CORE, (limit, limit))


def use_one_arena() -> None:
    """Have all threads allocate memory from one arena. Call this before any thread is started.

    glibc gives threads separate arenas, and each arena keeps the memory that the largest replies once needed: with 32
    workers this doubled the memory. The interpreter runs one thread at a time, so one arena is as fast. Other C
    libraries have no such arenas.
    """
    with contextlib.suppress(
        ImportError, AttributeError
    ):  # a Python without ctypes, or a libc without mallopt
        import ctypes

        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


class TooFewResources(Exception):
    """The process cannot start because threads, descriptors or memory are missing. The text says what to do."""

    def __init__(self) -> None:
        super().__init__(
            "the exporter cannot start: too few threads, file descriptors or memory are available; raise the limits"
            " (ulimit -u, ulimit -n, the container's pids.max and memory)"
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
