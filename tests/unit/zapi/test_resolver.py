"""Name lookups that hang, fail or cannot even begin."""

import contextlib
import gc
import socket
import threading
import weakref
from collections.abc import Sequence

import pytest

from exporter.model.poll_result import Failure, Reason
from exporter.zapi.connection import AddressInfo, Resolver, system_lookup
from exporter.zapi.failures import NoThreadLeft
from harness.waiting import wait_until
from tests.builders import an_instance
from tests.unit.zapi.playing import a_client

HERE: AddressInfo = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 443))


class Names:
    """Answers lookups once it is let."""

    def __init__(self) -> None:
        self.answers = threading.Event()
        self.asked = 0

    def look_up(self, host: str, port: int) -> Sequence[AddressInfo]:
        self.asked += 1
        assert self.answers.wait(60)
        return [HERE]


def unknown(host: str, port: int) -> Sequence[AddressInfo]:
    raise socket.gaierror(socket.EAI_NONAME, "unknown")


def test_a_lookup_that_hangs_is_given_up_and_asked_only_once() -> None:
    names = Names()
    resolver = Resolver(names.look_up)
    for _ in range(3):
        with pytest.raises(TimeoutError):
            resolver.resolve("zapi.example", 443, 0.01)
        wait_until(lambda: names.asked > 0)
    assert names.asked == 1
    names.answers.set()
    assert resolver.resolve("zapi.example", 443, 20) == [HERE]


def test_a_name_is_looked_up_anew_as_soon_as_its_last_lookup_is_known() -> None:
    """An address that moved in between is found, however late the thread of the last lookup ends."""
    ports = iter(range(1, 1001))
    resolver = Resolver(lambda host, port: [(*HERE[:4], (host, next(ports)))])
    for expected in range(1, 1001):
        assert resolver.resolve("zapi.example", 443, 60.0)[0][4] == ("zapi.example", expected)


def test_an_address_needs_no_lookup() -> None:
    names = Names()
    assert Resolver(names.look_up).resolve("127.0.0.1", 443, 0.01) == [HERE]
    assert names.asked == 0


def test_the_system_is_asked_for_addresses_of_streams_of_that_host() -> None:
    found = system_lookup("127.0.0.2", 8080)
    assert [(kind, address) for _, kind, _, _, address in found] == [
        (socket.SOCK_STREAM, ("127.0.0.2", 8080))
    ]


def test_a_failed_lookup_says_why() -> None:
    with pytest.raises(socket.gaierror, match="unknown"):
        Resolver(unknown).resolve("zapi.example", 443, 20)


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "zapi..example"])
def test_what_is_no_host_name_is_an_unknown_one(host: str) -> None:
    with pytest.raises(socket.gaierror):
        Resolver().resolve(host, 443, 20)


def test_a_lookup_that_finds_no_thread_is_made_by_the_next_poll_that_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = Names()
    names.answers.set()
    resolver = Resolver(names.look_up)
    with monkeypatch.context() as machine:
        machine.setattr(threading.Thread, "start", no_thread)
        with pytest.raises(NoThreadLeft):
            resolver.resolve("zapi.example", 443, 20)
        reading = a_client("http://zapi.example", resolver=resolver).read(an_instance("vendas"))
    assert isinstance(reading, Failure)
    assert reading.reason is Reason.CONNECT
    assert "no thread left" in reading.detail
    assert resolver.resolve("zapi.example", 443, 20) == [HERE]


def no_thread(thread: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")


def test_a_failed_lookup_keeps_nothing_of_the_poll_that_waited_for_it() -> None:
    """Not even until cycles are collected: a poll holds the connection that it lost, and its descriptor."""

    class Held:
        pass

    def wait_for_the_lookup(held: Held) -> None:
        with contextlib.suppress(socket.gaierror):
            Resolver(unknown).resolve("zapi.example", 443, 20)

    held = Held()
    seen = weakref.ref(held)
    gc.disable()
    try:
        wait_for_the_lookup(held)
        del held
        wait_until(lambda: seen() is None)  # the thread of the lookup ends a moment later
    finally:
        gc.enable()
