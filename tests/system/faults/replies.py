"""Every fault of a reply at once: one fault for each instance, with healthy ones beside them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from exporter.demo.faults import Fault
from exporter.model.clock import SystemClock
from exporter.model.poll_result import Reason
from harness.waiting import comes_true
from simulator.faults import every_fault
from simulator.server import SimulatedZapi
from tests.system.faults import judge
from tests.system.faults.ear import Ear
from tests.system.faults.promise import Promise, Result, Tell, ended
from tests.system.faults.seen import by_instance
from tests.system.faults.stage import PATIENCE, POLLS_FAILED, STOPPED, Stage, run_command, stage
from tests.system.faults.subjects import Subject, no_fault, numbered, write_config
from tests.system.faults.table import AMPLE_TIMEOUT, API_TIMEOUT, promises

_BYSTANDERS: Final = tuple(f"bystander {number}" for number in range(1, 6))
_POLLS: Final = 3
"""Polls of every instance, so that a failure that is logged each time would be seen."""
_PROBED: Final = 5
"""Of how many instances one is probed."""
_LOOK_AGAIN: Final = 0.3


def of_hanging(directory: Path, tell: Tell) -> Iterator[Result]:
    """Every reply that does not end in time."""
    return _results(
        directory, _faults(lambda _, promise: promise.reason is Reason.TIMEOUT), API_TIMEOUT, tell
    )


def of_values(directory: Path, tell: Tell) -> Iterator[Result]:
    """Every reply with a strange value in it."""
    return _results(directory, _faults(lambda name, _: " is " in name), AMPLE_TIMEOUT, tell)


def of_answering(directory: Path, tell: Tell) -> Iterator[Result]:
    """Every other one. They end by themselves, and have the time for it that a busy machine needs."""
    chosen = _faults(lambda name, promise: " is " not in name and promise.reason is not Reason.TIMEOUT)
    return _results(directory, chosen, AMPLE_TIMEOUT, tell)


def _faults(choose: Callable[[str, Promise], bool]) -> Mapping[str, Fault]:
    rows = promises()
    faults = every_fault(drip_interval=0.25).items()
    return {name: fault for name, fault in faults if choose(name, rows[name])}


def _results(directory: Path, faults: Mapping[str, Fault], timeout: float, tell: Tell) -> Iterator[Result]:
    """One result for each fault; ``tell`` hears of the progress."""
    ear = Ear()
    subjects = numbered((*_BYSTANDERS, *faults))
    with SimulatedZapi([subject.simulated() for subject in subjects], clock=SystemClock()) as zapi:
        scene = _Scene(directory, zapi, subjects, faults, timeout, tell)
        with stage(directory / "running", scene.config, ear) as its:
            scene.poll_often(its)
            yield from _judged(its, faults)
            yield scene.poll_once(ear)
            tell("reading every page")
            its.look_around([subject.name for subject in subjects][::_PROBED])
            yield scene.heal(its)
            yield ended("a stop after all faults", STOPPED, its.stop())
        yield _credentials_sent(zapi, subjects)
        yield ear.verdict("every reply")


class _Scene:
    """The simulated instances and the configuration that names them."""

    def __init__(
        self,
        directory: Path,
        zapi: SimulatedZapi,
        subjects: Sequence[Subject],
        faults: Mapping[str, Fault],
        timeout: float,
        tell: Tell,
    ) -> None:
        self._directory = directory
        self._zapi = zapi
        self._subjects = subjects
        self._timeout = timeout
        self._tell = tell
        self._faulty = [subject for subject in subjects if subject.name in faults]
        for subject in self._faulty:
            zapi.set_fault(subject.id, faults[subject.name])
        self._generation = 0
        self.config = self._write_config()

    def poll_often(self, its: Stage) -> None:
        """Wait until every instance was polled often enough; not for ever, so that there is something to judge."""
        for polls in range(1, _POLLS + 1):
            if polls > 1:
                self._renew(its)
            self._tell(f"poll {polls} of {_POLLS} of each of {len(self._subjects)} instances")
            if not comes_true(partial(its.has_polled_all, polls), PATIENCE, _LOOK_AGAIN):
                return

    def poll_once(self, ear: Ear) -> Result:
        self._tell("--once")
        once = run_command(self._directory, self.config, ear, "--once")
        return ended("--once among all faults", POLLS_FAILED, once.returncode)

    def heal(self, its: Stage) -> Result:
        self._tell("taking every fault away")
        for subject in self._faulty:
            self._zapi.set_fault(subject.id, no_fault())
        self._renew(its)
        all_up = comes_true(its.sees_all_up, PATIENCE, _LOOK_AGAIN)
        logs = by_instance(its.log()).items()
        complaints = [f"{name}: {said}" for name, lines in logs for said in judge.of_repetition(lines)]
        complaints += [] if all_up else ["some still fail"]
        return Result("every fault is taken away", "all up", "all up" if all_up else "not", tuple(complaints))

    def _renew(self, its: Stage) -> None:
        """New credentials for what is faulty: it is polled at once."""
        self._generation += 1
        self._write_config()
        its.reload()

    def _write_config(self) -> Path:
        return write_config(
            self._directory,
            self._zapi.base_url,
            [
                subject.configured(self._generation if subject in self._faulty else 0)
                for subject in self._subjects
            ],
            timeout=self._timeout,
        )


def _judged(its: Stage, faults: Iterable[str]) -> Iterator[Result]:
    series, log, rows = its.seen(), by_instance(its.log()), promises()
    for name in (*_BYSTANDERS, *faults):
        promise = Promise() if name in _BYSTANDERS else rows[name]
        seen, lines = series[name], log.get(name, [])
        complaints = judge.complaints(promise, seen, series[_BYSTANDERS[0]], lines, polls=_POLLS)
        said = f"{seen.outcome} in {judge.longest_poll(lines):.2f} s"
        yield Result(name, promise.outcome, said, tuple(complaints))


def _credentials_sent(zapi: SimulatedZapi, subjects: Sequence[Subject]) -> Result:
    """What a ``.netrc`` says of the host is none of the API's business."""
    sent = {each.name: len(zapi.last_headers(each.id).get("authorization", "")) for each in subjects}
    leaking = tuple(f"{name}: credentials of .netrc were sent" for name, size in sent.items() if size)
    return Result("credentials in ~/.netrc", "not sent", f"sent {len(leaking) or 'never'}", leaking)
