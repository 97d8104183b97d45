"""A path that forgets connections, made by a firewall.

The other tests of such paths use a socket filter of the server's, which needs no privileges. The kernel runs it before
TCP looks at a packet, so nothing is acknowledged there either; here it is seen that both end alike.
"""

import pytest

from tests.system.faults.isolated import run_isolated


@pytest.mark.needs("ip", "iptables")
def test_a_path_that_drops_packets_costs_a_poll_only_while_nothing_passes() -> None:
    assert run_isolated("tests.system.faults.mute_path") == [
        "at first: success, 1 connections",
        "forgotten: success, 2 connections",
        "and then: success, 2 connections",
        "mute: timeout, 2 connections",
        "mended: success, 3 connections",
    ]
