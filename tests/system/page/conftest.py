"""What the tests of both browsers share."""

from collections.abc import Iterator

import pytest

from exporter.httpd.message import Response
from tests.system.page.site import Site
from tests.unit.httpd.serving import serving


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    with serving(lambda request: site(request) if request.path == "/" else Response(404, b"")) as server:
        site.url = f"http://{server.addresses[0]}/"
        yield site
