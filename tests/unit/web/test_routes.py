"""Each path's answers, without a socket."""

import asyncio
import gzip
import json
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import Future
from typing import Any
from urllib.parse import urlsplit

import pytest
from prometheus_client import Metric
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from exporter.fleet.store import Fleet
from exporter.httpd.message import Request, Response
from exporter.metrics.exposition import Format, InstanceLines, Scrapes
from exporter.metrics.self_metrics import Telemetry
from exporter.options import ExternalUrl
from exporter.web.probe import Probe
from exporter.web.routes import WORTH_IT, App, accepts_gzip, compressing, exposition_format
from tests.builders import a_config, a_failure, a_status, an_instance
from tests.clocks import ManualClock

NAMES = ("vendas", "pós-venda", 'a"b\\c\nd')


class Exporter:
    """The application, with some of its fields, and what its surroundings were asked for."""

    def __init__(
        self,
        *,
        problems: Sequence[str] = (),
        is_recent: bool = False,
        hangs: bool = False,
        in_flight_for: float = 0.0,
        **fields: Any,
    ) -> None:
        self._problems, self._is_recent, self._hangs = tuple(problems), is_recent, hangs
        self.polled: list[str] = []
        self.requested: list[Future[None]] = []
        self.reloads = 0
        clock, lines = ManualClock(), InstanceLines()
        self.config = a_config(*(an_instance(name, labels={"team": "sales"}) for name in NAMES))
        self.fleet = Fleet(self.config, clock, [lines])
        scrapes = Scrapes(self.fleet, lines, Telemetry().registry, clock)
        self.on_poll: Callable[[str], None] = self._poll
        defaults: dict[str, Any] = {
            "probe": Probe(self.fleet, scrapes, self._request_poll, lambda name: in_flight_for),
            "reload": self._reload,
            "is_ready": lambda: True,
            "page": lambda request: Response(200, b"<!doctype html>" * 99),
            "telemetry_path": "/metrics",
            "scheme": lambda: "http",
        }
        self._app = App(fleet=self.fleet, scrapes=scrapes, **defaults | fields)

    def ask(self, path: str, method: str = "GET", name: str | None = None, **headers: str) -> Response:
        query = {} if name is None else {"name": name}
        dashed = {header.replace("_", "-"): value for header, value in ({"host": "test"} | headers).items()}
        answer = self._app(Request(method, path, query, dashed))
        return answer if isinstance(answer, Response) else asyncio.run(_awaited(answer))

    def _request_poll(self, name: str) -> "Future[None] | None":
        if self._is_recent:
            return None
        poll: Future[None] = Future()
        self.requested.append(poll)
        if not self._hangs:
            self.on_poll(name)
            poll.set_result(None)
        return poll

    def _poll(self, name: str) -> None:
        self.polled.append(name)
        instance = next(each for each in self.config.instances if each.name == name)
        self.fleet.record(instance, a_status(), 0.25)

    def _reload(self) -> tuple[str, ...]:
        self.reloads += 1
        return self._problems


async def _awaited(answer: Callable[[], Awaitable[Response]]) -> Response:
    return await answer()


def headers(response: Response) -> dict[str, str]:
    return dict(response.headers)


@pytest.mark.parametrize(
    ("accept", "content_type", "parse"),
    [
        ("", "text/plain; version=0.0.4; charset=utf-8", parse_text),
        (
            "application/openmetrics-text;version=1.0.0,text/plain;q=0.5",
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
            openmetrics.text_string_to_metric_families,
        ),
    ],
)
def test_metrics_and_probes_have_the_format_that_is_liked_best(
    accept: str, content_type: str, parse: Callable[[str], Iterable[Metric]]
) -> None:
    exporter = Exporter()
    for answer, vary in (
        (exporter.ask("/metrics", accept=accept), "Accept, Accept-Encoding"),
        (exporter.ask("/probe", name="vendas", accept=accept), "Accept"),
    ):
        assert (answer.status, answer.content_type, headers(answer)) == (200, content_type, {"Vary": vary})
        text = b"".join(answer.pieces).decode()
        assert "zapi_instance_polls" in {family.name for family in parse(text)}


@pytest.mark.parametrize("path", ["/", "/metrics", "/sd"])
def test_what_may_be_large_is_compressed_for_those_who_take_it(path: str) -> None:
    exporter = Exporter()
    plain = exporter.ask(path, host="h" * 1024)
    packed = exporter.ask(path, host="h" * 1024, accept_encoding="gzip")
    assert headers(packed) == headers(plain) | {"Content-Encoding": "gzip"}
    assert gzip.decompress(b"".join(packed.pieces)) == b"".join(plain.pieces)


