"""Faults before there is a reply: each is a site of its own, to which an exporter is sent."""

import datetime
import os
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Final

import trustme

from exporter.model.clock import SystemClock
from exporter.model.poll_result import Reason
from harness.ports import refusing_port, unreachable_port
from harness.processes import COMMAND
from harness.waiting import comes_true
from simulator.listener_mode import ListenerMode
from simulator.server import SimulatedZapi
from tests.builders import server_tls
from tests.system.faults import judge, tampered
from tests.system.faults.canaries import canary
from tests.system.faults.ear import Ear
from tests.system.faults.promise import Promise, Result, Tell
from tests.system.faults.seen import by_instance
from tests.system.faults.stage import PATIENCE, STOPPED, Stage, stage
from tests.system.faults.subjects import no_fault, numbered, write_config
from tests.system.faults.table import AMPLE_TIMEOUT, API_TIMEOUT

_SUBJECTS: Final = numbered(("vendas", "suporte"))
"""The instances of every site."""
_DAY: Final = datetime.timedelta(days=1)
_POLLS: Final = 3
_LOOK_AGAIN: Final = 0.2
_AT_ONCE: Final = 4


@dataclass(frozen=True, slots=True)
class Site:
    """Where the exporter is sent, and how it is started."""

    base_url: str
    environ: Mapping[str, str] = field(default_factory=dict)
    program: Sequence[str] = (COMMAND,)


MakeSite = Callable[[trustme.CA], AbstractContextManager[Site]]
"""Makes a fault; the exporter trusts the authority it is given."""


@dataclass(frozen=True, slots=True)
class Row:
    """``words`` are in the detail that is logged."""

    name: str
    reason: Reason | None
    words: str
    site: MakeSite


def of_connections(directory: Path, tell: Tell) -> Iterator[Result]:
    ear, authority = Ear(), trustme.CA()
    authority.cert_pem.write_to_path(directory / "ca.pem")
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        yield from pool.map(partial(_result, directory, ear, authority, tell), _rows())
    yield ear.verdict("every connection")


def _result(directory: Path, ear: Ear, authority: trustme.CA, tell: Tell, row: Row) -> Result:
    tell(row.name)
    work = directory / row.name
    work.mkdir()
    promise = Promise(row.reason)
    with row.site(authority) as site:
        timeout = API_TIMEOUT if row.reason is Reason.TIMEOUT else AMPLE_TIMEOUT
        write = partial(_write_config, work, site.base_url, directory / "ca.pem", timeout)
        with stage(work, write(0), ear, program=site.program, environ=site.environ) as its:
            _poll_often(its, write)
            series, log = its.seen(), by_instance(its.log())
            its.look_around([subject.name for subject in _SUBJECTS])
            status = its.stop()
    complaints = [] if status == STOPPED else [f"it ended with status {status}"]
    for name, seen in series.items():
        complaints += judge.complaints(promise, seen, seen, log[name], polls=_POLLS)
        complaints += [f"{row.words!r} is not in the log"] if not judge.tells(log[name], row.words) else []
    outcomes = " and ".join(sorted({seen.outcome for seen in series.values()}))
    longest = max(map(judge.longest_poll, log.values()))
    return Result(
        row.name, promise.outcome, f"{outcomes} in {longest:.2f} s", tuple(dict.fromkeys(complaints))
    )


def _poll_often(its: Stage, write: Callable[[int], Path]) -> None:
    """New credentials bring the next poll on."""
    for polls in range(1, _POLLS + 1):
        if polls > 1:
            write(polls)
            its.reload()
        comes_true(partial(its.has_polled_all, polls), PATIENCE, _LOOK_AGAIN)


def _write_config(directory: Path, base_url: str, ca_file: Path, timeout: float, generation: int) -> Path:
    instances = [subject.configured(generation) for subject in _SUBJECTS]
    is_tls = base_url.startswith("https:")
    return write_config(directory, base_url, instances, ca_file=ca_file if is_tls else None, timeout=timeout)


def _rows() -> Sequence[Row]:
    no_host = "http://255.255.255.255:9"  # an address of no host: the kernel sends nothing there
    return (
        Row("refused", Reason.CONNECT, "refused", _at_port(refusing_port)),
        Row("a name that does not resolve", Reason.CONNECT, "cannot be resolved", _at("http://zapi.invalid")),
        Row("name servers that hang", Reason.TIMEOUT, "", _hanging_names),
        Row("no route", Reason.CONNECT, "no route", _at(no_host)),
        Row("unroutable", Reason.TIMEOUT, "api.timeout", _at_port(unreachable_port)),
        Row("silence after accept", Reason.TIMEOUT, "api.timeout", _front(ListenerMode.SILENT)),
        Row("closed after accept", Reason.CONNECT, "closed", _front(ListenerMode.CLOSING)),
        Row("reset after accept", Reason.CONNECT, "closed", _front(ListenerMode.RESETTING)),
        Row("TLS handshake that stalls", Reason.TIMEOUT, "api.timeout", _front(ListenerMode.TLS_STALLED)),
        Row("TLS handshake that drips", Reason.TIMEOUT, "api.timeout", _front(ListenerMode.TLS_DRIPPING)),
        Row("reset within the TLS handshake", Reason.CONNECT, "closed", _front(ListenerMode.TLS_RESET)),
        Row("closed within TLS", Reason.CONNECT, "closed", _over("https", _front(ListenerMode.CLOSING))),
        Row("plain HTTP on a TLS port", Reason.TLS, "is the port right?", _front(ListenerMode.PLAIN_ON_TLS)),
        Row("TLS on a plain HTTP port", Reason.CONNECT, "closed", _over("http", _certified("127.0.0.1"))),
        Row("a good certificate", None, "", _certified("127.0.0.1")),
        Row("expired certificate", Reason.TLS, "expired", _certified("127.0.0.1", ends=-_DAY)),
        Row("certificate of another host", Reason.TLS, "another host", _certified("api.example.com")),
        Row("certificate of an unknown authority", Reason.TLS, "unknown authority", _untrusted),
        Row("a client certificate is required", Reason.TLS, "TLS", _demanding),
        Row("a proxy that refuses", Reason.CONNECT, "refused", _refusing_proxy),
        Row("a proxy that makes no tunnel", Reason.CONNECT, "proxy", _proxy("https", b"405 No", b"canary")),
        Row("a page in place of a tunnel", Reason.CONNECT, "proxy", _proxy("https", b"200 OK", b"canary")),
        Row("a tunnel that needs a password", Reason.CONNECT, "407", _proxy("https", b"407 No", b"")),
        Row("a proxy that needs a password", Reason.CONNECT, "407", _proxy("http", b"407 No", b"canary")),
    )


