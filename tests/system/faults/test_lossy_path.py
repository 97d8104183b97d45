"""A path that loses packets, made by a firewall."""

import pytest

from tests.system.faults.isolated import run_isolated


@pytest.mark.needs("ip", "iptables")
def test_lost_packets_cost_time_and_no_poll() -> None:
    assert run_isolated("tests.system.faults.lossy_path") == ["{'success': 12} True"]
