"""Basic authentication: who enters, what it costs, and what a flood of wrong passwords cannot do."""

import threading
from collections.abc import Coroutine, Iterator
from contextlib import ExitStack
from typing import Any

import bcrypt
import pytest

from exporter.httpd.basic_auth import Credentials, PasswordChecker, Users, is_bcrypt_hash, read_credentials
from exporter.httpd.message import Request, Response
from exporter.httpd.security import Security
from exporter.httpd.worker_pool import FairThreadPool
from exporter.model.secret import Secret
from harness.waiting import wait_until
from tests.unit.httpd.serving import PLAIN, USERS, Client, Held, hashed, header, open_connections, serving

GUARDED = Security(users=USERS)


def test_every_path_needs_a_user_and_a_password() -> None:
    with serving(security=GUARDED) as server, PLAIN.client(server) as client:
        for path in ("/", "/metrics", "/-/healthy", "/nothing", "*"):
            method = "OPTIONS" if path == "*" else "GET"
            answer = client.ask(path, method=method)
            assert answer.status == 401
            assert answer.headers["www-authenticate"] == 'Basic realm="zapi-exporter", charset="UTF-8"'
            assert client.ask(path, header("ana", "right"), method=method).status in (200, 204)


WRONG_PAIRS = (("ana", "wrong"), ("ana", ""), ("nobody", "right"), ("", "right"))
NO_PAIRS = ("Basic", "Basic ???", "Basic /w==", "Basic YW5h", "Bearer YW5hOnJpZ2h0")


@pytest.mark.parametrize(
    "line", [*(header(*pair) for pair in WRONG_PAIRS), *(f"Authorization: {value}" for value in NO_PAIRS)]
)
def test_anything_but_the_right_pair_is_refused_each_time(line: str) -> None:
    with serving(security=GUARDED) as server, PLAIN.client(server) as client:
        assert client.ask("/", header("ana", "right")).status == 200
        assert [client.ask("/", line).status for _ in range(2)] == [401, 401]


def credentials(user: str, password: str) -> Credentials:
    return Credentials(user, Secret(password))


def verify(users: Users, user: str, password: str) -> bool:
    return PasswordChecker().verify(users, credentials(user, password))


def test_a_colon_in_a_password_and_letters_of_any_alphabet_are_fine() -> None:
    text = header("josé", "a:b:ção").removeprefix("Authorization: ")
    read = read_credentials(text)
    assert read is not None
    assert read_credentials(text.replace(" ", "  ")) == read
    assert read_credentials(text.replace(" ", " ?")) is read_credentials("Basic YW5h") is None
    assert PasswordChecker().verify({"josé": hashed("a:b:ção")}, read)


@pytest.mark.parametrize("flavour", ["$2a$", "$2b$", "$2y$"])
def test_a_hash_of_any_bcrypt_flavour_and_cost_is_taken(flavour: str) -> None:
    made = hashed("right").reveal()
    assert verify({"ana": Secret(flavour + made[4:])}, "ana", "right")
    assert all(is_bcrypt_hash(flavour + cost + made[6:]) for cost in ("04", "09", "10", "29", "30", "31"))
    wrong = [flavour + cost + made[6:] for cost in ("03", "32", "4", "")]
    wrong += [
        "",
        "right",
        flavour + made[4:-1],
        flavour + made[4:] + "\n",
        "$1$" + made[4:],
        "$2x$" + made[4:],
    ]
    assert not any(map(is_bcrypt_hash, wrong))


def test_a_password_is_compared_as_far_as_bcrypt_reads() -> None:
    users = {"ana": hashed("p" * 100)}
    assert verify(users, "ana", "p" * 100)
    assert not verify(users, "ana", "p" * 71)
    assert not verify(users, "ana", "nul\0" + "p" * 100)
    assert not verify({"ana": Secret("$2b$04$" + "a" * 53)}, "ana", "p"), "bcrypt does not take this salt"


def test_a_right_pair_is_checked_once_and_a_wrong_one_every_time(monkeypatch: pytest.MonkeyPatch) -> None:
    checks: list[bytes] = []

    def counting(password: bytes, stored: bytes) -> bool:
        checks.append(password)
        return password == b"right"

    monkeypatch.setattr(bcrypt, "checkpw", counting)
    checker, users = PasswordChecker(), {"ana": hashed("right")}
    for _ in range(3):
        assert checker.verify(users, credentials("ana", "right"))
        assert not checker.verify(users, credentials("ana", "wrong"))
    assert checks == [b"right", b"wrong", b"wrong", b"wrong"]
    assert checker.remembers(users, credentials("ana", "right"))
    assert not checker.remembers(users, credentials("ana", "wrong"))


def test_a_pair_is_remembered_until_the_hash_of_its_user_changes() -> None:
    checker, ana, bia = PasswordChecker(), hashed("right"), hashed("other")
    assert checker.verify({"ana": ana, "bia": bia}, credentials("ana", "right"))
    for users, remembered in (
        ({"ana": ana}, True),
        ({"ana": Secret(ana.reveal()), "bia": hashed("new")}, True),
        ({"ana": hashed("right")}, False),
        ({"bia": bia}, False),
        ({"ana": ana}, True),
    ):
        assert checker.remembers(users, credentials("ana", "right")) is remembered


def test_a_remembered_pair_is_not_another_that_reads_the_same_joined() -> None:
    checker, users = PasswordChecker(), {"a": hashed("b:c"), "a:b": hashed("other")}
    assert checker.verify(users, credentials("a", "b:c"))
    assert not checker.remembers(users, credentials("a:b", "c"))


