"""A made-up instance, and servers that serve it."""

from collections.abc import Iterator

import pytest

from exporter.demo.instances import SimulatedInstance
from simulator.server import SimulatedZapi
from tests.clocks import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def instance() -> SimulatedInstance:
    return SimulatedInstance(
        id="FACADE01",
        token="FACADE02",
        client_token="FACADE03",
        name="Loja 1",
        due=1_704_110_400.0,
        created=1_600_000_000.0,
        webhooks={"received": "https://hooks.example.com/in"},
    )


@pytest.fixture
def other() -> SimulatedInstance:
    return SimulatedInstance(id="FACADE0A", token="FACADE0B", due=1_704_110_400.0, created=1_600_000_000.0)


@pytest.fixture
def zapi(
    instance: SimulatedInstance, other: SimulatedInstance, clock: ManualClock
) -> Iterator[SimulatedZapi]:
    with SimulatedZapi([instance, other], clock=clock) as server:
        yield server
    assert server.unexpected == ()
