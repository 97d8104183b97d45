"""Faults of the machine that the exporter runs on."""

import http.client
import resource
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

from exporter.demo.faults import html_error
from exporter.model.clock import SystemClock
from exporter.model.poll_result import Reason
from harness.ports import own_address
from harness.processes import COMMAND, running
from harness.waiting import comes_true, wait_until
from simulator.server import SimulatedZapi
from simulator.wire_faults import closed_when_idle, silence
from tests.system.faults import judge, tampered
from tests.system.faults.canaries import environment
from tests.system.faults.ear import Ear
from tests.system.faults.promise import SUCCESS, Result, Tell
from tests.system.faults.seen import by_instance, in_exposition, values
from tests.system.faults.stage import PATIENCE, STOPPED, Stage, stage
from tests.system.faults.subjects import numbered, write_config
from tests.system.faults.table import AMPLE_TIMEOUT

_SUBJECTS: Final = numbered(("vendas", "suporte", "cobranca", "agenda", "loja"))
_INTERVAL: Final = 0.5
_DAY: Final = 86_400.0
_SLACK: Final = 120.0
"""Seconds that a busy machine may take between two looks at a clock."""
_FAILURES: Final = "zapi_instance_poll_failures_total"
_LOOK_AGAIN: Final = 0.1


def of_machine(directory: Path, tell: Tell) -> Iterator[Result]:
    ear = Ear()
    for number, make in enumerate((_no_descriptors, _no_threads, _disk_full, _stepped_clock)):
        work = directory / str(number)
        work.mkdir()
        tell(make.__name__.strip("_").replace("_", " "))
        with SimulatedZapi([subject.simulated() for subject in _SUBJECTS], clock=SystemClock()) as zapi:
            yield make(work, zapi, ear)
    yield ear.verdict("a machine that is not well")


def _no_descriptors(directory: Path, zapi: SimulatedZapi, ear: Ear) -> Result:
    for subject in _SUBJECTS:
        zapi.set_fault(subject.id, closed_when_idle())  # each poll needs a new connection
    complaints: list[str] = []
    with stage(directory, _config(directory, zapi), ear) as its:
        wait_until(its.sees_all_up, PATIENCE, _LOOK_AGAIN)
        host = its.running.url.removeprefix("http://")
        with closing(http.client.HTTPConnection(host, timeout=30)) as kept:
            read = partial(_read, kept, ear)
            read("/metrics")
            with _no_descriptor_left(its.running.process.pid):
                wait_until(lambda: min(values(read("/metrics"), _FAILURES)) >= 3, PATIENCE, _LOOK_AGAIN)
                outcomes = {seen.outcome for seen in in_exposition(read("/metrics")).values()}
                read("/")
                answer = read("/-/reload", "POST")
                complaints += [] if "cannot be read" in answer else [f"a reload said {answer}"]
        wait_until(its.sees_all_up, PATIENCE, _LOOK_AGAIN)
        for name, lines in by_instance(its.log()).items():
            complaints += [f"{name}: {complaint}" for complaint in judge.of_repetition(lines)]
            complaints += (
                [] if judge.tells(lines, "file descriptor") else [f"{name}: the log does not say why"]
            )
        complaints += _status(its.stop())
    complaints += [] if outcomes == {Reason.CONNECT.value} else ["the outcome differs"]
    promised = "connect, then success"
    return Result(
        "no file descriptors left", promised, f"{', '.join(outcomes)}, then success", tuple(complaints)
    )


def _no_threads(directory: Path, zapi: SimulatedZapi, ear: Ear) -> Result:
    """All instances hang but one, so that every one of them would take a worker of its own."""
    for subject in _SUBJECTS[1:]:
        zapi.set_fault(subject.id, silence())
    expected = [SUCCESS, *[Reason.TIMEOUT.value] * (len(_SUBJECTS) - 1)]
    config = _config(directory, zapi, timeout=1.0)
    with stage(directory, config, ear, program=tampered.program("few-threads")) as its:

        def outcomes() -> list[str]:
            seen = its.seen()
            return [seen[subject.name].outcome for subject in _SUBJECTS if subject.name in seen]

        wait_until(partial(its.has_polled_all, 2), PATIENCE, _LOOK_AGAIN)
        is_right = comes_true(lambda: outcomes() == expected, PATIENCE, _LOOK_AGAIN)
        found = sorted(set(outcomes()))
        its.look_around([subject.name for subject in _SUBJECTS])
        told = [line for line in its.log() if "no more threads" in line["msg"]]
        complaints = [] if len(told) == 1 else [f"the log tells of it {len(told)} times"]
        complaints += _status(its.stop())
    complaints += [] if is_right else ["the outcome differs"]
    return Result("no threads left", "polls go on", " and ".join(found), tuple(complaints))


