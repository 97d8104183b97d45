import pytest

from exporter.demo.instances import SimulatedInstance
from simulator.faults import every_fault
from simulator.server import SimulatedZapi
from tests.unit.demo.raw_client import RawClient


def test_every_fault_is_in_the_catalogue_under_its_own_name() -> None:
    for name, fault in every_fault().items():
        assert fault.name == name


@pytest.mark.parametrize(
    "kind", ["silence", "reset", "dripping", "endless", "gzip", "redirect", "429", "json"]
)
def test_the_catalogue_has_every_kind(kind: str) -> None:
    assert [name for name in every_fault() if kind in name]


def test_no_fault_disturbs_the_server_or_another_instance(
    zapi: SimulatedZapi, instance: SimulatedInstance, other: SimulatedInstance
) -> None:
    faults = every_fault(drip_interval=0.001)
    with RawClient(zapi) as bystander:
        for number, (name, fault) in enumerate(faults.items(), start=1):
            zapi.set_fault(instance.id, fault)
            with RawClient(zapi) as client:
                client.ask(instance)
                _wait_for_requests(zapi, instance, number)
                bystander.ask(other)
                assert bystander.read_reply()[0] == 200, name
    zapi.wait_for("every reply to end with its client", lambda z: z.in_flight == 0)


def _wait_for_requests(zapi: SimulatedZapi, instance: SimulatedInstance, count: int) -> None:
    zapi.wait_for(f"{count} requests", lambda z: z.requests[instance.id] == count)
