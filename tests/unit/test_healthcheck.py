"""The health check asks a real server, whatever its address and whatever guards it."""

import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme

from exporter import healthcheck
from exporter.healthcheck import find_published, published
from exporter.httpd.bind import bind
from exporter.httpd.message import Request, Response
from exporter.httpd.security import Security
from exporter.httpd.server import Server
from exporter.model.clock import SystemClock
from exporter.webconfig.file import load
from harness.ports import refusing_port
from tests.unit.httpd.certificates import EXAMPLES, write_files


@contextmanager
def listening(address: str = "127.0.0.1:0", status: int = 200, web: Path | None = None) -> Iterator[str]:
    """A server whose paths begin with a prefix, as it is published; it may have a web configuration."""

    def answer(request: Request) -> Response:
        return Response(status if request.path == "/zapi/-/healthy" else 500, b"")

    security = load(web) if web else Security()
    server = Server(answer, [bind(address)], clock=SystemClock(), security=lambda: security)
    server.start()
    try:
        yield f"{server.addresses[0]}/zapi"
    finally:
        server.close(grace=0.0)


@pytest.mark.parametrize("host", ["127.0.0.1", "", "localhost", "[::1]", "[::]", "0.0.0.0"])
def test_an_exporter_answers_at_any_address(host: str) -> None:
    with listening(f"{host}:0") as place:
        assert healthcheck.main([place, f"{place}/"]) == 0


@pytest.mark.parametrize("example", ["tls.yaml", "tls-and-password.yaml", "client-certificates.yaml"])
def test_an_exporter_that_would_not_let_it_in_is_alive(tmp_path: Path, example: str) -> None:
    write_files(tmp_path, trustme.CA())
    (tmp_path / example).write_text((EXAMPLES / example).read_text())
    with listening(web=tmp_path / example) as place:
        assert healthcheck.main([place]) == 0


@pytest.mark.parametrize(
    ("status", "alive"), [(401, True), (403, True), (429, True), (400, False), (503, False)]
)
def test_only_an_exporter_asks_for_what_the_check_lacks(status: int, alive: bool) -> None:
    with listening(status=status) as place:
        assert healthcheck.main([place]) == int(not alive)


def test_it_names_each_address_that_does_not_answer_in_time(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(healthcheck, "_TIMEOUT", 0.1)
    with refusing_port() as port, socket.create_server(("127.0.0.1", 0)) as silent, listening() as place:
        places = [f"127.0.0.1:{port}", f"127.0.0.1:{silent.getsockname()[1]}"]
        assert healthcheck.main([places[0], place, places[1]]) == 1
    told = "".join(f"the exporter does not answer at {place}\n" for place in places)
    assert capsys.readouterr().err == told


def test_it_says_that_there_is_no_exporter(capsys: pytest.CaptureFixture[str]) -> None:
    assert healthcheck.main([]) == 1
    assert capsys.readouterr().err == "no exporter is listening in this container\n"


def test_places_are_found_while_they_are_published() -> None:
    places = [f"127.0.0.1:{port}/{uuid.uuid4().hex}" for port in (1, 2)]
    with published(places), published(places[:1]):
        assert set(places) <= set(find_published())
    assert not set(places) & set(find_published())


def test_names_that_others_publish_need_be_no_text() -> None:
    with socket.socket(socket.AF_UNIX) as other, published([place := uuid.uuid4().hex]):
        other.bind(b"\0\xff" + place.encode())
        assert place in find_published()


def test_a_place_too_long_for_a_name_is_left_out() -> None:
    with published(["h" * 200]):
        assert not any("hhh" in place for place in find_published())
