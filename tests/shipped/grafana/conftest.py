"""The demo as a Prometheus sees it: started once for the tests that look at it one after the other."""

from collections.abc import Iterator

import pytest

from harness.processes import Prometheus
from tests.shipped.grafana.scraped import scraped_demo


@pytest.fixture(scope="package")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    with scraped_demo(tmp_path_factory.mktemp("demo")) as real:
        yield real
