"""Basic authentication: who enters, what it costs, and what a flood of wrong passwords cannot do."""

import base64
import statistics
import threading
import time
from collections.abc import Callable

import bcrypt
import pytest

from exporter.httpd.basic_auth import BasicAuth, Credentials, is_bcrypt_hash, read_credentials
from exporter.httpd.http import Request, Response
from exporter.httpd.limits import Limits
from exporter.httpd.security import Security
from exporter.model.secret import Secret
from tests.unit.httpd.serving import Client, Transport, serving

COST = 4
PLAIN = Transport(None)


def hashed(password: str, cost: int = COST) -> Secret:
    return Secret(bcrypt.hashpw(password.encode()[:72], bcrypt.gensalt(cost)).decode())


def header(user: str, password: str) -> str:
    return f"Authorization: Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


def guarded(users: BasicAuth) -> Callable[[], Security]:
    security = Security(users=users)
    return lambda: security


def test_every_path_needs_a_user_and_a_password() -> None:
    with (
        serving(security=guarded(BasicAuth({"ana": hashed("right")}))) as server,
        PLAIN.client(server) as client,
    ):
        for path in ("/", "/metrics", "/-/healthy", "/nothing", "*"):
            method = "OPTIONS" if path == "*" else "GET"
            answer = client.ask(path, method=method)
            assert answer.status == 401
            assert answer.headers["www-authenticate"].startswith("Basic realm=")
            assert client.ask(path, header("ana", "right"), method=method).status in (200, 204)


@pytest.mark.parametrize(
    "line",
    [
        header("ana", "wrong"),
        header("ana", ""),
        header("nobody", "right"),
        header("", "right"),
        "Authorization: Basic",
        "Authorization: Basic ???",
        "Authorization: Basic /w==",
        "Authorization: Basic YW5h",
        "Authorization: Bearer YW5hOnJpZ2h0",
    ],
)
def test_anything_but_the_right_pair_is_refused_each_time(line: str) -> None:
    with (
        serving(security=guarded(BasicAuth({"ana": hashed("right")}))) as server,
        PLAIN.client(server) as client,
    ):
        assert client.ask("/", header("ana", "right")).status == 200
        assert [client.ask("/", line).status for _ in range(2)] == [401, 401]


def test_a_colon_in_a_password_and_letters_of_any_alphabet_are_fine() -> None:
    users = BasicAuth({"josé": hashed("a:b:ção")})
    credentials = read_credentials(header("josé", "a:b:ção").removeprefix("Authorization: "))
    assert credentials is not None
    assert users.verify(credentials)


def test_a_hash_of_any_bcrypt_flavour_is_taken() -> None:
    made = hashed("right").reveal()
    for flavour in ("$2a$", "$2b$", "$2y$"):
        text = flavour + made[4:]
        assert is_bcrypt_hash(text)
        assert BasicAuth({"ana": Secret(text)}).verify(Credentials("ana", Secret("right")))


@pytest.mark.parametrize(
    "text",
    ["", "right", "$2b$03$" + "a" * 53, "$2b$32$" + "a" * 53, "$2b$10$" + "a" * 52, "$1$10$" + "a" * 53],
)
def test_what_is_no_bcrypt_hash_is_told(text: str) -> None:
    assert not is_bcrypt_hash(text)


def test_a_password_is_compared_as_far_as_bcrypt_reads() -> None:
    users = BasicAuth({"ana": hashed("p" * 100)})
    assert users.verify(Credentials("ana", Secret("p" * 100)))
    assert not users.verify(Credentials("ana", Secret("p" * 71)))
    assert not users.verify(Credentials("ana", Secret("nul\0" + "p" * 100)))


def test_a_right_pair_is_checked_once_and_a_wrong_one_every_time(monkeypatch: pytest.MonkeyPatch) -> None:
    checks: list[bytes] = []

    def counting(password: bytes, stored: bytes) -> bool:
        checks.append(password)
        return password == b"right"

    monkeypatch.setattr(bcrypt, "checkpw", counting)
    users = BasicAuth({"ana": hashed("right")})
    for _ in range(3):
        assert users.verify(Credentials("ana", Secret("right")))
        assert not users.verify(Credentials("ana", Secret("wrong")))
    assert checks == [b"right", b"wrong", b"wrong", b"wrong"]
    assert users.remembers(Credentials("ana", Secret("right")))
    assert not users.remembers(Credentials("ana", Secret("wrong")))


