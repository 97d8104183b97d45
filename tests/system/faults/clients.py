"""Clients that would keep others from the exporter's port, and a scraper at some distance."""

import asyncio
import base64
import contextlib
import http.client
import resource
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import bcrypt
import trustme

from harness.processes import Exporter, eventually, exporter
from tests.system.faults.promise import Result, Tell

_IDLE: Final = 520
_SILENT_A_SECOND: Final = 50
_ROUND_TRIPS: Final = (0.001, 0.03, 0.1)
_SCRAPES: Final = 4
_PATIENCE: Final = 60.0
"""Seconds for which Prometheus waits."""
_GUESSING: Final = 24
_SHAKING: Final = 8
_FLOODER: Final = "127.0.0.2"
_COST: Final = 10
"""Of the passwords' hashes: what htpasswd is told in the documents."""


@dataclass(frozen=True)
class Guard:
    """What stands before the routes, and how a client gets past it."""

    name: str
    config: Path | None = None
    tls: ssl.SSLContext | None = None

    def headers(self, password: str = "right") -> dict[str, str]:
        pair = base64.b64encode(f"ana:{password}".encode()).decode()
        return {} if self.config is None else {"Authorization": f"Basic {pair}"}

    def connection(self, address: tuple[str, int]) -> http.client.HTTPConnection:
        if self.tls is None:
            return http.client.HTTPConnection(*address, timeout=_PATIENCE)
        return http.client.HTTPSConnection(*address, timeout=_PATIENCE, context=self.tls)

    def status(self, connection: http.client.HTTPConnection, password: str = "right") -> int:
        """The status of one scrape; 0 where there is no answer."""
        try:
            connection.request("GET", "/metrics", headers=self.headers(password))
            with connection.getresponse() as answer:  # which holds the socket where the server closes
                answer.read()
        except (OSError, http.client.HTTPException):
            return 0
        return answer.status


def of_clients(directory: Path, tell: Tell) -> Iterator[Result]:
    """Idle and silent ones on a plain port and on a guarded one; there also TLS handshakes and guessed passwords."""
    with _many_descriptors():
        for guard in (Guard("open"), _guarded(directory)):
            tell(f"{_IDLE} idle clients, {guard.name}")
            work = directory / guard.name
            work.mkdir()
            flags = [] if guard.config is None else [f"--web.config.file={guard.config}"]
            with exporter(work, "--demo=3", *flags, ready=False) as running:
                yield from _beside_idle_clients(running, guard)
                if guard.config is not None:
                    tell("TLS handshakes")
                    yield _beside_handshakes(running, guard)
                    tell("guessed passwords")
                    yield _beside_guesses(running, guard)


def _beside_idle_clients(running: Exporter, guard: Guard) -> Iterator[Result]:
    with ExitStack() as held:
        for _ in range(_IDLE):
            guard.status(held.enter_context(contextlib.closing(guard.connection(running.address))))
        held.enter_context(_in_background(partial(_trickle, running.address)))
        for round_trip in _ROUND_TRIPS:
            with _far_away(running.address, round_trip) as address:
                statuses = [_scrape(guard, address) for _ in range(_SCRAPES)]
            name = f"{_IDLE} idle and {_SILENT_A_SECOND} silent clients a second, {guard.name}"
            yield _answered(f"{name}, {round_trip * 1000:.0f} ms away", statuses)


def _beside_handshakes(running: Exporter, guard: Guard) -> Result:
    """As many as a client of another address can make."""
    with _in_background(*[partial(_shake_hands, running, guard)] * _SHAKING):
        statuses = [_scrape(guard, running.address) for _ in range(2 * _SCRAPES)]
    return _answered("TLS handshakes without end from another address", statuses)


def _beside_guesses(running: Exporter, guard: Guard) -> Result:
    """From the address of the scraper, while the file with the passwords changes."""
    assert guard.config is not None
    eventually(lambda: _scrape(guard, running.address) == 200)
    guesses = [partial(_guess, running, guard, f"wrong-{number}") for number in range(_GUESSING)]
    with _in_background(*guesses):
        statuses = [_scrape(guard, running.address) for _ in range(_SCRAPES)]
        guard.config.write_text(guard.config.read_text() + "# renewed\n")
        eventually(lambda: "the web configuration was reloaded" in running.log.read_text())
        statuses += [_scrape(guard, running.address) for _ in range(_SCRAPES)]
    return _answered("passwords guessed from the scraper's address, and a reload", statuses)


