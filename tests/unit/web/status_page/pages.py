"""The status page of a fleet, also of one whose texts are made to break it, and what is found on it."""

import re
from collections.abc import Sequence
from functools import cache
from html.parser import HTMLParser

from exporter.fleet.store import InstanceView
from exporter.httpd.message import Request, Response
from exporter.model.poll_result import Reason
from exporter.model.settings import InstanceSource
from exporter.web.status_page.status_page import StatusPage
from tests.builders import a_failure, a_status, an_instance
from tests.unit.web.status_page.fleets import NOW, a_failed_view, a_view, hooks

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
