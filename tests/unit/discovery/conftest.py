"""What the tests with a simulated Z-API share."""

from collections.abc import Iterator

import pytest

from exporter.model.clock import SystemClock
from simulator.server import SimulatedZapi
from tests.unit.discovery.rig import NAMES, listing, simulated


@pytest.fixture
def zapi() -> Iterator[SimulatedZapi]:
    with SimulatedZapi(map(simulated, NAMES), clock=SystemClock()) as server:
        server.set_account(listing(*NAMES))
        yield server
