"""The optional collectors of the installed command: what they show, what they keep, and whom they delay."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from exporter.demo.faults import Exchange, Fault
from exporter.demo.instances import SimulatedQueue
from exporter.demo.scenario import ScenarioInstance
from exporter.model.poll_result import Collector
from exporter.model.settings import Polling
from harness.processes import COMMAND, Exporter, eventually, exporter, get
from harness.waiting import wait_until
from simulator.fleet import healthy_fleet
from simulator.server import SimulatedZapi
from simulator.wire_faults import silence
from tests.system.faults.canaries import MARK, canary
from tests.system.upstream import families, upstream

BOTH: Final = frozenset(Collector)
OLDEST: Final = 1.7e9
QUEUE: Final = SimulatedQueue(380, OLDEST, text=canary("message") * 1000, phone=canary("phone"))


def collecting(count: int, queue: SimulatedQueue = QUEUE) -> list[ScenarioInstance]:
    """Healthy members of which everything is collected."""
    return [
        replace(
            member,
            simulated=replace(member.simulated, queue=queue),
            configured=replace(member.configured, collect=BOTH),
        )
        for member in healthy_fleet(count, now=1.7e9)
    ]


@contextmanager
def running_over(
    scheme: str, directory: Path, members: list[ScenarioInstance]
) -> Iterator[tuple[SimulatedZapi, Exporter]]:
    with (
        upstream(directory, members, Polling(0.2, 4, 60.0), timeout=60.0, scheme=scheme) as served,
        exporter(directory, f"--config.file={served.file}", "--log.level=debug") as running,
    ):
        yield served.zapi, running


def memory(process: int) -> Iterator[bytes]:
    """Everything that a process may write to."""
    maps = Path(f"/proc/{process}/maps").read_text()
    with Path(f"/proc/{process}/mem").open("rb", buffering=0) as file:
        for begin, end in re.findall(r"^([0-9a-f]+)-([0-9a-f]+) rw", maps, re.MULTILINE):
            file.seek(int(begin, 16))
            yield file.read(int(end, 16) - int(begin, 16))


def hang_all(zapi: SimulatedZapi) -> None:
    """Let the next poll of every instance hang at ``/me``, and wait until none of them is asked for anything else."""
    hung: list[str] = []

    def hang(exchange: Exchange) -> Iterator[object]:
        hung.append(exchange.path)
        return silence().play(exchange)

    for instance in zapi.requests:
        zapi.set_fault(instance, Fault("hangs at /me", hang))
    wait_until(lambda: len(hung) == len(zapi.requests))


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_no_message_and_no_telephone_number_is_kept(scheme: str, tmp_path: Path) -> None:
    """Neither in anything it says, nor anywhere in its memory."""
    with running_over(scheme, tmp_path, collecting(2)) as (zapi, running):
        eventually(lambda: "zapi_instance_queue_messages{" in running.metrics())
        asked = sum(zapi.requests.values())
        wait_until(lambda: sum(zapi.requests.values()) >= asked + 40)
        hang_all(zapi)  # what is being received is in the memory
        said = [running.metrics(), get(f"{running.url}/"), get(f"{running.url}/sd"), running.log.read_text()]
        found = [block for block in memory(running.process.pid) if MARK.encode() in block]
        values = families(running.metrics())["zapi_instance_queue_messages"].samples
    assert MARK not in "".join(said)
    assert [block[max(0, (at := block.find(MARK.encode())) - 80) : at + 80] for block in found] == []
    assert any(sample.value == QUEUE.length for sample in values)


def test_the_search_of_the_memory_would_find_it(tmp_path: Path) -> None:
    """What the configuration holds is there to be found."""
    members = [
        replace(member, configured=replace(member.configured, labels={"team": canary("label")}))
        for member in collecting(1)
    ]
    with running_over("http", tmp_path, members) as (_, running):
        assert any(MARK.encode() in block for block in memory(running.process.pid))


@pytest.mark.timeout(1800)
def test_queues_that_hang_delay_no_other_slot_and_no_me(tmp_path: Path) -> None:
    """A tenth of the queues hang; every instance's own slots are counted, hanging ones and others."""
    members = collecting(100)
    hanging = {member.simulated.id for member in members[::10]}
    with upstream(tmp_path, members, Polling(4.0, 8, 120.0), timeout=3.0) as served:
        for instance in hanging:
            served.zapi.set_fault(instance, silence(), "queue/count")
        with exporter(tmp_path, f"--config.file={served.file}") as running:

            def polls() -> dict[str, float]:
                samples = families(running.metrics())["zapi_instance_polls"].samples
                return {sample.labels["name"]: sample.value for sample in samples}

            wait_until(lambda: min(polls().values()) >= 5, 240, pause=0.5)
            counted = polls()
            # All at once, at some time: on a busy machine a poll may end by its timeout.
            wait_until(lambda: '"} 0.0' not in "".join(re.findall("zapi_instance_up{.*", running.metrics())))
            found = families(running.metrics())
    assert max(counted.values()) - min(counted.values()) <= 2
    collectors = found["zapi_instance_collector_up"].samples
    failing = {sample.labels["name"] for sample in collectors if not sample.value}
    assert failing <= {member.configured.name for member in members[::10]}


def test_once_asks_every_collector(tmp_path: Path) -> None:
    """All at once, whatever places they would have to wait for otherwise."""
    with upstream(tmp_path, collecting(20), Polling(60.0, 4, 300.0), timeout=60.0) as served:
        command = [COMMAND, f"--config.file={served.file}", "--once"]
        printed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=200).stdout
    up = families(printed)["zapi_instance_collector_up"].samples
    assert [sample.value for sample in up] == [1] * 40
