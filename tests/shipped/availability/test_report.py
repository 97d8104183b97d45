"""What ``zapi-report`` says where it cannot report, and what it sends to Prometheus."""

import base64
import contextlib
import datetime as dt
import json
import os
import shlex
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs

import pytest

from exporter.report.command import main
from exporter.report.prometheus import CannotAsk, Prometheus
from tests.shipped.availability.recorded import rows_of

REPORT: Final = str(Path(sys.executable).with_name("zapi-report"))
"""The installed command."""


class _Answers(BaseHTTPRequestHandler):
    """Answers each query with what the server holds, and keeps the headers."""

    def do_POST(self) -> None:
        asked = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        server: Any = self.server
        server.seen.append((self.path, dict(self.headers), asked))
        status, body = server.answer
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header("Location", "http://127.0.0.1:1/")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent."""


@pytest.fixture
def server() -> Iterator[Any]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answers) as running:
        made: Any = running
        made.seen = []
        made.answer = (200, _result())
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield made
        running.shutdown()
        thread.join()


def _result(*samples: tuple[Any, str], **fields: Any) -> bytes:
    """The answer with these labels and values."""
    found = [{"metric": labels, "value": [0, value]} for labels, value in samples]
    return json.dumps({"status": "success", "data": {"result": found}, **fields}).encode()


def _run(server: Any, place: Path, *flags: str) -> int:
    return main(
        [
            f"--prometheus.url=http://127.0.0.1:{server.server_address[1]}",
            "--month=2026-10",
            f"--output.html={place / 'report.html'}",
            f"--output.csv={place / 'report.csv'}",
            *flags,
        ]
    )


@pytest.mark.parametrize("values", [[], ["NaN", "+Inf"]])
def test_no_figures_are_said_and_end_with_status_1(
    server: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str], values: list[str]
) -> None:
    server.answer = (200, _result(*(({"name": "x"}, value) for value in values)))
    assert _run(server, tmp_path) == 1
    assert "no figures of this month" in capfd.readouterr().err
    assert "Prometheus has no figures of this month" in (tmp_path / "report.html").read_text()


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (401, b"", "refused access (HTTP 401)"),
        (403, b"", "refused access (HTTP 403)"),
        (300, b"", "redirects elsewhere"),
        (302, b"", "redirects elsewhere"),
        (399, b"", "redirects elsewhere"),
        (400, b"", "found HTTP 400 without JSON"),
        (200, b"<html>", "found HTTP 200 without JSON"),
        (200, b"[]", "found other JSON"),
        (400, b'{"status": "error", "error": "too many samples"}', "refused a query: too many samples\n"),
        (400, b'{"status": "error", "error": "%s"}' % (b"x" * 301), f": {'x' * 300}\n"),
        (200, b'{"status": "error", "data": {"result": []}}', "refused a query: no reason given"),
        (200, b'{"status": "success", "data": []}', "refused a query: no reason given"),
        (200, b'{"status": "success", "data": {"result": [{"metric": {}}]}}', "found something else"),
        (200, b"[" * 100_000, "found HTTP 200 without JSON"),
        (200, b"[]".ljust(1024 * 1024), "found other JSON"),
        (200, b"[]".ljust(1024 * 1024 + 1), "found more than 1 MiB"),
        (
            200,
            b'{"status": "error", "error": "no\\u001b[31m\\nmore"}',
            "refused a query: no\\u001b[31m\\u000amore",
        ),
        (200, _result(([], "1")), "found something else"),
        (200, _result(({"name": {}}, "1")), "found something else"),
        (200, _result(({"name": "\ud800"}, "1")), "found something else"),
        (200, _result(({"name": "x"}, "1e300")), "found something else"),
    ],
)
def test_a_bad_answer_is_one_line(
    server: Any,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    body: bytes,
    said: str,
) -> None:
    monkeypatch.setattr("exporter.report.prometheus.MAX_ANSWER", 1024 * 1024)
    server.answer = (status, body)
    assert _run(server, tmp_path) == 1
    error = capfd.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        *(
            ([f"--month={month}"], "expected a month such as 2026-10")
            for month in ("2026-13", "2026-00", "1969-12", "9999-12", "\N{ARABIC-INDIC DIGIT TWO}026-10")
        ),
        (["--month=2999-01"], "expected a month that has begun"),
        (["--prometheus.url=http://a..b"], "cannot connect to Prometheus at a..b:80: "),
        (
            ["--prometheus.url=https://no-such-host.invalid/x"],
            "at no-such-host.invalid:443: the host name cannot be",
        ),
        (["--prometheus.username=a:b", f"--prometheus.password-file={__file__}"], "without a colon"),
        (["--prometheus.ca-file=/dev/zero"], "is a device, not a regular file"),
        ([f"--prometheus.ca-file={__file__}"], "contains no certificate that can be read"),
        (["--prometheus.username=me", "--prometheus.password-file=/dev/zero"], "is a device"),
        (["--output.html=same", "--output.csv=./same"], "expected two files"),
        (["--output.csv=/nowhere/table.csv"], "/nowhere/table.csv could not be written"),
        (["--time-zone=Mars/Olympus"], "expected a name such as America/Sao_Paulo"),
        (["--time-zone=UTC0"], "--time-zone, or else TZ: expected a name"),
        *(
            ([f"--prometheus.url={url}"], "expected a URL such as")
            for url in ("localhost:9090", "ftp://h", "http://:9090", "http://h:0", "http://h:x")
        ),
        (["--prometheus.url=http://me:hidden@localhost"], "expected no name or password in the URL"),
        (["--prometheus.url=http://:hidden@localhost"], "expected no name or password in the URL"),
        (["--prometheus.url=http://localhost/?hidden"], "expected nothing after the path"),
        (["--prometheus.url=http://localhost/#hidden"], "expected nothing after the path"),
        (["--prometheus.username=me"], "expected both"),
        ([f"--prometheus.password-file={__file__}"], "expected both"),
        (["--prometheus.ca-file=/nowhere/ca.pem"], "does not exist"),
        (["--prometheus.username=me", "--prometheus.password-file=/nowhere/password"], "does not exist"),
        (
            ["--prometheus.url=http://127.0.0.1:1"],
            "cannot connect to Prometheus at 127.0.0.1:1: connection refused; check --prometheus.url and that",
        ),
        (
            ["--prometheus.url=https://127.0.0.1:{port}"],
            "not use TLS on this port; begin --prometheus.url with http://",
        ),
        (["--prometheus.username=me", "--prometheus.password-file={folder}/pipe"], "is a named pipe"),
        (["--output.csv=/dev/full"], "/dev/full could not be written: No space left on device"),
    ],
)
def test_a_wrong_flag_says_what_was_expected(
    server: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str], flags: list[str], said: str
) -> None:
    os.mkfifo(tmp_path / "pipe")
    places = {"port": server.server_address[1], "folder": tmp_path}
    assert _run(server, tmp_path, *(flag.format(**places) for flag in flags)) == 1
    error = capfd.readouterr().err
    assert said in error
    assert "hidden" not in error


@pytest.mark.parametrize("flag", ["--output.html", "--output.csv"])
@pytest.mark.parametrize(
    ("file", "why"),
    [
        ("none/report", "No such file or directory"),
        ("file/report", "Not a directory"),
        ("folder", "Is a directory"),
    ],
)
def test_a_file_that_cannot_be_written_is_told_before_a_query(
    server: Any,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    flag: str,
    file: str,
    why: str,
) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    monkeypatch.setattr(Prometheus, "query", pytest.fail)
    assert _run(server, tmp_path, f"{flag}={tmp_path / file}") == 1
    assert capfd.readouterr().err == f"zapi-report: {tmp_path / file} could not be written: {why}\n"


def test_an_interrupt_is_one_line(
    server: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Prometheus, "query", interrupted)
    assert _run(server, tmp_path) == 1
    assert capfd.readouterr().err == "zapi-report: interrupted\n"


def test_a_current_folder_that_was_removed_is_one_line(
    server: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert _run(server, tmp_path, "--output.html=page.html") == 1
    assert "page.html could not be written: No such file or directory" in capfd.readouterr().err


def test_a_label_that_no_number_has_and_missing_hours_are_told(
    server: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answer = (200, _result(({"name": "vendas", "team": "sales"}, "1")))
    _run(server, tmp_path, "--group-by=taem", "--time-zone=UTC")
    label, hours = capfd.readouterr().err.splitlines()[-2:]
    assert "no number has the label taem" in label
    assert "Prometheus recorded 31 of 744 hours" in hours
    assert "By taem" in (tmp_path / "report.html").read_text(encoding="utf-8")
    server.answer = (200, _result(({"name": "vendas", "team": "sales"}, "24")))
    monkeypatch.chdir(tmp_path)
    main(
        [
            f"--prometheus.url=http://127.0.0.1:{server.server_address[1]}",
            "--month=2026-10",
            "--time-zone=UTC",
        ]
    )
    files = "zapi-report-2026-10.html and zapi-report-2026-10.csv"
    assert capfd.readouterr().err.splitlines()[-1] == f"zapi-report: wrote {files}"


def test_an_answer_that_drips_is_given_up() -> None:
    """The timeout of a read begins anew with every byte."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_drip, args=(listener,), daemon=True).start()
        client = Prometheus(f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=0.5)
        with pytest.raises(CannotAsk, match=r"did not answer within 0\.5 s"):
            client.query("up", 0)


