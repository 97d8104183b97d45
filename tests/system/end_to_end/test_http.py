"""The installed command as slow clients see it, with and without TLS."""

import os
import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from exporter.httpd.limits import Limits
from harness.processes import Exporter, exporter
from tests.builders import client_tls
from tests.unit.httpd.certificates import write_files
from tests.unit.httpd.serving import Client

SLOW = 1_000
TRIES = 4
"""A machine busy with other things may spoil one, and a server that is held up spoils all."""
INSTANCES = 20
OF_POLLS = 2 * INSTANCES
"""Most connections between the poller and the simulated Z-API, counted at both ends: both are in one process."""


@dataclass(frozen=True)
class Target:
    """A running exporter, and how its clients speak TLS, if they do."""

    exporter: Exporter
    tls: ssl.SSLContext | None

    def connect(self) -> Client:
        connected = socket.create_connection(self.exporter.address, 30)
        if self.tls is None:
            return Client(connected)
        return Client(self.tls.wrap_socket(connected, server_hostname="127.0.0.1"))

    def answers_before_it_drops_a_slow_client(self, path: str) -> bool:
        """Ask, after a client that says nothing: who is held up by it is answered when it is given up."""
        with socket.create_connection(self.exporter.address, 30) as slow:
            with self.connect() as client:
                assert client.ask(path).status == 200
            slow.setblocking(False)
            try:
                return slow.recv(1) != b""
            except BlockingIOError:
                return True
            except ConnectionError:
                return False

    def count(self, what: str) -> int:
        return len(os.listdir(f"/proc/{self.exporter.process.pid}/{what}"))


@pytest.fixture(scope="module", params=["plain", "tls"])
def target(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    folder: Path = tmp_path_factory.mktemp("http")
    arguments, trusting = [f"--demo={INSTANCES}"], None
    if request.param == "tls":
        authority = trustme.CA()
        write_files(folder, authority)
        trusting = client_tls(authority)
        (folder / "web.yaml").write_text("tls_server_config: {cert_file: server.crt, key_file: server.key}\n")
        arguments.append(f"--web.config.file={folder / 'web.yaml'}")
    with exporter(folder, *arguments, ready=False) as running:
        yield Target(running, trusting)


def test_a_thousand_slow_clients_hold_up_nobody_and_cost_little(target: Target) -> None:
    threads, files, limits = target.count("task"), target.count("fd"), Limits()
    first_bytes = b"\x16\x03\x01\x02\x00\x01" if target.tls else b"GET /m"
    with ExitStack() as stack:
        slow = [
            stack.enter_context(socket.create_connection(target.exporter.address, 30)) for _ in range(SLOW)
        ]
        for byte in first_bytes[:3]:
            for client in slow[::2]:  # the others say nothing at all
                with suppress(OSError):  # it was dropped
                    client.send(bytes([byte]))
            for path in ("/metrics", "/-/healthy"):
                assert any(target.answers_before_it_drops_a_slow_client(path) for _ in range(TRIES))
            assert target.count("fd") <= files + limits.connections + OF_POLLS
            assert target.count("task") <= threads + limits.threads + limits.login_threads + OF_POLLS