@contextmanager
def _hanging_names(authority: trustme.CA) -> Iterator[Site]:
    yield Site("http://zapi.invalid", program=tampered.program("hanging-names"))


@contextmanager
def _refusing_proxy(authority: trustme.CA) -> Iterator[Site]:
    with refusing_port() as port:
        yield _behind_proxy("http", port)


def _proxy(scheme: str, status: bytes, page: bytes) -> MakeSite:
    """A proxy that answers every first request of a connection so, on the way to an API of that ``scheme``."""

    def answer(accepted: socket.socket) -> None:
        accepted.recv(65536)
        accepted.sendall(b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status, len(page), page))
        accepted.recv(1)  # until the client closes

    @contextmanager
    def make(authority: trustme.CA) -> Iterator[Site]:
        with _attending(answer) as port:
            yield _behind_proxy(scheme, port)

    return make


def _behind_proxy(scheme: str, port: int) -> Site:
    proxy = f"http://user:{canary('proxy')}@127.0.0.1:{port}"
    return Site(f"{scheme}://zapi.invalid", {f"{scheme.upper()}_PROXY": proxy})


@contextmanager
def _attending(attend: Callable[[socket.socket], None]) -> Iterator[int]:
    """The port of a server that does this with every connection."""

    class Attend(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            attend(self.request)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Attend) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,)).start()
        yield server.server_address[1]
        server.shutdown()


@contextmanager
def _untrusted(authority: trustme.CA) -> Iterator[Site]:
    with _certified("127.0.0.1")(trustme.CA()) as site:
        yield site


@contextmanager
def _demanding(authority: trustme.CA) -> Iterator[Site]:
    tls = server_tls(authority)
    tls.maximum_version = ssl.TLSVersion.TLSv1_2  # in 1.3 the client believes that all is well until it reads
    tls.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(tls)

    def refuse(accepted: socket.socket) -> None:
        with tls.wrap_socket(accepted, server_side=True, do_handshake_on_connect=False) as secure:
            try:
                secure.do_handshake()
            except OSError:
                os.read(secure.fileno(), 65536)  # what is left unread would make a reset of the close

    with _attending(refuse) as port:
        yield Site(f"https://127.0.0.1:{port}")


def _at(base_url: str) -> MakeSite:
    return lambda authority: nullcontext(Site(base_url))


def _at_port(opened: Callable[[], AbstractContextManager[int]]) -> MakeSite:
    @contextmanager
    def make(authority: trustme.CA) -> Iterator[Site]:
        with opened() as port:
            yield Site(f"http://127.0.0.1:{port}")

    return make


def _front(mode: ListenerMode) -> MakeSite:
    @contextmanager
    def make(authority: trustme.CA) -> Iterator[Site]:
        with _served(mode=mode) as zapi:
            yield Site(zapi.base_url)

    return make


def _certified(host: str, *, ends: datetime.timedelta = _DAY) -> MakeSite:
    """TLS with a certificate of the authority for ``host``; it ``ends`` so long from now."""

    @contextmanager
    def make(authority: trustme.CA) -> Iterator[Site]:
        until = datetime.datetime.now(datetime.timezone.utc) + ends
        with _served(tls=server_tls(authority, host, not_after=until)) as zapi:
            yield Site(zapi.base_url)

    return make


def _over(scheme: str, make: MakeSite) -> MakeSite:
    @contextmanager
    def made(authority: trustme.CA) -> Iterator[Site]:
        with make(authority) as site:
            yield replace(site, base_url=scheme + site.base_url[site.base_url.index(":") :])

    return made


def _served(*, tls: ssl.SSLContext | None = None, mode: ListenerMode = ListenerMode.HTTP) -> SimulatedZapi:
    simulated = [subject.simulated() for subject in _SUBJECTS]
    zapi = SimulatedZapi(simulated, clock=SystemClock(), tls=tls, mode=mode, drip_interval=0.25)
    for subject in _SUBJECTS:
        zapi.set_fault(subject.id, no_fault())
    return zapi
