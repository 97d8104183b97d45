"""Views → the page, for one request."""

import base64
import hashlib
from collections.abc import Sequence
from functools import partial
from importlib import resources
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from exporter.fleet.store import InstanceView
from exporter.httpd.message import Request, Response
from exporter.model.settings import InstanceSource
from exporter.web.status_page.diagnosis import Diagnoses
from exporter.web.status_page.formatting import sentence
from exporter.web.status_page.page_model import has_several, origin, source_notes, write_screen
from exporter.web.status_page.query import read_query
from exporter.web.status_page.rows import RowWriter
from exporter.web.status_page.selection import list_instances
from exporter.web.status_page.texts import texts_for

_PACKAGE: Final = "exporter.web.status_page"


class StatusPage:
    """Renders the page. Safe to use from many threads.

    ``telemetry_path`` is where the page's link to the metrics goes.
    """

    def __init__(self, *, version: str, telemetry_path: str) -> None:
        self._diagnoses = Diagnoses()
        style, script = _asset("style.css"), _asset("script.js")
        self._policy = _policy(style, script)
        environment = Environment(
            loader=PackageLoader(_PACKAGE),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.globals.update(
            sentence=sentence,
            style=style,
            script=script,
            version=version,
            metrics_link=telemetry_path.removeprefix("/"),
        )
        self._template = environment.get_template("page.html")

    def render(
        self,
        views: Sequence[InstanceView],
        now: float,
        request: Request,
        sources: Sequence[InstanceSource] = (),
    ) -> Response:
        """Return the page as HTML; ``now`` is unix time, and ``sources`` are where the instances come from.

        The language is that of ``Accept-Language``; filter, search and page are in the query. A query that
        makes no sense shows what the page shows without it.
        """
        texts = texts_for(request.headers.get("accept-language", ""))
        query = read_query(request.query)
        listing = list_instances(self._diagnoses.of(views, now), query)
        writer = RowWriter(texts, query, now, listing)
        html = self._template.render(
            texts=texts,
            words=texts.words,
            query=query,
            screen=write_screen(listing, texts, query, now),
            notes=source_notes(sources, texts, now),
            origin=partial(origin, texts=texts) if has_several(sources) else None,
            rows=[writer.row(diagnosis) for diagnosis in listing.diagnoses],
        )
        return Response(
            200,
            html.encode("utf-8", "replace"),
            "text/html; charset=utf-8",
            (
                ("Content-Security-Policy", self._policy),
                ("Content-Language", texts.tag),
                ("Vary", "Accept-Language"),
                ("Cache-Control", "no-store"),
                ("Referrer-Policy", "no-referrer"),
                ("X-Content-Type-Options", "nosniff"),
            ),
        )


def _asset(name: str) -> str:
    return resources.files(_PACKAGE).joinpath(name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    """Return the policy that lets the page load and run only its own style and script."""
    return "; ".join(
        (
            "default-src 'none'",
            f"style-src {_source(style)}",
            f"script-src {_source(script)}",
            "connect-src 'self'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


def _source(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"
