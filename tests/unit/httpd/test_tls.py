"""HTTPS as clients see it: who is let in, who is told why not, and what handshakes of one client cost the others."""

import contextlib
import logging
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from exporter.httpd.message import Handler, Response
from exporter.httpd.security import Security, ServerTls
from exporter.httpd.server import Server
from exporter.webconfig.file import load
from harness.waiting import wait_until
from tests.builders import client_tls, server_tls
from tests.unit.httpd.certificates import write_files
from tests.unit.httpd.serving import (
    PATIENCE,
    PLAIN,
    REQUEST,
    Client,
    Held,
    echo,
    open_connections,
    place_of,
    serving,
)

TLS = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n"
VERIFIED = TLS + "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: clients-ca.crt\n"
IF_GIVEN = VERIFIED.replace("RequireAndVerifyClientCert", "VerifyClientCertIfGiven")


@pytest.fixture
def folder(tmp_path: Path, authority: trustme.CA) -> Path:
    write_files(tmp_path, authority)
    return tmp_path


@contextlib.contextmanager
def serving_file(folder: Path, text: str, handler: Handler = echo) -> Iterator[Server]:
    file = folder / "web.yaml"
    file.write_text(text)
    with serving(handler, security=load(file)) as server:
        yield server


def connect(server: Server, context: ssl.SSLContext) -> Client:
    connected = socket.create_connection(place_of(server), 20)
    try:
        return Client(context.wrap_socket(connected, server_hostname="127.0.0.1"))
    except BaseException:
        connected.close()
        raise


def is_refused(server: Server, context: ssl.SSLContext) -> bool:
    """With TLS 1.3 a client learns of its refusal only when it reads."""
    try:
        with connect(server, context) as client:
            client.ask("/")
    except (ssl.SSLError, ConnectionError):
        return True
    return False


def test_http_is_spoken_over_tls_and_offered_by_alpn(folder: Path, authority: trustme.CA) -> None:
    context = client_tls(authority)
    context.set_alpn_protocols(["h2", "http/1.1"])
    with serving_file(folder, TLS) as server, connect(server, context) as client:
        assert isinstance(client.socket, ssl.SSLSocket)
        assert client.socket.selected_alpn_protocol() == "http/1.1"
        assert client.ask("/").status == 200


def test_a_client_that_speaks_plain_http_is_told(folder: Path) -> None:
    with serving_file(folder, TLS) as server, PLAIN.client(server) as client:
        client.send(REQUEST)
        said = b"".join(iter(lambda: client.socket.recv(4096), b""))
    assert said.startswith(b"HTTP/1.1 400 ")
    assert said.endswith(b"\r\n\r\nThis server requires HTTPS.\n")


@pytest.mark.parametrize("garbage", [b"\x00" * 64, b"\x16\x03\x01\x00\x05hello", b"SSH-2.0-x\r\n"])
def test_a_client_that_speaks_nonsense_costs_only_its_connection(
    folder: Path, authority: trustme.CA, caplog: pytest.LogCaptureFixture, garbage: bytes
) -> None:
    caplog.set_level(logging.DEBUG, "exporter")
    with serving_file(folder, TLS) as server, connect(server, client_tls(authority)) as good:
        with PLAIN.client(server) as bad:
            bad.send(garbage)
            with contextlib.suppress(ConnectionResetError):
                assert b"HTTP" not in b"".join(iter(lambda: bad.socket.recv(4096), b""))
        assert good.ask("/").status == 200
        assert [vars(record)["error"] for record in caplog.records] == ["SSLError"]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize(("text", "none_is_refused"), [(VERIFIED, True), (IF_GIVEN, False)])
def test_a_certificate_must_be_of_the_authority(
    folder: Path, authority: trustme.CA, text: str, none_is_refused: bool, version: ssl.TLSVersion
) -> None:
    ours, strangers = authority.issue_cert("client"), trustme.CA().issue_cert("client")
    with serving_file(folder, text) as server:
        for certificate, refused in ((None, none_is_refused), (strangers, True), (ours, False)):
            context = client_tls(authority, certificate)
            context.minimum_version = context.maximum_version = version
            assert is_refused(server, context) is refused


@pytest.mark.parametrize("allowed", ["prometheus.example", "2001:db8:0::1", "10.0.0.1", "ops@example.com"])
def test_a_client_needs_one_of_the_allowed_names(folder: Path, authority: trustme.CA, allowed: str) -> None:
    names = ("other.example", "prometheus.example", "2001:DB8::1", "10.0.0.1", "ops@example.com")
    right = authority.issue_cert(*names)
    wrong = authority.issue_cert("sub.prometheus.example", "10.0.0.11", common_name="prometheus.example")
    text = f"{VERIFIED}  client_allowed_sans: [nobody.example, '{allowed}']\n"
    with serving_file(folder, text) as server:
        with connect(server, client_tls(authority, right)) as client:
            assert client.ask("/").status == 200
        with connect(server, client_tls(authority, wrong)) as client:
            assert [client.ask(path).status for path in ("/", "/metrics")] == [403, 403]


