"""What Z-API asks for is obeyed, on real sockets."""

import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from exporter.demo.faults import Exchange, Fault, rate_limited
from exporter.model.settings import Polling
from harness.processes import exporter
from harness.waiting import wait_until
from simulator.answer_faults import client_token_not_allowed
from simulator.fleet import healthy_fleet
from tests.system.upstream import upstream


def test_rate_limits_are_waited_out_and_refusals_not_retried(tmp_path: Path) -> None:
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
            wait_until(lambda: len(began[limited.name]) >= 3)
    assert all(later - earlier >= 2 for earlier, later in pairwise(began[limited.name]))
    assert len(began[refused.name]) == 1
