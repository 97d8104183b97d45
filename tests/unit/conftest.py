"""What the unit tests of several packages share."""

from collections.abc import Iterator

import pytest
import trustme


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session", autouse=True)
def few_public_authorities(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One authority in place of the public ones: reading those takes 30 ms of processor time for each client."""
    file = tmp_path_factory.mktemp("public") / "authorities.pem"
    trustme.CA().cert_pem.write_to_path(str(file))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("exporter.zapi.client.DEFAULT_CA_BUNDLE_PATH", str(file))
        yield