def test_a_name_counts_whose_kind_a_client_can_prove() -> None:
    tls = ServerTls(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), frozenset({"a"}))
    for kind in ("DNS", "IP Address", "email", "URI", "DirName"):
        assert tls.admits({"subjectAltName": (("DNS", "b"), (kind, " a"))}) is (kind != "DirName")
    assert not tls.admits(None)


def test_the_end_of_the_last_answer_is_told_within_tls(folder: Path, authority: trustme.CA) -> None:
    """A client can then tell a whole answer from one that somebody cut off."""
    context = client_tls(authority)
    body = bytes(3_000_000)
    with serving_file(folder, TLS, lambda request: Response(200, body)) as server:
        plain = socket.create_connection(place_of(server), 20)
        with context.wrap_socket(plain, server_hostname="127.0.0.1", suppress_ragged_eofs=False) as wrapped:
            wrapped.sendall(b"GET / HTTP/1.0\r\n\r\n")
            received = 0
            while chunk := wrapped.recv(100_000):
                received += len(chunk)
    assert received > len(body)


@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_a_handshake_and_data_in_any_pieces_make_the_same_stream(
    folder: Path, authority: trustme.CA, size: int
) -> None:
    """Byte by byte, and with the first request in one piece with the end of the handshake."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_tls(authority).wrap_bio(incoming, outgoing, server_hostname="127.0.0.1")
    with serving_file(folder, TLS) as server, socket.create_connection(place_of(server), 20) as connected:
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def send() -> None:
            flight = outgoing.read()
            for start in range(0, len(flight), size):
                connected.sendall(flight[start : start + size])

        while True:
            try:
                client.do_handshake()
                break
            except ssl.SSLWantReadError:
                send()
                incoming.write(connected.recv(65536))
        client.write(b"GET /whole HTTP/1.1\r\nHost: test\r\n\r\n")
        send()
        answer = b""
        while b"/whole" not in answer:
            incoming.write(connected.recv(65536))
            with contextlib.suppress(ssl.SSLWantReadError):
                answer += client.read(65536)
    assert answer.startswith(b"HTTP/1.1 200 ")


FLOOD = 30
FLOODER = "127.0.0.2"


@dataclass(frozen=True)
class Rig:
    """Handshakes of clients that ask for ``slow.example`` last until they are let go.

    How many run at once, and who is answered meanwhile, is seen without a watch.
    """

    server: Server
    handshakes: Held
    trusting: ssl.SSLContext

    def flood(self, held: ExitStack) -> list[ssl.SSLSocket]:
        """Begin many handshakes from one address."""
        clients = [held.enter_context(self._connect(FLOODER, "slow.example")) for _ in range(FLOOD)]
        for client in clients:
            client.setblocking(False)
            with pytest.raises(ssl.SSLWantReadError):
                client.do_handshake()
        wait_until(lambda: self.handshakes.begun == 1 and open_connections(self.server.addresses[0]) == FLOOD)
        return clients

    def status(self) -> int:
        """The answer to a client of another address."""
        with Client(self._connect("127.0.0.1", "good.example")) as good:
            return good.ask("/").status

    def _connect(self, source: str, name: str) -> ssl.SSLSocket:
        connected = socket.create_connection(place_of(self.server), PATIENCE, source_address=(source, 0))
        return self.trusting.wrap_socket(connected, server_hostname=name, do_handshake_on_connect=False)


@pytest.fixture
def rig(authority: trustme.CA) -> Iterator[Rig]:
    context, handshakes = server_tls(authority, "slow.example", "good.example"), Held()

    def handle(tls: ssl.SSLObject, name: str, context: ssl.SSLContext) -> None:
        if name == "slow.example":
            handshakes()

    context.sni_callback = handle
    with serving(security=Security(tls=ServerTls(context))) as server:
        try:
            yield Rig(server, handshakes, client_tls(authority))
        finally:
            handshakes.let_go()


def test_one_client_has_one_handshake_at_once(rig: Rig) -> None:
    with ExitStack() as held:
        clients = rig.flood(held)
        assert [rig.status() for _ in range(3)] == [200] * 3
        assert rig.handshakes.begun == 1
        rig.handshakes.let_go()
        for client in clients:
            client.settimeout(PATIENCE)
            client.do_handshake()
        assert (rig.handshakes.begun, rig.handshakes.most) == (FLOOD, 1)


@pytest.mark.parametrize("leave", [ssl.SSLSocket.close, lambda client: client.shutdown(socket.SHUT_WR)])
def test_clients_that_leave_during_their_handshake_leave_nothing_behind(
    rig: Rig, leave: Callable[[ssl.SSLSocket], object]
) -> None:
    with ExitStack() as held:
        for client in rig.flood(held):
            leave(client)
        assert rig.status() == 200
        rig.handshakes.let_go()
        wait_until(lambda: open_connections(rig.server.addresses[0]) == 0)
    assert rig.status() == 200