def _answered(name: str, statuses: list[int]) -> Result:
    lost = len(statuses) - statuses.count(200)
    complaints = (f"{lost} were not answered",) if lost else ()
    return Result(name, "every scrape", f"{statuses.count(200)} of {len(statuses)}", complaints)


def _scrape(guard: Guard, address: tuple[str, int]) -> int:
    with contextlib.closing(guard.connection(address)) as connection:
        return guard.status(connection)


def _trickle(address: tuple[str, int], ended: threading.Event) -> None:
    """Clients that connect and say nothing."""
    with ExitStack() as silent:
        while not ended.wait(1 / _SILENT_A_SECOND):
            with contextlib.suppress(OSError):
                silent.enter_context(socket.create_connection(address, _PATIENCE))


def _guess(running: Exporter, guard: Guard, password: str, ended: threading.Event) -> None:
    while not ended.is_set():
        with contextlib.closing(guard.connection(running.address)) as connection:
            guard.status(connection, password)


def _shake_hands(running: Exporter, guard: Guard, ended: threading.Event) -> None:
    assert guard.tls is not None
    while not ended.is_set():
        with (
            contextlib.suppress(OSError),
            socket.create_connection(running.address, _PATIENCE, source_address=(_FLOODER, 0)) as plain,
        ):
            guard.tls.wrap_socket(plain, server_hostname=running.address[0]).close()


@contextmanager
def _in_background(*work: Callable[[threading.Event], None]) -> Iterator[None]:
    """Do each on a thread of its own, until the event it is given is set at the end."""
    ended = threading.Event()
    threads = [threading.Thread(target=each, args=(ended,)) for each in work]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join()


@contextmanager
def _far_away(address: tuple[str, int], round_trip: float) -> Iterator[tuple[str, int]]:
    """Another address of the same server, at which every byte takes half of ``round_trip`` seconds more."""
    listener = socket.create_server(("127.0.0.1", 0))

    def relay(ended: threading.Event) -> None:
        asyncio.run(_relay(listener, address, round_trip / 2, ended))

    with _in_background(relay):
        yield listener.getsockname()


async def _relay(
    listener: socket.socket, address: tuple[str, int], delay: float, ended: threading.Event
) -> None:
    tasks: list[asyncio.Task[None]] = []
    streams: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(delay)
        there, back = await asyncio.open_connection(*address)
        streams.append(back)
        try:
            await asyncio.gather(_delay(reader, back, delay), _delay(there, writer, delay))
            await asyncio.sleep(delay)  # the ends of both are still on their way
        finally:
            for stream in (writer, back):
                stream.transport.abort()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        streams.append(writer)  # here, since a task that is cancelled before its first step closes nothing
        tasks.append(asyncio.create_task(serve(reader, writer)))

    async with await asyncio.start_server(begin, sock=listener):
        while not ended.is_set():
            await asyncio.sleep(0.05)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for stream in streams:
        stream.transport.abort()
    await asyncio.sleep(0)  # a transport that was aborted closes its socket a turn later


async def _delay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float) -> None:
    loop = asyncio.get_running_loop()
    while data := await reader.read(65_536):
        loop.call_later(delay, writer.write, data)
    loop.call_later(delay, writer.close)


def _guarded(directory: Path) -> Guard:
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    certificate.private_key_pem.write_to_path(directory / "server.key")
    certificate.cert_chain_pems[0].write_to_path(directory / "server.crt")
    hashed = bcrypt.hashpw(b"right", bcrypt.gensalt(_COST)).decode()
    file = directory / "web.yaml"
    file.write_text(
        "tls_server_config: {cert_file: server.crt, key_file: server.key}\n"
        f"basic_auth_users: {{ana: '{hashed}'}}\n"
    )
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(trusting)
    return Guard("TLS and passwords", file, trusting)


@contextmanager
def _many_descriptors() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard if hard < 10_000 else max(soft, 10_000), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
