"""The addresses a user types."""

import errno
import re
import socket
import struct
from pathlib import Path
from typing import Any

import pytest

from exporter.httpd.bind import CannotBind, bind, describe
from tests.unit.httpd.serving import Client, serving


def problem_of(address: str) -> str:
    """What the user is told; nothing where all is well."""
    try:
        bind(address).close()
    except CannotBind as error:
        return str(error)
    return ""


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "0.0.0.0"])
def test_an_address_is_listened_at(host: str) -> None:
    with bind(f"{host}:0") as listener:
        shown, _, port = describe(listener).rpartition(":")
        assert shown in ((host,) if host != "localhost" else ("127.0.0.1", "[::1]"))
        assert int(port) > 0
        assert not listener.getblocking()
        assert listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
        (backlog,) = struct.unpack_from("I", listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 32), 28)
        assert backlog == min(512, int(Path("/proc/sys/net/core/somaxconn").read_text(encoding="ascii")))


@pytest.mark.parametrize("address", [":0", "[::]:0"])
def test_an_address_without_a_host_is_every_interface_of_both_kinds(address: str) -> None:
    with bind(address) as listener:
        port = listener.getsockname()[1]
        assert describe(listener) == f"[::]:{port}"
        for host in ("127.0.0.1", "::1"):
            socket.create_connection((host, port), 5).close()


def test_an_address_of_one_link_keeps_its_scope() -> None:
    """This machine has no such address to bind: what matters is that the scope reaches the system."""
    assert "this machine has no such address" in problem_of("[fe80::1%lo]:0")


@pytest.mark.parametrize("number", [0, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EMFILE])
def test_a_machine_without_ipv6_listens_with_ipv4(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Some systems say so in advance, some when they are asked for it; other errors are no reason."""
    create = socket.create_server

    def create_ipv4(place: tuple[str, int], **options: Any) -> socket.socket:
        if place[0] == "::":
            raise OSError(number, "")
        return create(place, **options)

    monkeypatch.setattr(socket, "has_dualstack_ipv6", lambda: number != 0)
    monkeypatch.setattr(socket, "create_server", create_ipv4)
    if number == errno.EMFILE:
        assert "Too many open files: choose another address" in problem_of(":0")
    else:
        with bind(":0") as listener:
            assert describe(listener).startswith("0.0.0.0:")


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("10917", "the port is missing: write ':10917'"),
        ("", "the port is missing: write ':10917'"),
        ("localhost", "the port is missing: write 'localhost:10917'"),
        ("[::1]", "the port is missing: write '[::1]:10917'"),
        ("::1", "the port is missing: write '[::1]:10917'"),
        ("::", "the port is missing: write '[::]:10917'"),
        ("::1:9100", "an IPv6 address needs brackets: write '[::1]:9100'"),
        ("http://0.0.0.0:21004", "it is a URL: leave out 'http://' and write '0.0.0.0:21004'"),
        ("https://[::1]:80/metrics", "it is a URL: leave out 'https://' and write '[::1]:80'"),
        ("http://localhost/", "write 'localhost:10917'"),
        ("0.0.0.0:21004/metrics", "it has a path: write 'host:port'"),
        ("unix:/run/exporter.sock", "it has a path: write 'host:port'"),
        ("*:9100", "write ':9100' for every interface"),
        ("[127.0.0.1]:80", "brackets are for IPv6 addresses: write '127.0.0.1:80'"),
        ("[*]:9100", "write ':9100' for every interface"),
        ("127.0.0.1:1:2", "it has more than one port"),
        ("[a:b]:80", "brackets are for IPv6 addresses"),
        ("[::ffff:127.0.0.1]:80", "it is an IPv4 address in IPv6's form: write '127.0.0.1:80'"),
        ("[fe80::1]:80", "a link-local address needs its interface, as in '[fe80::1%eth0]:PORT'"),
        ("http://ana:secret@127.0.0.1:1", "and write '127.0.0.1:1'"),
        ("a" * 300 + ":1", "cannot be resolved: write an IP address"),
        (" :1", "it contains a space"),
        (":" + "9" * 5000, "is not a port"),
        ("fe80::1:10917", "an IPv6 address needs brackets: write '[fe80::1]:10917'"),
        ("[]:1", "the brackets are empty"),
        (":", "'' is not a port"),
        (":http", "'http' is not a port"),
        (":65536", "'65536' is not a port"),
        (":-1", "'-1' is not a port"),
        (":٣", "'٣' is not a port"),
        ("no-such-host.invalid:1", "cannot be resolved: write an IP address"),
        ("192.0.2.1:65535", "this machine has no such address"),
    ],
)
def test_an_address_that_cannot_be_had_is_told_in_one_line(address: str, problem: str) -> None:
    text = problem_of(address)
    assert text.startswith(f"cannot listen at {address[:80]!r}: ")
    assert problem in text
    assert "\n" not in text
    assert len(text) < 300
    for advised in re.findall(r"write '([^']*:\d+)'", text):
        expected = "^$|no such address|cannot be resolved|listens there|needs its interface"
        assert re.search(expected, problem_of(advised))


def test_a_port_in_use_is_told_also_where_one_of_two_protocols_has_it() -> None:
    with bind("[::1]:0") as taken:
        for host in ("[::1]", ""):
            assert "another program listens there" in problem_of(f"{host}:{taken.getsockname()[1]}")


def test_a_port_in_use_may_be_an_address_that_was_given_twice() -> None:
    with bind("127.0.0.1:0") as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        assert problem_of(address).endswith("another program listens there: choose another port")
        with pytest.raises(
            CannotBind, match="listens there, or the address is given twice: choose another port"
        ):
            bind(address, is_only_one=False)


def test_a_server_answers_at_all_its_addresses() -> None:
    with serving(addresses=("127.0.0.1:0", "[::1]:0")) as server:
        places = [address.rsplit(":", 1) for address in server.addresses]
        assert [host for host, _ in places] == ["127.0.0.1", "[::1]"]
        for host, port in places:
            with Client(socket.create_connection((host.strip("[]"), int(port)), 5)) as client:
                assert client.ask("/").status == 200
