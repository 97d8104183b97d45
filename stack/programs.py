"""The three programs of the stack as child processes."""

import contextlib
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.ports import own_address

_PATIENCE: Final = 60.0
_GRACE: Final = 10.0


class CannotRun(Exception):
    """Says which program did not start or ended, and what it said last."""


@dataclass(frozen=True, slots=True)
class Program:
    """A running program. ``log`` is a file with all it says."""

    name: str
    process: "subprocess.Popen[bytes]"
    log: Path

    def check(self) -> None:
        """Raises :class:`CannotRun` if it has ended."""
        if self.process.poll() is not None:
            last = "\n".join(self.log.read_text(errors="replace").splitlines()[-5:])
            raise CannotRun(f"{self.name} ended with status {self.process.returncode}; it said:\n{last}")


@contextlib.contextmanager
def started(name: str, command: Sequence[str], directory: Path, ready_url: str) -> Iterator[Program]:
    """Run a program in a directory until the end of the ``with``, from when it answers at ``ready_url``.

    It has a session of its own: Ctrl+C reaches only the caller, who ends what it began in good order. Raises
    :class:`CannotRun`.
    """
    log = directory / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    program = Program(name, process, log)
    try:
        _await(program, ready_url)
        yield program
    finally:
        _end(process)


def free_address(usual_port: int) -> str:
    """The usual port of 127.0.0.1 where nobody listens on it, else any other; an address of its own for port 0."""
    if usual_port == 0 and sys.platform == "linux":
        return own_address()
    for port in (usual_port, 0):
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)) as listener:
            return f"127.0.0.1:{listener.getsockname()[1]}"
    raise CannotRun("no port of 127.0.0.1 is free: end some of the programs that listen there")


def _await(program: Program, url: str) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        program.check()
        with contextlib.suppress(OSError):
            urllib.request.urlopen(url, timeout=5).close()
            return
        if time.monotonic() > deadline:
            raise CannotRun(f"{program.name} did not answer at {url} within {_PATIENCE:g} s")
        time.sleep(0.1)


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(_GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