def _disk_full(directory: Path, zapi: SimulatedZapi, ear: Ear) -> Result:
    zapi.set_fault(_SUBJECTS[0].id, html_error(503))
    address = own_address()
    flags = (f"--config.file={_config(directory, zapi)}", f"--web.listen-address={address}")
    command = [COMMAND, *flags, "--log.level=debug"]
    with (
        open("/dev/full", "wb") as full,
        running(command, stderr=full, environ=environment(directory)) as process,
    ):

        def polls() -> list[int]:
            try:
                text = ear.ask(f"http://{address}/metrics")[1]
            except OSError:
                return [0]
            return [seen.polls for seen in in_exposition(text).values()]

        wait_until(lambda: min(polls()) >= 4, PATIENCE, _LOOK_AGAIN)
        process.send_signal(signal.SIGTERM)
        status = process.wait(PATIENCE)
    return Result(
        "disk full under the log", "polls go on, status 0", f"they did, status {status}", _status(status)
    )


def _stepped_clock(directory: Path, zapi: SimulatedZapi, ear: Ear) -> Result:
    """The wall clock says that the last good poll was a day ago, or is yet to come: no reason to withdraw it."""
    file = directory / "step"

    def step(seconds: float) -> None:
        new = file.with_suffix(".new")
        new.write_text(str(seconds))
        new.replace(file)

    step(0.0)
    program, environ = tampered.program("stepped-clock"), {tampered.CLOCK_STEP_VARIABLE: str(file)}
    with stage(directory, _config(directory, zapi), ear, program=program, environ=environ) as its:
        wait_until(its.sees_all_up, PATIENCE, _LOOK_AGAIN)
        complaints = [*_stepped(its, step, 0.0, _DAY), *_stepped(its, step, _DAY, -_DAY)]
        for subject in _SUBJECTS:
            zapi.set_fault(subject.id, html_error(503))
        failed = {Reason.SERVER_ERROR.value}
        wait_until(lambda: {seen.outcome for seen in its.seen().values()} == failed, PATIENCE, _LOOK_AGAIN)
        for seconds in (-2 * _DAY, 2 * _DAY):
            step(seconds)
            _await_polls(its, 2)
            if not all("zapi_instance_connected" in seen.series for seen in its.seen().values()):
                complaints.append(f"good values were withdrawn at {seconds:g} s")
        complaints += _status(its.stop())
    promised = "until_due follows, polls go on, values kept"
    return Result("clock stepped by days", promised, "not" if complaints else "so", tuple(complaints))


def _stepped(its: Stage, step: Callable[[float], None], was: float, seconds: float) -> Iterator[str]:
    """Step the clock and give what then is not as it should be."""
    before = _values(its)
    step(seconds)
    _await_polls(its, 2)
    after = _values(its)
    moved = before["zapi_instance_until_due_seconds"] - after["zapi_instance_until_due_seconds"]
    polled = after["zapi_instance_last_poll_timestamp_seconds"] - time.time()
    if abs(moved - (seconds - was)) > _SLACK:
        yield f"until_due moved by {moved:g} s"
    if abs(polled - seconds) > _SLACK:
        yield f"the last poll is {polled:g} s from now"
    if before["zapi_instance_due_timestamp_seconds"] != after["zapi_instance_due_timestamp_seconds"]:
        yield "due moved"
    outcomes = {seen.outcome for seen in its.seen().values()}
    if outcomes != {SUCCESS}:
        yield f"the outcome is {outcomes}"


def _values(its: Stage) -> Mapping[str, float]:
    """The series without labels of its own of the first instance."""
    families = text_string_to_metric_families(its.metrics())
    samples = (sample for family in families for sample in family.samples)
    return {sample.name: sample.value for sample in samples if sample.labels == {"name": _SUBJECTS[0].name}}


def _await_polls(its: Stage, more: int) -> None:
    polls = max(seen.polls for seen in its.seen().values())
    wait_until(partial(its.has_polled_all, polls + more), PATIENCE, _LOOK_AGAIN)


def _config(directory: Path, zapi: SimulatedZapi, *, timeout: float = AMPLE_TIMEOUT) -> Path:
    instances = [subject.configured(0) for subject in _SUBJECTS]
    return write_config(directory, zapi.base_url, instances, timeout=timeout, interval=_INTERVAL)


def _read(kept: http.client.HTTPConnection, ear: Ear, path: str, method: str = "GET") -> str:
    kept.request(method, path)
    body = kept.getresponse().read()
    ear.heard(f"{method} {path}", body)
    return body.decode()


@contextmanager
def _no_descriptor_left(pid: int) -> Iterator[None]:
    """Every file that the process has open stays so; it can open no more, as the first three are taken."""
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


def _status(status: int) -> tuple[str, ...]:
    return () if status == STOPPED else (f"it ended with status {status}",)
