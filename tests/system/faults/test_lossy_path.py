"""A path that loses packets, made by a firewall."""

import os
import subprocess
import sys

import pytest

_ISOLATED = ("unshare", "--net") if os.geteuid() == 0 else ("unshare", "--map-root-user", "--net")


@pytest.mark.needs("ip", "iptables")
def test_lost_packets_cost_time_and_no_poll() -> None:
    program = [*_ISOLATED, sys.executable, "-m", "tests.system.faults.lossy_path"]
    done = subprocess.run(program, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["{'success': 12} True"]
