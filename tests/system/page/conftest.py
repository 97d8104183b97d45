"""What the tests of both browsers share."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from exporter.httpd.message import Response
from tests.system.page.site import Site
from tests.unit.httpd.serving import serving


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    with serving(lambda request: site(request) if request.path == "/" else Response(404, b"")) as server:
        site.url = f"http://{server.addresses[0]}/"
        yield site
