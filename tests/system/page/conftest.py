"""What the tests of both browsers share."""

from collections.abc import Iterator

import pytest

from tests.system.page.site import Site
from tests.unit.web.status_page.serving import serving


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    with serving(site) as site.url:
        yield site
