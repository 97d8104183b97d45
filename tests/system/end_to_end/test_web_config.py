"""The installed command behind ``--web.config.file``: TLS, client certificates, passwords and headers."""

import base64
import contextlib
import json
import socket
import ssl
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from pathlib import Path

import bcrypt
import pytest
import trustme

from harness.processes import Exporter, ended, eventually, exporter, prometheus, write_at_once
from tests.builders import client_tls
from tests.unit.httpd.certificates import write_files, write_server_files

TLS = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n"
CLIENTS = "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: clients-ca.crt\n"
NAMED = f"{TLS}{CLIENTS}  client_allowed_sans: [prometheus.example]\n  min_version: TLS13\n"
USERS = f"basic_auth_users:\n  ana: {bcrypt.hashpw(b'right', bcrypt.gensalt(4)).decode()}\n"
HEADERS = (
    "http_server_config:\n  headers:\n    Strict-Transport-Security: max-age=60\n    X-Frame-Options: ''\n"
)


@pytest.fixture(autouse=True)
def authority(tmp_path: Path) -> trustme.CA:
    authority = trustme.CA()
    write_files(tmp_path, authority)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    return authority


def behind(folder: Path, web_config: str) -> contextlib.AbstractContextManager[Exporter]:
    """A demo of three instances, guarded so."""
    (folder / "web.yaml").write_text(web_config)
    return exporter(folder, "--demo=3", f"--web.config.file={folder / 'web.yaml'}", ready=False)


def trusting(authority: trustme.CA, *client_names: str) -> ssl.SSLContext:
    """A client that has a certificate of ``client_names``, or none."""
    return client_tls(authority, authority.issue_cert(*client_names) if client_names else None)


@contextlib.contextmanager
def answer(
    running: Exporter, path: str, context: ssl.SSLContext, password: str | None = None, user: str = "ana"
) -> Iterator[HTTPResponse]:
    connection: HTTPConnection = HTTPSConnection(*running.address, timeout=30, context=context)
    headers = {}
    if password is not None:
        headers["Authorization"] = f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"
    with contextlib.closing(connection):
        connection.request("GET", path, headers=headers)
        yield connection.getresponse()


def status(running: Exporter, context: ssl.SSLContext, password: str | None = None, user: str = "ana") -> int:
    with answer(running, "/metrics", context, password, user) as got:
        return got.status


def shown_certificate(running: Exporter, context: ssl.SSLContext) -> bytes:
    with (
        socket.create_connection(running.address, 30) as connected,
        context.wrap_socket(connected, server_hostname="127.0.0.1") as wrapped,
    ):
        return wrapped.getpeercert(binary_form=True) or b""


def test_tls_passwords_and_headers_guard_every_path(tmp_path: Path, authority: trustme.CA) -> None:
    context = trusting(authority)
    with behind(tmp_path, TLS + HEADERS + USERS) as running:
        for path in ("/", "/metrics", "/sd", "/probe?name=x", "/-/healthy", "/-/ready", "/-/reload", "/no"):
            with answer(running, path, context) as refused:
                assert (path, refused.status) == (path, 401)
                assert "Basic" in str(refused.headers["WWW-Authenticate"])
        assert status(running, context, "right") == 200
        assert status(running, context, "wrong") == 401
        assert status(running, context, "right", "bob") == 401
        with answer(running, "/", context, "right") as page:
            assert page.headers["Strict-Transport-Security"] == "max-age=60"
            assert "X-Frame-Options" not in page.headers
            assert "'unsafe-inline'" not in str(page.headers["Content-Security-Policy"])
        with answer(running, "/sd", context, "right") as groups:
            schemes = {group["labels"]["__scheme__"] for group in json.load(groups)}
    assert schemes == {"https"}
    log = running.log.read_text()
    assert "right" not in log
    assert "wrong" not in log


