"""One arena for all threads, and what is said where the machine lacks something."""

import errno
import subprocess
import sys

import pytest

from exporter.process.resources import TooFewResources, is_lack, start

SCRIPT = """
import ctypes, threading
from exporter.process.resources import use_one_arena

{prepare}
together = threading.Barrier(9)

def take() -> None:
    taken = bytearray(100_000)
    together.wait()

threads = [threading.Thread(target=take) for _ in range(8)]
for thread in threads:
    thread.start()
together.wait()
libc = ctypes.CDLL(None)
libc.fdopen.restype = ctypes.c_void_p
stdout = ctypes.c_void_p(libc.fdopen(1, b"w"))
libc.malloc_info(0, stdout)
libc.fflush(stdout)
"""


@pytest.mark.parametrize(("prepare", "is_one"), [("use_one_arena()", True), ("", False)])
def test_threads_share_one_arena_once_they_are_told_to(prepare: str, is_one: bool) -> None:
    command = [sys.executable, "-c", SCRIPT.format(prepare=prepare)]
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (told.stdout.count("<heap nr=") == 1) is is_one


@pytest.mark.parametrize(
    ("error", "lacks"),
    [
        (MemoryError(), True),
        (OSError(errno.EMFILE, "Too many open files"), True),
        (PermissionError(errno.EACCES, "Permission denied"), False),
        (RuntimeError("can't start new thread"), False),
    ],
)
def test_a_part_that_cannot_start_is_told_in_our_words(error: Exception, lacks: bool) -> None:
    def begin() -> None:
        raise error

    with pytest.raises(TooFewResources, match="raise the limits"):
        start(lambda: None, begin)
    assert is_lack(error) is lacks
