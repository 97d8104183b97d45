"""A process that has no file descriptor left."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from harness.waiting import wait_until
from tests.unit.httpd.serving import PATIENCE, REQUEST, Client, open_connections

PROGRAM = """
import json, logging, os, resource, sys, time
from exporter.model.clock import SystemClock
from exporter.httpd.message import Response
from exporter.httpd.server import Server
from exporter.httpd.bind import bind
from exporter.httpd.limits import Limits

logging.basicConfig(stream=sys.stderr, format="%(levelname)s %(message)s: %(error)s", level=logging.WARNING)
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
patient = Limits(head=3600.0)
server = Server(lambda request: Response(200, b"alive"), [bind("127.0.0.1:0")], clock=SystemClock(), limits=patient)
server.start()
held = []

def say(**facts):
    print(json.dumps(facts), flush=True)

say(address=server.addresses[0])
for line in sys.stdin:
    if line.strip() == "starve":
        try:
            while True:
                held.append(os.open("/dev/null", os.O_RDONLY))
        except OSError:
            pass
    elif line.strip() == "recover":
        for number in held:
            os.close(number)
    say(cpu=time.process_time())
server.close(0.0)
"""


class Starving:
    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.address = str(self._hear()["address"])

    def client(self) -> Client:
        host, _, port = self.address.partition(":")
        return Client(socket.create_connection((host, int(port)), PATIENCE))

    def tell(self, command: str) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{command}\n")
        self._process.stdin.flush()
        return self._hear()

    def errors(self) -> list[str]:
        """Ends the process."""
        _, errors = self._process.communicate(timeout=PATIENCE)
        return errors.splitlines()

    def _hear(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        facts: dict[str, Any] = json.loads(self._process.stdout.readline())
        return facts


@pytest.fixture
def starving() -> Iterator[Starving]:
    arguments = [sys.executable, "-c", PROGRAM]
    pipe = subprocess.PIPE
    with subprocess.Popen(arguments, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            yield Starving(process)
        finally:
            process.kill()


def test_a_server_without_file_descriptors_waits_quietly_and_recovers(starving: Starving) -> None:
    before = starving.tell("starve")
    with starving.client() as client:
        client.socket.settimeout(1.0)
        client.send(REQUEST)
        with pytest.raises(TimeoutError):
            client.socket.recv(1)
        after = starving.tell("recover")
        client.socket.settimeout(PATIENCE)
        assert client.answer().body == b"alive"
    assert after["cpu"] - before["cpu"] < 0.5  # of the second it waited
    assert starving.errors() == ["ERROR connections cannot be accepted; retrying: Too many open files"]


def test_a_server_gives_a_slow_clients_descriptor_to_the_next(starving: Starving) -> None:
    with starving.client() as slow:
        slow.send(b"GET /")
        wait_until(lambda: open_connections(starving.address) == 1)
        starving.tell("starve")
        with starving.client() as good:
            good.send(REQUEST)
            assert good.answer().body == b"alive"
        assert slow.was_closed()


def test_connections_take_at_most_half_of_the_descriptors(starving: Starving) -> None:
    with ExitStack() as stack:
        slow = [stack.enter_context(starving.client()) for _ in range(100)]
        assert stack.enter_context(starving.client()).ask("/").body == b"alive"
        wait_until(lambda: open_connections(starving.address) == 32)
        assert all(client.was_closed() for client in slow[:-32])
