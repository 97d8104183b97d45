"""A plain page: every instance and its state, in one table."""

from collections.abc import Sequence
from html import escape

from exporter.fleet import InstanceView
from exporter.web.http import Response


def plain_page(views: Sequence[InstanceView], telemetry_path: str) -> Response:
    rows = "".join(
        f"<tr><td>{escape(view.instance.name)}</td><td>{escape(_state(view))}</td></tr>" for view in views
    )
    page = (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>zapi-exporter</title>'
        '<meta name="viewport" content="width=device-width"><h1>zapi-exporter</h1>'
        f'<p><a href="{escape(telemetry_path)}">Metrics</a></p>'
        f"<table><thead><tr><th>Instance</th><th>State</th></tr></thead><tbody>{rows}</tbody></table></html>"
    )
    return Response(200, page.encode(), "text/html; charset=utf-8")


def _state(view: InstanceView) -> str:
    if view.failure is not None:
        return f"cannot be polled: {view.failure.detail}"
    if view.status is None:
        return "not polled yet"
    return "connected" if view.status.connected else "not connected"
