"""Send an exporter to every site of :mod:`tests.system.faults.sites`.

``api.base_url`` is one for all its instances.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final

import trustme

from exporter.model.poll_result import Reason
from harness.waiting import comes_true
from tests.system.faults import judge
from tests.system.faults.ear import Ear
from tests.system.faults.promise import Promise, Result, Tell
from tests.system.faults.seen import by_instance
from tests.system.faults.sites import SUBJECTS, Row, rows
from tests.system.faults.stage import PATIENCE, STOPPED, Stage, stage
from tests.system.faults.subjects import write_config
from tests.system.faults.table import AMPLE_TIMEOUT, API_TIMEOUT

_POLLS: Final = 3
_LOOK_AGAIN: Final = 0.2
_AT_ONCE: Final = 4


def of_connections(directory: Path, tell: Tell) -> Iterator[Result]:
    """Every row, a few of them at a time."""
    ear, authority = Ear(), trustme.CA()
    authority.cert_pem.write_to_path(directory / "ca.pem")
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        yield from pool.map(partial(_result, directory, ear, authority, tell), rows())
    yield ear.verdict("every connection")


def _result(directory: Path, ear: Ear, authority: trustme.CA, tell: Tell, row: Row) -> Result:
    tell(row.name)
    work = directory / row.name
    work.mkdir()
    promise = Promise(row.reason)
    with row.site(authority) as site:
        timeout = API_TIMEOUT if row.reason is Reason.TIMEOUT else AMPLE_TIMEOUT
        write = partial(_write_config, work, site.base_url, directory / "ca.pem", timeout)
        with stage(work, write(0), ear, program=site.program, environ=site.environ) as its:
            _poll_often(its, write)
            series, log = its.seen(), by_instance(its.log())
            its.look_around([subject.name for subject in SUBJECTS])
            status = its.stop()
    complaints = [] if status == STOPPED else [f"it ended with status {status}"]
    for name, seen in series.items():
        complaints += judge.complaints(promise, seen, seen, log[name], polls=_POLLS)
        complaints += [f"{row.words!r} is not in the log"] if not judge.tells(log[name], row.words) else []
    outcomes = " and ".join(sorted({seen.outcome for seen in series.values()}))
    longest = max(map(judge.longest_poll, log.values()))
    return Result(
        row.name, promise.outcome, f"{outcomes} in {longest:.2f} s", tuple(dict.fromkeys(complaints))
    )


def _poll_often(its: Stage, write: Callable[[int], Path]) -> None:
    """New credentials bring the next poll on."""
    for polls in range(1, _POLLS + 1):
        if polls > 1:
            write(polls)
            its.reload()
        comes_true(partial(its.has_polled_all, polls), PATIENCE, _LOOK_AGAIN)


def _write_config(directory: Path, base_url: str, ca_file: Path, timeout: float, generation: int) -> Path:
    instances = [subject.configured(generation) for subject in SUBJECTS]
    is_tls = base_url.startswith("https:")
    return write_config(directory, base_url, instances, ca_file=ca_file if is_tls else None, timeout=timeout)