def _drip(listener: socket.socket) -> None:
    accepted, _ = listener.accept()
    with accepted, contextlib.suppress(OSError):
        accepted.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while True:
            accepted.sendall(b" ")
            threading.Event().wait(0.05)


def test_a_warning_of_the_server_is_told(
    server: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Thanos and others answer with what they have where a part of them is away."""
    server.answer = (200, _result(({"name": "x"}, "3600"), warnings=["a store <b>is</b> away"]))
    assert _run(server, tmp_path) == 0
    assert capfd.readouterr().err.count("a store <b>is</b> away") == 1
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.count("a store &lt;b&gt;is&lt;/b&gt; away") == 2


def test_a_closed_standard_error_does_not_stop_the_report(server: Any, tmp_path: Path) -> None:
    server.answer = (200, _result(({"name": "x"}, "3600")))
    url = f"http://127.0.0.1:{server.server_address[1]}"
    command = f"exec {shlex.quote(REPORT)} --prometheus.url={url} --month=2026-10 2>&-"
    assert subprocess.run(["sh", "-c", command], cwd=tmp_path, check=False, timeout=120).returncode == 0
    assert len(list(tmp_path.iterdir())) == 2


def test_it_asks_the_api_with_the_password_of_a_file_and_without_netrc(
    server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login other password other\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    (tmp_path / "password").write_text("pässword\n", encoding="utf-8")
    shown: list[tuple[int, int]] = []
    monkeypatch.setattr(
        "exporter.report.command.Progress.show", lambda progress, *counts: shown.append(counts)
    )

    _run(server, tmp_path, f"--prometheus.url=http://127.0.0.1:{server.server_address[1]}/behind/")
    path, headers, asked = server.seen[-1]
    assert path == "/behind/api/v1/query"
    assert asked["query"] == ["max_over_time(name:zapi_instance_outage_seconds:max1h[2678400s])"]
    assert asked["time"] == ["1793494919.000"]
    queries = len(server.seen)
    assert shown == [(done, queries) for done in range(1, queries + 1)]
    assert "Authorization" not in headers
    _run(server, tmp_path, "--prometheus.username=mé", f"--prometheus.password-file={tmp_path / 'password'}")
    sent = base64.b64decode(server.seen[-1][1]["Authorization"].removeprefix("Basic "))
    assert sent.decode() == "mé:pässword"


def test_a_name_is_neither_markup_nor_a_formula(server: Any, tmp_path: Path) -> None:
    names = [f'{character}cmd|"<script>"' for character in "=+-@\t\r"]
    labels = {"job": "zapi", "namespace": "prod", "team": "<b>"}
    server.answer = (200, _result(*((labels | {"name": name}, "3600") for name in names)))
    assert _run(server, tmp_path) == 0
    page = (tmp_path / "report.html").read_text()
    assert "<script>" not in page
    assert "<b>" not in page.replace("<b style", "")
    assert (tmp_path / "report.csv").read_bytes().startswith(b"\xef\xbb\xbfrows,group,")
    for name, (key, row) in zip(sorted(names), rows_of(tmp_path, "number").items(), strict=True):
        assert (key, row["group"], row["job"], row["namespace"]) == (f"'{name}", "<b>", "zapi", "prod")


def test_a_number_whose_labels_change_is_one_and_counts_for_its_new_group(
    server: Any, tmp_path: Path
) -> None:
    old, new = ({"name": "x", "team": team} for team in ("a", "b"))
    server.answer = (200, _result((old, "3600"), (new, "1800"), ({"name": "y"}, "7200")))
    assert _run(server, tmp_path, "--time-zone=UTC") == 0
    rows = rows_of(tmp_path, "number")
    assert list(rows) == ["y", "x"], "the longest outage comes first where all are as available"
    row = rows["x"]
    assert (row["group"], row["job"], row["namespace"]) == ("b", "", "")
    assert (row["known_seconds"], row["disconnects"]) == (str(31 * 5400), "5400")
    assert (row["longest_outage_seconds"], row["mean_time_to_reconnect_seconds"]) == ("3600", "1")


@pytest.mark.parametrize(("minute", "hours"), [(24, 55), (25, 56)])
def test_a_month_that_runs_is_reported_up_to_the_last_recorded_hour(
    server: Any,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    minute: int,
    hours: int,
) -> None:
    now = dt.datetime(2026, 10, 3, 8, minute, tzinfo=dt.timezone.utc)
    monkeypatch.setattr("exporter.report.command.time.time", now.timestamp)
    server.answer = (200, _result(*(({"name": f"n{number}"}, "0") for number in range(52))))
    assert _run(server, tmp_path, "--time-zone=America/Sao_Paulo", "--language=pt-BR") == 0
    assert f"recorded 0 of {hours - 3} hours" in capfd.readouterr().err
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert '<html lang="pt-BR">' in page
    assert "The month is not over" in page
    assert "n0, n1, n10, n11, " in page
    assert "and 2 more" in page
    assert f"at 2026-10-03 05:{minute}." in page