def test_a_renewed_certificate_and_password_need_no_restart(tmp_path: Path, authority: trustme.CA) -> None:
    context, file = trusting(authority), tmp_path / "web.yaml"
    with behind(tmp_path, TLS + USERS) as running:
        first = shown_certificate(running, context)
        write_server_files(tmp_path, authority)
        eventually(lambda: shown_certificate(running, context) != first)

        write_at_once(file, TLS + USERS + "rate_limit: {}\nnonsense: 1\n")
        eventually(lambda: status(running, context, "right") == 200 and "nonsense" in running.log.read_text())
        told = [line for line in running.log.read_text().splitlines() if "nonsense" in line]
        assert len(told) == 1
        assert "rate_limit" in told[0]

        write_at_once(file, TLS + USERS.replace("ana", "eva"))
        eventually(lambda: status(running, context, "right", "eva") == 200)
        assert status(running, context, "right") == 401


@pytest.mark.parametrize("mode", ["--demo=1", "--config.check"])
def test_every_problem_of_a_web_configuration_is_printed_at_start(tmp_path: Path, mode: str) -> None:
    file = tmp_path / "web.yaml"
    file.write_text(
        TLS.replace("server.crt", "none.crt") + "rate_limit: {}\nbasic_auth_users: {ana: hunter2}\n"
    )
    run = ended(mode, "--web.listen-address=127.0.0.1:0", f"--web.config.file={file}")
    assert run.returncode == 1
    assert [line for line in run.stderr.splitlines() if line.startswith(f"{file}:")] == [
        f"{file}:2: tls_server_config.cert_file: names a file that does not exist; create it or correct the path (a "
        "relative path starts at the directory of this file)",
        f"{file}:4: rate_limit: is not supported by this exporter; limit the rate in a reverse proxy",
        f"{file}:5: basic_auth_users.ana: is not a bcrypt hash; run htpasswd -nBC 10 USER and write what follows "
        "the colon",
    ]
    assert "Traceback" not in run.stderr


@pytest.mark.needs("prometheus")
def test_prometheus_gets_in_with_its_certificate_and_password(tmp_path: Path, authority: trustme.CA) -> None:
    client = authority.issue_cert("prometheus.example")
    client.private_key_and_cert_chain_pem.write_to_path(tmp_path / "client.pem")
    with behind(tmp_path, NAMED + USERS) as running:
        config = (
            "scrape_configs:\n  - job_name: zapi\n    scrape_interval: 1s\n    scheme: https\n"
            "    tls_config: {ca_file: ca.pem, cert_file: client.pem, key_file: client.pem}\n"
            "    basic_auth: {username: ana, password: right}\n"
            f"    static_configs: [{{targets: ['{running.url.rpartition('/')[2]}']}}]\n"
        )
        with prometheus(tmp_path, config) as real:
            eventually(lambda: real.values("zapi_exporter_instances") == [3])
            assert real.values("up") == [1]


@pytest.mark.parametrize(
    ("web_config", "warned"),
    [
        ("http_server_config: {headers: {X-XSS-Protection: '0'}, http2: false}\n", True),
        ("basic_auth_users: {ana: $2b$04$qYgXJ/RoTdZZDXb1vJx9l.ixXmEG40P98yyI/imErqn1B6J4TQ1hW}\n", False),
    ],
)
def test_headers_alone_guard_nothing_and_are_warned_of(tmp_path: Path, web_config: str, warned: bool) -> None:
    with behind(tmp_path, web_config) as running:
        log = running.log.read_text()
    assert ("the web configuration requires neither TLS nor passwords" in log) is warned


def test_a_check_tells_nothing_of_modes_which_may_be_others_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "web.yaml").write_text(TLS + USERS)
    (tmp_path / "config.yaml").write_text("instances: [{name: a, id: A, token: T}]\n")
    for file in tmp_path.iterdir():
        file.chmod(0o644)
    flags = (f"--config.file={tmp_path / 'config.yaml'}", f"--web.config.file={tmp_path / 'web.yaml'}")
    run = ended(*flags, "--config.check")
    assert (run.returncode, run.stderr) == (0, "")
    assert len(run.stdout.splitlines()) == 2