def test_the_pair_that_was_used_longest_ago_is_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bcrypt, "checkpw", lambda password, stored: True)
    checker, users = PasswordChecker(), {"ana": hashed("right")}
    for number in range(256):
        checker.verify(users, credentials("ana", f"p{number}"))
    assert checker.remembers(users, credentials("ana", "p0"))
    checker.verify(users, credentials("ana", "new"))
    assert checker.remembers(users, credentials("ana", "p0"))
    assert not checker.remembers(users, credentials("ana", "p1"))


def test_an_unknown_user_costs_what_the_costliest_hash_does(monkeypatch: pytest.MonkeyPatch) -> None:
    costs: list[bytes] = []
    monkeypatch.setattr(bcrypt, "checkpw", lambda password, stored: costs.append(stored[:7]))
    users = {"ana": hashed("a", 4), "bia": hashed("b", 5)}
    for user in ("x", "y"):
        verify(users, user, "wrong")
    assert costs == [b"$2b$05$"] * 2


class Checks(Held):
    """Checks of wrong passwords wait until they are let go; right ones take no time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__()
        self.queued = 0
        self._of_others = threading.enumerate()  # those of a server before may still begin a check
        monkeypatch.setattr(bcrypt, "checkpw", self._check)
        run = FairThreadPool.run

        def counting(*arguments: Any) -> Coroutine[Any, Any, Any]:
            self.queued += 1
            return run(*arguments)

        monkeypatch.setattr(FairThreadPool, "run", counting)

    def _check(self, password: bytes, stored: bytes) -> bool:
        if password != b"right" and threading.current_thread() not in self._of_others:
            self()
        return password == b"right"


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> Iterator[Checks]:
    one = Checks(monkeypatch)
    yield one
    one.let_go()


def flood(server_clients: list[Client], password: str = "wrong") -> None:
    for client in server_clients:
        client.send(f"GET / HTTP/1.1\r\nHost: test\r\n{header('ana', password)}\r\n\r\n".encode())


def test_a_flood_of_wrong_passwords_stops_nobody_who_is_known(checks: Checks) -> None:
    """Not from the address of the flood either, and not when the web configuration is read again meanwhile."""
    current = Security(users=USERS)
    with serving(security=lambda: current, connections=60) as server, ExitStack() as stack:
        good = stack.enter_context(PLAIN.client(server))
        assert good.ask("/", header("ana", "right")).status == 200
        flood([stack.enter_context(PLAIN.client(server)) for _ in range(80)])
        wait_until(lambda: checks.begun > 0)
        current = Security(users={user: Secret(stored.reveal()) for user, stored in USERS.items()})
        assert good.ask("/", header("ana", "right")).status == 200
        with PLAIN.client(server) as new:
            assert new.ask("/", header("ana", "right")).status == 200
        assert checks.most == 1  # one address has one thread


def test_a_client_at_another_address_than_a_flood_goes_before_it(checks: Checks) -> None:
    with serving(security=GUARDED) as server, ExitStack() as stack:
        addresses = ["127.0.0.1", "127.0.0.3"] * 20
        attackers = [stack.enter_context(PLAIN.client(server, address)) for address in addresses]
        flood(attackers[:20])
        wait_until(lambda: checks.queued == 20)
        good = stack.enter_context(PLAIN.client(server, "127.0.0.2"))
        flood([good], "right")
        wait_until(lambda: checks.queued == 21)
        flood(attackers[20:])
        wait_until(lambda: checks.queued == 41)
        checks.let_go(1)
        assert good.answer().status == 200


def test_clients_without_a_password_take_no_place_of_one_that_has_it() -> None:
    line = header("ana", "right")
    with serving(security=GUARDED, connections=4) as server, ExitStack() as stack:
        good = stack.enter_context(PLAIN.client(server))
        assert good.ask("/", line).status == 200
        refused = [stack.enter_context(PLAIN.client(server)).ask("/").status for _ in range(8)]
        assert refused == [401] * 8
        assert good.ask("/", line).status == 200


def test_a_client_whose_password_is_checked_is_the_newest(checks: Checks) -> None:
    with serving(security=GUARDED, connections=2) as server, ExitStack() as stack:
        first, second = (stack.enter_context(PLAIN.client(server)) for _ in range(2))
        wait_until(lambda: open_connections(server.addresses[0]) == 2)
        flood([first])
        wait_until(lambda: checks.begun == 1)
        stack.enter_context(PLAIN.client(server))
        assert second.was_closed()
        checks.let_go()
        assert first.answer().status == 401


@pytest.mark.usefixtures("checks")
def test_a_password_that_is_not_checked_in_time_is_told_to_try_again() -> None:
    with serving(security=GUARDED, login=0.1) as server, PLAIN.client(server) as client:
        refused = client.ask("/", header("ana", "wrong"))
        assert (refused.status, refused.headers["retry-after"]) == (429, "1")


def test_no_password_reaches_the_handler_or_a_log_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    seen: list[Request] = []

    def handler(request: Request) -> Response:
        seen.append(request)
        raise RuntimeError

    line, security = header("ana", "the-secret"), Security(users={"ana": hashed("the-secret")})
    with serving(handler, security=security) as server, PLAIN.client(server) as client:
        assert client.ask("/", line).status == 500
    told = caplog.text + repr(seen) + repr(read_credentials(line.removeprefix("Authorization: ")))
    assert "the-secret" not in told
    assert line.split()[-1] not in told
