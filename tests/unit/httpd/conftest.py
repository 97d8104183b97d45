"""What the tests of the web room share."""

import pytest
import trustme

from tests.unit.httpd.serving import Transport


@pytest.fixture(params=["plain", "tls"])
def transport(request: pytest.FixtureRequest, authority: trustme.CA) -> Transport:
    """Each test with it runs twice: over plain HTTP and over HTTPS."""
    return Transport(authority if request.param == "tls" else None)