def test_a_remembered_pair_is_not_another_that_reads_the_same_joined() -> None:
    users = BasicAuth({"a": hashed("b:c"), "a:b": hashed("other")})
    assert users.verify(Credentials("a", Secret("b:c")))
    assert not users.remembers(Credentials("a:b", Secret("c")))


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bcrypt, "checkpw", lambda password, stored: True)
    users = BasicAuth({"ana": hashed("right")})
    for number in range(1_000):
        users.verify(Credentials("ana", Secret(f"p{number}")))
    remembered = [
        number for number in range(1_000) if users.remembers(Credentials("ana", Secret(f"p{number}")))
    ]
    assert remembered == list(range(1_000 - len(remembered), 1_000))
    assert len(remembered) == 256


def test_an_unknown_user_costs_what_a_known_one_does() -> None:
    users = BasicAuth({"ana": hashed("right", cost=8)})

    def seconds(user: str) -> float:
        began = time.perf_counter()
        assert not users.verify(Credentials(user, Secret("wrong")))
        return time.perf_counter() - began

    pairs = [(seconds("ana"), seconds("nobody")) for _ in range(9)]
    ratio = statistics.median(unknown / known for known, unknown in pairs)
    assert 0.5 < ratio < 2.0


def test_an_unknown_user_always_costs_the_same_where_costs_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    costs: list[bytes] = []
    monkeypatch.setattr(bcrypt, "checkpw", lambda password, stored: costs.append(stored[:7]))
    users = BasicAuth({"ana": hashed("a", 4), "bia": hashed("b", 5)})
    for user in ("x", "y"):
        costs.clear()
        for _ in range(5):
            users.verify(Credentials(user, Secret("wrong")))
        assert len(set(costs)) == 1
        assert costs[0] in (b"$2b$04$", b"$2b$05$")


class SlowUsers(BasicAuth):
    """Checks of wrong passwords wait until they are released."""

    def __init__(self) -> None:
        super().__init__({"ana": hashed("right")})
        self.release = threading.Event()
        self.most = 0
        self._running = 0
        self._count = threading.Lock()

    def verify(self, credentials: Credentials) -> bool:
        if credentials.password.reveal() == "right":
            return super().verify(credentials)
        with self._count:
            self._running += 1
            self.most = max(self.most, self._running)
        self.release.wait(20)
        with self._count:
            self._running -= 1
        return False


def flood(server_clients: list[Client], password: str = "wrong") -> None:
    for client in server_clients:
        client.send(f"GET / HTTP/1.1\r\nHost: test\r\n{header('ana', password)}\r\n\r\n".encode())


def test_a_flood_of_wrong_passwords_stops_nobody_who_is_known() -> None:
    users = SlowUsers()
    with (
        serving(security=guarded(users), limits=Limits(connections=60)) as server,
        PLAIN.client(server) as good,
    ):
        assert good.ask("/", header("ana", "right")).status == 200
        attackers = [PLAIN.client(server) for _ in range(80)]
        try:
            flood(attackers)
            assert good.ask("/", header("ana", "right")).status == 200
            with PLAIN.client(server) as new:
                assert new.ask("/", header("ana", "right")).status == 200
            assert users.most == 1  # one address has one thread
        finally:
            users.release.set()
            for client in attackers:
                client.__exit__(None, None, None)


def test_one_address_may_have_few_checks_waiting() -> None:
    users = SlowUsers()
    with serving(security=guarded(users), limits=Limits(logins_per_client=3)) as server:
        clients = [PLAIN.client(server) for _ in range(4)]
        try:
            for client in clients[:3]:
                flood([client])
            while users.most == 0:
                time.sleep(0.01)
            flood(clients[3:])
            refused = clients[3].answer()
            assert (refused.status, refused.headers["retry-after"]) == (429, "1")
            users.release.set()
            assert [client.answer().status for client in clients[:3]] == [401] * 3
        finally:
            users.release.set()
            for client in clients:
                client.__exit__(None, None, None)


def test_no_password_reaches_the_handler_or_a_log_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    seen: list[Request] = []

    def handler(request: Request) -> Response:
        seen.append(request)
        raise RuntimeError

    users = BasicAuth({"ana": hashed("the-secret")})
    with serving(handler, security=guarded(users)) as server, PLAIN.client(server) as client:
        line = header("ana", "the-secret")
        assert client.ask("/", line).status == 500
    told = caplog.text + repr(seen) + repr(read_credentials(line.removeprefix("Authorization: ")))
    assert "the-secret" not in told
    assert line.split()[-1] not in told
