"""The page on a loopback port, for a browser."""

from exporter.fleet.store import InstanceView
from exporter.httpd.message import Request, Response
from exporter.web.status_page.status_page import StatusPage
from tests.unit.web.status_page.fleets import NOW, a_fleet


class Site:
    """A page whose fleet a test changes while a browser looks at it."""

    def __init__(self) -> None:
        self.views: list[InstanceView] = a_fleet(90)
        self.now = NOW
        self.down = False
        self.requests: list[Request] = []
        self.url = ""
        self._page = StatusPage(version="1.2.3", telemetry_path="/metrics")

    def __call__(self, request: Request) -> Response:
        self.requests.append(request)
        if self.down:
            return Response(503, b"")
        return self._page.render(self.views, self.now, request)
