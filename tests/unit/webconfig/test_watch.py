"""A web configuration that changes while the exporter runs."""

import logging
import os
import threading
from pathlib import Path

import pytest
import trustme

from exporter.httpd.security import Security
from exporter.webconfig import file
from exporter.webconfig.file import WebConfigFile
from harness.waiting import wait_until
from tests.unit.httpd.certificates import write_files, write_server_files

TLS = "tls_server_config:\n  cert_file: tls/server.crt\n  key_file: tls/server.key\n"
REQUIRED = "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: tls/clients-ca.crt\n"
IF_GIVEN = REQUIRED.replace("RequireAndVerifyClientCert", "VerifyClientCertIfGiven")
USERS = "basic_auth_users:\n  ana: $2b$04$qYgXJ/RoTdZZDXb1vJx9l.ixXmEG40P98yyI/imErqn1B6J4TQ1hW\n"
FULL = f"{TLS}{REQUIRED}  client_allowed_sans: [ops.example]\n{USERS}"
HEADERS = "http_server_config:\n  headers:\n    X-XSS-Protection: '{}'\n"


class Watched:
    """A configuration file that is checked whenever it is asked for."""

    def __init__(self, folder: Path, text: str) -> None:
        self.file = folder / "web.yaml"
        self.file.write_text(text)
        self._watch = WebConfigFile(self.file)

    def now(self) -> Security:
        self._watch.check()
        return self._watch.current()


@pytest.fixture
def folder(tmp_path: Path, authority: trustme.CA) -> Path:
    (tmp_path / "tls").mkdir()
    write_files(tmp_path / "tls", authority)
    return tmp_path


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [vars(record)["problem"] for record in caplog.records if record.levelno == logging.ERROR]


def test_an_unchanged_configuration_stays_the_same_object(folder: Path) -> None:
    watched = Watched(folder, TLS)
    first = watched.now()
    watched.file.touch()
    watched.file.write_text(TLS)
    assert watched.now() is first


def test_a_change_is_seen_by_a_thread_and_not_by_who_asks(folder: Path) -> None:
    """An event loop asks."""

    def alive() -> list[bool]:
        return [thread.daemon for thread in threading.enumerate() if thread.name == "web-config"]

    file = folder / "web.yaml"
    file.write_text(HEADERS.format(0))
    watching = WebConfigFile(file, interval=0.01)
    file.write_text(HEADERS.format(1))
    assert watching.current().headers == {"X-XSS-Protection": "0"}
    watching.start()
    assert alive() == [True]
    wait_until(lambda: watching.current().headers == {"X-XSS-Protection": "1"})
    watching.stop()
    wait_until(lambda: not alive())


def test_secrets_that_everyone_can_read_are_warned_of(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    watched = Watched(folder, HEADERS.format(0))
    for text, warned in ((HEADERS.format(1), []), (TLS, ["server.key"]), (FULL, ["server.key", "web.yaml"])):
        watched.file.write_text(text)
        watched.now()
        paths = [Path(vars(record)["path"]) for record in caplog.records]
        assert [path.name for path in paths] == warned
    Watched(folder, FULL)
    assert len(caplog.records) == 4, "a new one warns of both when it starts"


@pytest.mark.parametrize("name", ["tls/server.key", "tls/server.crt", "web.yaml"])
def test_a_file_replaced_by_a_pipe_is_told(folder: Path, caplog: pytest.LogCaptureFixture, name: str) -> None:
    watched = Watched(folder, TLS)
    first = watched.now()
    (folder / name).unlink()
    os.mkfifo(folder / name)
    for _ in range(3):
        assert watched.now() is first
    (told,) = errors(caplog)
    assert ("document: is a named pipe" if name == "web.yaml" else "names a named pipe") in told


def test_an_unexpected_error_keeps_what_was_and_is_told_once(
    folder: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object) -> Security:
        raise RecursionError("c4n4ry")

    watched = Watched(folder, HEADERS.format(0))
    first = watched.now()
    with monkeypatch.context() as patched:
        patched.setattr(file, "load", fail)
        watched.file.write_text(HEADERS.format(1))
        for _ in range(3):
            assert watched.now() is first
    assert [record.getMessage() for record in caplog.records] == ["unexpected error, please report it"]
    assert "c4n4ry" not in str([vars(record) for record in caplog.records])
    watched.file.write_text(HEADERS.format(2))
    assert watched.now().headers == {"X-XSS-Protection": "2"}


def test_a_bad_change_keeps_what_was_and_is_told_once(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    watched = Watched(folder, HEADERS.format(0))
    watched.file.write_text("x: 1\nrate_limit: {}\n")
    for _ in range(3):
        assert watched.now().headers == {"X-XSS-Protection": "0"}
    assert "web.yaml:1: x: unknown key" in errors(caplog)[0]
    assert "web.yaml:2: rate_limit: is not supported" in errors(caplog)[0]
    watched.file.write_text(HEADERS.format(1))
    assert watched.now().headers == {"X-XSS-Protection": "1"}
    told = [record.getMessage().removeprefix("the web configuration was ") for record in caplog.records]
    assert told == ["not reloaded", "reloaded"]


@pytest.mark.parametrize(
    ("latest", "lost"),
    [
        ("", "is empty;"),
        ("---\n", "is empty;"),
        (HEADERS.format(0), "removes TLS and the passwords;"),
        (FULL[: FULL.index("basic_auth_users")], "removes the passwords;"),
        (USERS, "removes TLS;"),
        (TLS + USERS, "removes the check of client certificates and client_allowed_sans;"),
        (TLS + IF_GIVEN + USERS, "removes the check of client certificates and client_allowed_sans;"),
        (TLS + REQUIRED + USERS, "removes client_allowed_sans;"),
    ],
)
def test_a_change_that_takes_a_guard_away_needs_a_restart(
    folder: Path, caplog: pytest.LogCaptureFixture, latest: str, lost: str
) -> None:
    watched = Watched(folder, FULL)
    first = watched.now()
    watched.file.write_text(latest)
    for _ in range(3):
        assert watched.now() is first
    (told,) = errors(caplog)
    assert lost in told
    watched.file.write_text(FULL.replace("ana", "eva"))
    assert (watched.now().users or {}).keys() == {"eva"}


@pytest.mark.parametrize(
    "before",
    [HEADERS.format(0), TLS, USERS, TLS + REQUIRED],
    ids=["nothing", "tls", "passwords", "client certificates"],
)
def test_a_change_that_adds_guards_is_taken_at_once(folder: Path, before: str) -> None:
    watched = Watched(folder, before)
    first = watched.now()
    watched.file.write_text(FULL)
    assert watched.now() is not first


def test_a_certificate_renewed_in_two_steps_is_taken_when_both_are_done(
    folder: Path, authority: trustme.CA, caplog: pytest.LogCaptureFixture
) -> None:
    watched = Watched(folder, TLS)
    first = watched.now()
    renewed = folder / "renewed"
    renewed.mkdir()
    write_server_files(renewed, authority)
    (folder / "tls/server.crt").write_bytes((renewed / "server.crt").read_bytes())
    assert watched.now() is first
    assert "does not match the certificate" in errors(caplog)[0]
    (folder / "tls/server.key").write_bytes((renewed / "server.key").read_bytes())
    assert watched.now() is not first
