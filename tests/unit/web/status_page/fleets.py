"""Views of a made-up fleet in which everything happens that the page has words for."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from typing import Any

from exporter.fleet.store import InstanceView
from exporter.httpd.message import Request, Response
from exporter.model.me_fields import WEBHOOK_FIELDS
from exporter.model.poll_result import Failure, Reason
from exporter.model.secret import Secret
from exporter.model.settings import Instance, InstanceSource
from exporter.web.status_page.diagnosis import diagnose
from exporter.web.status_page.formatting import Sentence
from exporter.web.status_page.query import Query
from exporter.web.status_page.rows import Row, RowWriter
from exporter.web.status_page.status_page import StatusPage
from exporter.web.status_page.texts import Texts, read_texts
from tests.builders import a_failure, a_status, an_instance

NOW = 1_764_000_000.0
DAY = 86_400.0
ENGLISH, PORTUGUESE = read_texts("en"), read_texts("pt-BR")
SECRETS = ("CANARY-TOKEN", "CANARY-CLIENT-TOKEN", "canary.example/hook?key=CANARY-HOOK", "canary.example/ex")

_TOWNS = ("são paulo", "recife", "belém", "curitiba", "manaus", "natal", "goiânia", "santos")
_TEAMS = ("sales", "support", "billing")
_HOOK = Secret("https://canary.example/hook?key=CANARY-HOOK")
_EXPECTED = Secret("https://canary.example/expected")
_DETAILS = {
    Reason.CONNECT: "the connection was refused",
    Reason.TIMEOUT: "no whole reply within api.timeout",
    Reason.UNAUTHORIZED: "the account requires a Client-Token and none was sent",
    Reason.SERVER_ERROR: "Z-API failed to answer (HTTP 502)",
}


def hooks(**urls: Secret | None) -> Mapping[str, Secret | None]:
    """The documented webhooks, all set but for those named."""
    return {**dict.fromkeys(list(WEBHOOK_FIELDS)[:7], _HOOK), **urls}


def a_view(name: str = "vendas", *, instance: Instance | None = None, **fields: Any) -> InstanceView:
    """An instance that is fine, but for ``fields``."""
    good = InstanceView(
        instance=instance or an_instance(name, token="CANARY-TOKEN", client_token="CANARY-CLIENT-TOKEN"),
        up=True,
        status=a_status(due=NOW + 200 * DAY, webhooks=hooks()),
        payment_status="paid",
        paid=True,
        known_statuses=("paid",),
        polls=9,
        last_poll=NOW - 12,
        last_success=NOW - 12,
        last_duration=0.214,
        since=NOW - 3 * DAY,
        since_is_exact=True,
    )
    return replace(good, **fields)


def a_failed_view(name: str, reason: Reason, **fields: Any) -> InstanceView:
    failure = Failure(reason, _DETAILS.get(reason, "the reply describes another instance"))
    unknown = dict.fromkeys(("status", "paid", "payment_status"))
    return a_view(name, **{"up": False, "failure": failure, **unknown, **fields})


def a_view_due(in_seconds: float, name: str = "vendas") -> InstanceView:
    return a_view(name, status=a_status(due=NOW + in_seconds, webhooks=hooks()))


def a_long_view() -> InstanceView:
    long = "x" * 500
    instance = an_instance(long, labels={long: long})
    return a_view(instance=instance, status=a_status(display_name=long, webhooks=hooks()))


def a_disconnected_view(name: str = "parada", **fields: Any) -> InstanceView:
    status = a_status(connected=False, due=NOW + 40 * DAY, webhooks=hooks())
    return a_view(name, **{"status": status, "disconnects": 3, "since": NOW - 5000, **fields})


def a_fleet(size: int) -> list[InstanceView]:
    """Mostly fine; about one in five instances has each some trouble, if the fleet is large enough."""
    return [_member(number) for number in range(size)]


def _member(number: int) -> InstanceView:
    town = _TOWNS[number % len(_TOWNS)]
    instance = an_instance(
        f"{town}-{number:05}",
        instance_id=f"3C67AB641C8AA0412F6A{number:012X}",
        token="CANARY-TOKEN",
        labels={"team": _TEAMS[number % 3], "environment": "production"},
        expected_webhooks={"received": _EXPECTED, "disconnected": None},
    )
    status = a_status(
        due=NOW + (20 + number % 300) * DAY,
        display_name=f"Loja {town.title()} {number}",
        webhooks=hooks(received=_EXPECTED, presence_chat=None),
    )
    view = a_view(instance=instance, status=status)
    trouble: dict[int, InstanceView] = {
        1: replace(view, status=replace(status, connected=False), disconnects=3, since=NOW - 5000),
        4: replace(view, status=replace(status, due=NOW + 3.2 * DAY)),
        7: replace(view, status=replace(status, webhooks=hooks(disconnected=None))),
        9: a_failed_view("", list(Reason)[number % 12], instance=instance, since=NOW - 700),
        15: replace(view, paid=False, payment_status="overdue", status=replace(status, due=NOW - 2 * DAY)),
        21: InstanceView(instance),
    }
    return trouble.get(number % 45, view)


def row(view: InstanceView, texts: Texts = ENGLISH) -> Row:
    return RowWriter(texts, Query(), NOW).row(diagnose(view, NOW))


def plain(sentence: Sentence) -> str:
    """Return the text of a sentence without the way it is set."""
    return "".join(part if isinstance(part, str) else part.text for part in sentence)


HOSTILE = (
    '"><script>alert(1)</script>',
    "' onmouseover='alert(1)",
    "</style></title></textarea>",
    'line\nzapi_instance_up{name="x"} 1\n',
    "nul\0bell\x07",
    "gnp\u202e.exe\u2066",
    "{{ 7*7 }} {n} {when}",
    "javascript:alert(1)",
    "`code` & <b>bold</b>",
    "\ud800",
)
HIDDEN = re.compile("[\0-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class Elements(HTMLParser):
    """The elements of a page, in order, each with its attributes, and the text between them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@cache
def the_page() -> StatusPage:
    return StatusPage(version="1.2.3", telemetry_path="/intern/metrics")


def answer(
    views: Sequence[InstanceView],
    query: dict[str, str] | None = None,
    language: str = "",
    sources: Sequence[InstanceSource] = (),
) -> Response:
    request = Request("GET", "/", query or {}, {"accept-language": language})
    return the_page().render(views, NOW, request, sources)


def page(views: Sequence[InstanceView], query: dict[str, str] | None = None, language: str = "") -> str:
    return answer(views, query, language).body.decode()


def hostile_fleet() -> list[InstanceView]:
    return [
        a_view(
            instance=an_instance(
                f"{text} {number}",
                instance_id=f"{text}-{number}",
                labels={"team": text},
                expected_webhooks={"delivery": None},
            ),
            status=a_status(display_name=text, webhooks=hooks(delivery=None)),
            payment_status=text,
            paid=number % 2 == 0,
        )
        for number, text in enumerate(HOSTILE)
    ] + [
        a_failed_view(f"{text} failed", Reason.TIMEOUT, failure=a_failure(Reason.TIMEOUT)) for text in HOSTILE
    ]
