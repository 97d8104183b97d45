"""Two hundred instances on one server over TLS that does everything wrong at once.

Run for as long as you like: ``python -m tests.system.promises.mixture --duration=10m``; the suite runs it for seconds.
No instance may ever show a value that is not its own, and each one that fails shows its own reason.
"""

import argparse
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

from exporter.config.duration import parse_duration
from exporter.demo.scenario import ScenarioInstance
from exporter.model.poll_result import Reason
from exporter.model.settings import Polling
from harness.processes import Exporter, exporter
from harness.waiting import comes_true
from simulator import framing_faults as framing
from simulator import wire_faults as wire
from simulator.faults import every_fault
from simulator.fleet import healthy_fleet
from tests.system.faults.promise import SUCCESS, Promise
from tests.system.faults.table import promises
from tests.system.promises.rig import Upstream, upstream

INSTANCES: Final = 200
_HEALTHY: Final = 50
_POLLING: Final = Polling(interval=2.0, concurrency=64, stale_after=60.0)
_TIMEOUT: Final = 20.0
_LOOK: Final = 1.0
_UNSUITABLE: Final = (
    "late by 5 s",
    "lone surrogate",
    "200 not connected",
    "200 already connected",
    "200 restore the session",
)
"""Not late for this timeout, or good without the instance's own values."""

_VALUES: Final = {"zapi_instance_due_timestamp_seconds": "due", "zapi_instance_connected": "connected"}


@dataclass(frozen=True, slots=True)
class Expected:
    """What one instance may show. ``outcome`` is ``success`` or a reason."""

    outcome: str
    values: Mapping[str, object]


class Mixture:
    """The exporter among everything, and what it showed wrongly so far."""

    def __init__(self, served: Upstream, running: Exporter, expected: Mapping[str, Expected]) -> None:
        self._served = served
        self._running = running
        self._expected = expected
        self.complaints: Counter[str] = Counter()
        self.looks = 0

    @property
    def requests(self) -> int:
        return sum(self._served.zapi.requests.values())

    def look(self) -> int:
        """Check every instance; return how many were polled."""
        self.looks += 1
        values, outcomes = _shown(self._running.metrics())
        for name, outcome in outcomes.items():
            expected = self._expected[name]
            if outcome != expected.outcome:
                self.complaints[f"{name}: {outcome} in place of {expected.outcome}"] += 1
            for what, value in values.get(name, {}).items():
                if value != expected.values[what]:
                    self.complaints[f"{name}: the {what} of another"] += 1
        return len(outcomes)

    def go_on(self, seconds: float) -> None:
        """Look again and again for this long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.look()
            time.sleep(_LOOK)


@contextmanager
def mixing(directory: Path) -> Iterator[Mixture]:
    """Everything started: a quarter of the instances is healthy, each of the others has a fault of its own."""
    rows = promises()
    faults = {
        name: fault
        for name, fault in every_fault(drip_interval=0.25).items()
        if " is " not in name
        and " repeats the " not in name
        and name not in _UNSUITABLE
        and rows[name].reason is not Reason.TOO_LARGE  # floods keep a busy machine from answering the others
    }
    framed = [
        *framing.interim_replies(),
        *framing.surplus(),
        *framing.ambiguous(),
        *framing.unrequested_encodings(),
        framing.gzip_of_several_members(),
    ]
    chosen = [fault.name for fault in (*wire.stale_keep_alive(), wire.one_reply_behind(), *framed)]
    others = [name for name in faults if name not in chosen]
    chosen += random.Random(12).sample(others, INSTANCES - _HEALTHY - len(chosen) - 1)
    forgetful = wire.forgotten_when_idle()
    members = [_own(number, member) for number, member in enumerate(healthy_fleet(INSTANCES, time.time()))]
    ids = [member.simulated.id for member in members[_HEALTHY:]]
    spoilt = dict(zip(ids, [*chosen, forgetful.name], strict=True))
    expected = {
        member.configured.name: _expected(member, rows.get(spoilt.get(member.simulated.id, "")))
        for member in members
    }
    with upstream(directory, members, _POLLING, timeout=_TIMEOUT) as served:
        for instance_id, name in spoilt.items():
            served.zapi.set_fault(instance_id, faults.get(name, forgetful))
        with exporter(directory, f"--config.file={served.file}", ready=False) as running:
            mixture = Mixture(served, running, expected)
            comes_true(lambda: mixture.look() == INSTANCES, 120.0, _LOOK)
            yield mixture


def _own(number: int, member: ScenarioInstance) -> ScenarioInstance:
    """Give an instance values that no other has."""
    own = replace(member.simulated, name=f"own {number}", due=2e9 + number, connected=number % 2 == 0)
    return replace(member, simulated=own)


def _expected(member: ScenarioInstance, promise: Promise | None) -> Expected:
    own = member.simulated
    values = {"name": own.name, "due": own.due, "connected": float(own.connected)}
    return Expected(SUCCESS if promise is None else promise.outcome, values)


def _shown(exposition: str) -> tuple[Mapping[str, Mapping[str, object]], Mapping[str, str]]:
    """Return the values and the outcome of every instance that was polled."""
    values: dict[str, dict[str, object]] = defaultdict(dict)
    outcomes: dict[str, str] = {}
    for family in text_string_to_metric_families(exposition):
        for sample in family.samples:
            name = sample.labels.get("name", "")
            if sample.name == "zapi_instance_up" and sample.value == 1:
                outcomes[name] = SUCCESS
            elif sample.name == "zapi_instance_poll_failure":
                outcomes[name] = sample.labels["reason"]
            elif sample.name == "zapi_instance_info":
                values[name]["name"] = sample.labels["display_name"]
            elif sample.name in _VALUES:
                values[name][_VALUES[sample.name]] = sample.value
    return values, outcomes


def main() -> int:
    """Mix for the time that is asked for; 0 if nothing was wrong, else 1."""
    parser = argparse.ArgumentParser(prog="mixture", description=__doc__)
    parser.add_argument("--duration", type=parse_duration, default=600.0, help="such as 10m (default)")
    duration = parser.parse_args().duration
    with tempfile.TemporaryDirectory() as directory, mixing(Path(directory)) as mixture:
        mixture.go_on(duration)
        print(f"{mixture.requests} requests, {mixture.looks} looks at {INSTANCES} instances")
        print("\n".join(f"{count} times {what}" for what, count in mixture.complaints.items()) or "all true")
    return 1 if mixture.complaints else 0


if __name__ == "__main__":
    sys.exit(main())
