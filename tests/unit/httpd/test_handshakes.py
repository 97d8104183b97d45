"""What TLS handshakes of one client cost the others.

A handshake lasts here until it is let go: how many run at once, and who is answered meanwhile, is seen without a watch.
"""

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
import trustme

from exporter.httpd.security import Security, ServerTls
from exporter.httpd.server import Server
from harness.waiting import wait_until
from tests.unit.httpd.serving import PATIENCE, Client, Held, open_connections, place_of, serving

FLOOD = 30
FLOODER = "127.0.0.2"


@dataclass(frozen=True)
class Rig:
    """Handshakes of clients that ask for ``slow.example`` last until they are let go."""

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
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("slow.example", "good.example").configure_cert(context)
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(trusting)
    handshakes = Held()

    def handle(tls: ssl.SSLObject, name: str, context: ssl.SSLContext) -> None:
        if name == "slow.example":
            handshakes()

    context.sni_callback = handle
    with serving(security=Security(tls=ServerTls(context))) as server:
        try:
            yield Rig(server, handshakes, trusting)
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
