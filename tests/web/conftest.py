"""What the tests of the web room share."""

import pytest
import trustme

from tests.web.serving import Transport


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(params=["plain", "tls"])
def transport(request: pytest.FixtureRequest, authority: trustme.CA) -> Transport:
    """Each test with it runs twice: over plain HTTP and over HTTPS."""
    return Transport(authority if request.param == "tls" else None)
