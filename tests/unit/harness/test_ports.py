import contextlib
import socket

import pytest

from harness.ports import own_address, refusing_port, unreachable_port


def test_a_refusing_port_refuses() -> None:
    with refusing_port() as port, pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=10)


def test_connecting_to_an_unreachable_port_hangs() -> None:
    with unreachable_port() as port, socket.socket() as client:
        client.settimeout(0.3)
        with pytest.raises(TimeoutError):
            client.connect(("127.0.0.1", port))


def test_two_servers_at_their_own_addresses_do_not_meet() -> None:
    addresses = {own_address() for _ in range(10)}
    assert len(addresses) == 10
    with contextlib.ExitStack() as servers:
        for address in addresses:
            host, _, port = address.partition(":")
            servers.enter_context(socket.create_server((host, int(port))))
