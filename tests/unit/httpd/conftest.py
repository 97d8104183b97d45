"""What the tests of the web room share."""

import resource
from collections.abc import Iterator

import pytest
import trustme

from tests.unit.httpd.serving import Transport


@pytest.fixture(params=["plain", "tls"])
def transport(request: pytest.FixtureRequest, authority: trustme.CA) -> Transport:
    """Each test with it runs twice: over plain HTTP and over HTTPS."""
    return Transport(authority if request.param == "tls" else None)


@pytest.fixture
def enough_file_descriptors() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard if hard < 10_000 else max(soft, 10_000), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
