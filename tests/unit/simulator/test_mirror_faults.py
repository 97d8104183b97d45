import pytest

from exporter.demo.faults import Exchange, Fault
from simulator.mirror_faults import mirrors


@pytest.mark.parametrize("fault", mirrors(), ids=lambda fault: fault.name)
def test_a_mirror_shows_a_credential(fault: Fault) -> None:
    exchange = Exchange(path="/instances/A/token/FACADE/me", client_token="FACADE", body=b"{}", now=0.0)
    shown = b"".join(step for step in fault.play(exchange) if isinstance(step, bytes))
    assert b"FACADE" in shown
