"""How the C library hands memory to threads."""

import contextlib
from typing import Final

_M_ARENA_MAX: Final = -8  # of glibc's malloc.h


def use_one_arena() -> None:
    """Have all threads allocate memory from one arena. Call this before any thread is started.

    glibc gives threads arenas of their own, and each keeps what the largest replies of its threads once took: 32
    workers came to hold twice as much. As the interpreter runs one thread at a time, one arena serves them as well.
    Other C libraries have no arenas to limit.
    """
    with contextlib.suppress(
        ImportError, AttributeError
    ):  # a Python without ctypes, or a libc without mallopt
        import ctypes

        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)
