"""The installed exporter when its own web server fails: it goes on, or it ends with status 1 and says why."""

import socket
import sys
from pathlib import Path
from typing import Final

from harness.processes import Exporter, exporter, get
from harness.waiting import comes_true

PROGRAM: Final = """
import asyncio, sys
from exporter import __main__

accept = asyncio.SelectorEventLoop.sock_accept
left = [1]

async def failing(loop, listener):
    accepted = await accept(loop, listener)
    if left:
        accepted[0].close()
        raise left.pop() and {error}
    return accepted

asyncio.SelectorEventLoop.sock_accept = failing
sys.exit(__main__.main())
"""


def failing(error: str) -> tuple[str, ...]:
    return (sys.executable, "-c", PROGRAM.replace("{error}", error))


def connect_and_lose(running: Exporter) -> None:
    """Be the client whose connection meets the failure."""
    with socket.create_connection(running.address, 30) as lost:
        assert lost.recv(1) == b""


def test_an_accept_that_lacks_memory_costs_one_connection(tmp_path: Path) -> None:
    program = failing("MemoryError()")
    with exporter(tmp_path, "--demo=3", program=program, ready=False) as running:
        connect_and_lose(running)
        assert "alive" in get(f"{running.url}/-/healthy")
        assert running.process.poll() is None
    assert "MemoryError" in running.log.read_text()


def test_a_server_that_ends_by_itself_ends_the_process_with_status_1(tmp_path: Path) -> None:
    program = failing("KeyboardInterrupt()")
    with exporter(tmp_path, "--demo=3", program=program, ready=False) as running:
        connect_and_lose(running)
        assert comes_true(lambda: running.process.poll() is not None, 60.0)
        assert running.process.returncode == 1
    errors = [line for line in running.log.read_text().splitlines() if "level=error" in line]
    assert any("the web server has stopped" in line for line in errors)
    assert "Traceback" not in running.log.read_text()
