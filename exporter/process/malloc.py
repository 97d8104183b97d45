"""How the C library allocates memory for threads."""

import contextlib
from typing import Final

_M_ARENA_MAX: Final = -8  # of glibc's malloc.h


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
