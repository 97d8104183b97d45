"""The bulkhead on real sockets: minutes of the promised fleet, six times as fast."""

import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest

from exporter.demo.faults import Exchange, Fault, rate_limited
from exporter.model.settings import Polling
from harness.processes import PATIENCE, exporter
from harness.waiting import wait_until
from simulator.answer_faults import client_token_not_allowed
from simulator.fleet import healthy_fleet
from simulator.wire_faults import silence
from tests.system.promises.rig import families, upstream

COUNT: Final = 1000
SPEED: Final = 6.0
POLLING: Final = Polling(interval=60 / SPEED, concurrency=32, stale_after=60.0)


@pytest.mark.nightly
def test_with_a_tenth_hanging_no_other_instance_is_polled_less(tmp_path: Path) -> None:
    """How late polls are is asserted in virtual time: here a busy machine would decide it."""
    members = healthy_fleet(COUNT, now=1.7e9)
    healthy = [member.simulated.id for number, member in enumerate(members) if number % 10]
    with upstream(tmp_path, members, POLLING, timeout=10 / SPEED, latency=0.3 / SPEED) as served:
        for number in range(0, COUNT, 10):
            served.zapi.set_fault(members[number].simulated.id, silence())
        with exporter(tmp_path, f"--config.file={served.file}") as running:

            def polled(times: int) -> bool:
                requests = served.zapi.requests
                return all(requests[instance] >= times for instance in healthy)

            wait_until(lambda: polled(3), 2 * PATIENCE)
            requests = [served.zapi.requests[instance] for instance in healthy]
            found = families(running.metrics())
    assert max(requests) - min(requests) <= 2
    failing = [sample for sample in found["zapi_instance_up"].samples if not sample.value]
    assert len(failing) == COUNT // 10


def test_rate_limits_are_waited_out_and_refusals_not_retried(tmp_path: Path) -> None:
    """A rate limit is waited out and refused credentials are not tried again."""

    members = healthy_fleet(2, now=1.7e9)
    began: dict[str, list[float]] = {}

    def timed(fault: Fault) -> Fault:
        times = began[fault.name] = []

        def play(exchange: Exchange) -> Iterator[object]:
            times.append(time.monotonic())
            return fault.play(exchange)

        return Fault(fault.name, play)

    limited, refused = rate_limited("2"), client_token_not_allowed(403)
    with upstream(tmp_path, members, Polling(0.2, 4, 60.0), timeout=5.0) as served:
        for member, fault in zip(members, (limited, refused), strict=True):
            served.zapi.set_fault(member.simulated.id, timed(fault))
        with exporter(tmp_path, f"--config.file={served.file}"):
            wait_until(lambda: len(began[limited.name]) >= 3, 60)
    assert all(later - earlier >= 2 for earlier, later in pairwise(began[limited.name]))
    assert len(began[refused.name]) == 1