def test_the_metrics_are_where_the_flag_says_and_nowhere_else() -> None:
    exporter = Exporter(telemetry_path="/intern/zapi")
    assert exporter.ask("/intern/zapi").status == 200
    assert exporter.ask("/metrics").status == 404


@pytest.mark.parametrize("name", NAMES)
def test_a_probe_polls_the_instance_and_exposes_it_alone(name: str) -> None:
    exporter = Exporter()
    answer = exporter.ask("/probe", name=name)
    assert (answer.status, exporter.polled) == (200, [name])
    samples = [sample for family in parse_text(answer.body.decode()) for sample in family.samples]
    assert {sample.labels["name"] for sample in samples} == {name}
    assert [sample.value for sample in samples if sample.name == "zapi_instance_connected"] == [1]


def test_a_probe_of_an_instance_that_cannot_be_polled_is_an_answer_too() -> None:
    exporter = Exporter()
    exporter.on_poll = lambda name: exporter.fleet.record(exporter.config.instances[0], a_failure(), 0.25)
    answer = exporter.ask("/probe", name="vendas")
    assert answer.status == 200
    assert 'zapi_instance_up{name="vendas",team="sales"} 0.0\n' in answer.body.decode()
    assert 'reason="timeout"' in answer.body.decode()


@pytest.mark.parametrize(
    ("name", "status", "said"),
    [
        ("nobody", 404, b"No instance with this name"),
        ("VENDAS", 404, b"No instance with this name"),
        ("", 404, b"No instance with this name"),
        (None, 400, b"/probe?name=NAME"),
        ("vendas", 200, b"zapi_instance_up"),
    ],
)
def test_an_unknown_name_or_a_recent_poll_is_not_polled(name: str | None, status: int, said: bytes) -> None:
    exporter = Exporter(is_recent=name == "vendas")
    answer = exporter.ask("/probe", name=name)
    assert (answer.status, said in answer.body) == (status, True)
    assert b"zapi_instance_poll_failure{" not in answer.body
    assert (exporter.polled, exporter.requested) == ([], [])


@pytest.mark.parametrize(
    ("hangs", "in_flight_for", "up"),
    [(True, 0.025, 0), (True, 0.024, 1), (False, 0.025, 1)],
    ids=["a poll that hangs", "a poll that has not begun", "another poll follows"],
)
def test_a_probe_is_answered_before_the_scrape_gives_up(hangs: bool, in_flight_for: float, up: int) -> None:
    """With a failure where Z-API hangs, with what is known where the poll waits for its turn."""
    exporter = Exporter(hangs=hangs, in_flight_for=in_flight_for)
    exporter.fleet.record(exporter.config.instances[0], a_status(), 0.25)
    answer = exporter.ask("/probe", name="vendas", x_prometheus_scrape_timeout_seconds="0.1")
    text = answer.body.decode()
    assert f'zapi_instance_up{{name="vendas",team="sales"}} {up}.0\n' in text
    assert ('zapi_instance_poll_failure{name="vendas",team="sales",reason="timeout"} 1.0\n' in text) is not up
    assert 'zapi_instance_connected{name="vendas",team="sales"} 1.0\n' in text
    assert exporter.requested[0].cancelled() is hangs


@pytest.mark.parametrize(
    ("header", "patience"),
    [("0.1", 0.05), ("1.5", 1.0), ("60", 59.5), ("60.1", 60.0)]
    + [(header, 60.0) for header in ("", "soon", "nan", "inf", "-1", "0", "1e999")],
)
def test_a_probe_waits_almost_as_long_as_its_scrape(
    header: str, patience: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []

    async def wait(polls: object, timeout: float) -> tuple[object, object]:
        waited.append(timeout)
        return polls, ()

    monkeypatch.setattr(asyncio, "wait", wait)
    assert Exporter().ask("/probe", name="vendas", x_prometheus_scrape_timeout_seconds=header).status == 200
    assert waited == [patience]


@pytest.mark.parametrize(
    ("origin", "site", "status"),
    [
        ("", "", 200),
        ("http://exporter:10917", "", 200),
        ("https://exporter:10917", "same-origin", 200),
        ("", "none", 200),
        ("http://exporter:8080", "", 403),
        ("null", "", 403),
        ("http://[", "", 403),
        ("http://exporter:10917", "cross-site", 403),
        ("", "same-site", 403),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_page_of_another_site_reloads_nothing(method: str, origin: str, site: str, status: int) -> None:
    exporter = Exporter()
    sent = {name: value for name, value in (("origin", origin), ("sec_fetch_site", site)) if value}
    assert exporter.ask("/-/reload", method, host="exporter:10917", **sent).status == status
    assert exporter.reloads == (status == 200)


def test_an_instance_removed_while_it_is_probed_is_not_found() -> None:
    exporter = Exporter()
    exporter.on_poll = lambda name: exporter.fleet.reconfigure(a_config(*exporter.config.instances[1:]))
    assert exporter.ask("/probe", name="vendas").status == 404


def test_service_discovery_needs_all_lists_and_the_address_that_was_asked() -> None:
    """Prometheus keeps its targets at an error, and drops those that an answer lacks."""
    assert Exporter(has_all_lists=lambda: False).ask("/sd").status == 503
    assert Exporter(has_all_lists=lambda: True).ask("/sd").status == 200
    assert Exporter().ask("/sd", host="").status == 400


@pytest.mark.parametrize(("ready", "status"), [(False, 503), (True, 200)])
def test_ready_waits_for_readiness_and_healthy_does_not(ready: bool, status: int) -> None:
    exporter = Exporter(is_ready=lambda: ready)
    assert (exporter.ask("/-/ready").status, exporter.ask("/-/healthy").status) == (status, 200)


def test_a_reload_that_fails_is_answered_with_every_problem() -> None:
    problems = ("config.yaml:3: instances: must not be empty", "config.yaml:9: polling.interval: no duration")
    answer = Exporter(problems=problems).ask("/-/reload", "POST")
    assert answer.status == 400
    assert answer.body.decode().splitlines()[1:] == list(problems)


@pytest.mark.parametrize("path", ["/", "/metrics", "/probe", "/sd", "/-/healthy", "/-/ready", "/-/reload"])
def test_each_path_says_which_methods_it_takes(path: str) -> None:
    exporter = Exporter()
    allowed = "POST, PUT, OPTIONS" if path == "/-/reload" else "GET, HEAD, OPTIONS"
    options = exporter.ask(path, "OPTIONS")
    assert (options.status, options.body, headers(options)["Allow"]) == (204, b"", allowed)
    wrong = exporter.ask(path, "GET" if path == "/-/reload" else "DELETE")
    assert (wrong.status, headers(wrong)["Allow"]) == (405, allowed)
    assert (exporter.reloads, exporter.polled) == (0, [])


@pytest.mark.parametrize("path", ["/nothing", "/metrics/", "/-/", "//", "/PROBE"])
def test_any_other_path_is_not_found_and_leads_to_the_status_page(path: str) -> None:
    answer = Exporter().ask(path)
    assert answer.status == 404
    assert b"status page is at /" in answer.body


@pytest.mark.parametrize("path", ["", "/", "/metrics", "/sd", "/-/healthy", "/-/ready"])
def test_under_a_prefix_every_path_begins_with_it(path: str) -> None:
    exporter = Exporter(route_prefix="/tools/zapi")
    assert exporter.ask(f"/tools/zapi{path}").status == (200 if path else 302)
    assert exporter.ask(f"/tools/zapi2{path}").status == 404
    assert exporter.ask(path or "/tools").status == (302 if path == "/" else 404)


@pytest.mark.parametrize(
    ("name", "query"), [(None, ""), ("a&b\r\nX-Injected: 1\ud800", "?name=a%26b%0D%0AX-Injected%3A+1%3F")]
)
@pytest.mark.parametrize("path", ["/", "/tools/zapi"])
def test_who_comes_without_a_whole_prefix_is_led_to_the_page(path: str, name: str | None, query: str) -> None:
    answer = Exporter(route_prefix="/tools/zapi").ask(path, name=name)
    assert (answer.status, answer.body) == (302, b"")
    assert headers(answer) == {"Location": f"/tools/zapi/{query}"}


def test_behind_a_proxy_the_page_is_where_others_reach_it() -> None:
    exporter = Exporter(route_prefix="/inner", external_url=ExternalUrl("https", "ops", "/zapi"))
    assert headers(exporter.ask("/inner")) == {"Location": "/zapi/"}
    assert headers(exporter.ask("/")) == {"Location": "/inner/"}
    assert b"status page is at /zapi/." in exporter.ask("/inner/nothing").body


@pytest.mark.parametrize("path", ["/", "/inner"])
def test_only_reading_is_redirected(path: str) -> None:
    answer = Exporter(route_prefix="/inner").ask(path, method="POST")
    assert (answer.status, headers(answer)["Allow"]) == (405, "GET, HEAD, OPTIONS")


@pytest.mark.parametrize(
    ("external", "prefix", "host", "scheme", "targets"),
    [
        (None, "", "10.0.0.7:10917", "http", "http://10.0.0.7:10917/probe"),
        (None, "/zapi", "10.0.0.7:10917", "https", "https://10.0.0.7:10917/zapi/probe"),
        (ExternalUrl("https", "ops", "/zapi"), "/zapi", "", "http", "https://ops/zapi/probe"),
        (ExternalUrl("https", "ops:8443", "/a"), "", "10.0.0.7:10917", "http", "https://ops:8443/a/probe"),
        (ExternalUrl("http", "zapi.example.com", ""), "", "other", "https", "http://zapi.example.com/probe"),
    ],
)
def test_service_discovery_names_each_instance_as_others_reach_it(
    external: ExternalUrl | None, prefix: str, host: str, scheme: str, targets: str
) -> None:
    exporter = Exporter(external_url=external, route_prefix=prefix, scheme=lambda: scheme)
    answer = exporter.ask(f"{prefix}/sd", host=host)
    url = urlsplit(targets)
    assert answer.content_type == "application/json"
    common = {"__scheme__": url.scheme, "__metrics_path__": url.path}
    assert json.loads(answer.body) == [
        {"targets": [url.netloc], "labels": {**common, "__param_name": name, "instance": name}}
        for name in NAMES
    ]


LARGE = b"x" * WORTH_IT


def answer(response: Response, accept_encoding: str | None) -> Response:
    headers = {} if accept_encoding is None else {"accept-encoding": accept_encoding}
    return compressing(lambda request: response)(Request("GET", "/", {}, headers))


@pytest.mark.parametrize("accept_encoding", [None, "", "gzip;q=0", "br, gzip"])
def test_a_large_body_is_compressed_for_clients_that_take_gzip(accept_encoding: str | None) -> None:
    language = (("Vary", "Accept-Language"), ("Content-Language", "en"))
    whole = Response(200, LARGE[1:], headers=language, shared=(b"x",))
    got = answer(whole, accept_encoding)
    told = {"Vary": "Accept-Language, Accept-Encoding", "Content-Language": "en"}
    if accept_encoding == "br, gzip":
        assert dict(got.headers) == told | {"Content-Encoding": "gzip"}
        assert gzip.decompress(b"".join(got.pieces)) == LARGE
        assert got.size < len(LARGE) / 10
    else:
        assert (got.pieces, dict(got.headers)) == (whole.pieces, told)


def test_what_is_small_stays_as_it_is() -> None:
    small = Response(200, LARGE[1:])
    assert answer(small, "gzip") == small
    assert answer(Response(200, LARGE), "br").headers == (("Vary", "Accept-Encoding"),)


PROMETHEUS = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
PROMETHEUS_WITH_OPENMETRICS_OFF = "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
CHROMIUM = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", Format.TEXT),
        ("*/*", Format.TEXT),
        (CHROMIUM, Format.TEXT),
        (PROMETHEUS, Format.OPENMETRICS),
        (PROMETHEUS_WITH_OPENMETRICS_OFF, Format.TEXT),
        ("application/openmetrics-text", Format.OPENMETRICS),
        ("Application/OpenMetrics-Text ; Q=0.9 , text/plain;q=0.1", Format.OPENMETRICS),
        ("application/openmetrics-text;q=0", Format.TEXT),
        ("application/openmetrics-text;q=0.4, text/plain;q=0.5", Format.TEXT),
        ("application/openmetrics-text;q=nonsense, text/plain", Format.TEXT),
        ("image/png", Format.TEXT),
        (PROMETHEUS_3, Format.OPENMETRICS),
        ("application/openmetrics-text;version=2.0.0, text/plain;q=0.1", Format.TEXT),
        ('application/openmetrics-text;version="1.0.0", text/plain;q=0.1', Format.OPENMETRICS),
        ("application/openmetrics-text;q=0.6, text/plain;version=1.0.0", Format.OPENMETRICS),
        ("application/openmetrics-text;q=0.6, text/plain;q=0.5, */*;q=0.8", Format.OPENMETRICS),
        ("application/openmetrics-text;q=0.6, */*;q=0.8", Format.TEXT),
        ("application/openmetrics-text;q=0.6, text/*;q=0.8, */*;q=0.1", Format.TEXT),
        ("application/openmetrics-text, text/plain;q=5", Format.OPENMETRICS),
        (
            "application/openmetrics-text, application/openmetrics-text;q=0.1, text/plain;q=0.5",
            Format.OPENMETRICS,
        ),
        ("application/openmetrics-text;q=nan", Format.TEXT),
        (",;,;;q=,", Format.TEXT),
    ],
)
def test_the_format_is_the_one_the_client_likes_best(accept: str, expected: Format) -> None:
    assert exposition_format(accept) is expected


@pytest.mark.parametrize(
    ("accept_encoding", "expected"),
    [
        *((header, True) for header in ("gzip", "GZIP;q=0.5, br", "*", "x-gzip")),
        *((header, False) for header in ("", "gzip;q=0", "gzip;q=nan", "gzip;q=0, *", "gzip;q=0, x-gzip")),
        *((header, False) for header in ("*;q=0", "identity, br", "x-gzip;q=0, *")),
    ],
)
def test_gzip_is_given_to_those_who_take_it(accept_encoding: str, expected: bool) -> None:
    assert accepts_gzip(accept_encoding) is expected
