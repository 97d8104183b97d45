"""The installed exporter under faults, and everything it says."""

import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from harness.processes import COMMAND, Exporter, exporter
from tests.system.faults.canaries import environment
from tests.system.faults.ear import Ear
from tests.system.faults.seen import LogLine, Seen, in_exposition, in_log, values

STOPPED: Final = 0
POLLS_FAILED: Final = 2
PATIENCE: Final = 120.0
"""Seconds until what should come is said not to: far more than it takes on a busy machine."""
_STOP_PATIENCE: Final = 120.0
_COMMAND_PATIENCE: Final = 180.0


class Stage:
    """One running exporter that logs everything."""

    def __init__(self, running: Exporter, ear: Ear) -> None:
        self.running = running
        self._ear = ear

    def metrics(self) -> str:
        return self._ear.ask(f"{self.running.url}/metrics")[1]

    def seen(self) -> Mapping[str, Seen]:
        return in_exposition(self.metrics())

    def has_polled_all(self, times: int) -> bool:
        """Whether every instance was polled so often; far cheaper than :meth:`seen`."""
        return all(polls >= times for polls in values(self.metrics(), "zapi_instance_polls_total"))

    def sees_all_up(self) -> bool:
        text = self.metrics()
        return sum(values(text, "zapi_instance_up")) == len(values(text, "zapi_instance_polls_total"))

    def log(self) -> list[LogLine]:
        return in_log(self.running.log.read_text())

    def reload(self) -> str:
        """Have it read its configuration again; gives what it answers."""
        return self._ear.ask(f"{self.running.url}/-/reload", method="POST")[1]

    def look_around(self, names: Sequence[str]) -> None:
        """Have it say everything it has to say; ``names`` are the instances to probe."""
        self._ear.look_around(self.running, names)

    def stop(self) -> int:
        self.running.process.send_signal(signal.SIGTERM)
        return self.running.process.wait(_STOP_PATIENCE)


@contextmanager
def stage(
    directory: Path,
    config: Path,
    ear: Ear,
    *,
    program: Sequence[Path | str] = (COMMAND,),
    environ: Mapping[str, str] | None = None,
) -> Iterator[Stage]:
    """Run it; ``ear`` hears its log and its output once it has ended. ``environ`` is added to its environment."""
    directory.mkdir(exist_ok=True)
    flags, around = _flags(config), {**environment(directory), **(environ or {})}
    with exporter(directory, *flags, environ=around, program=program, ready=False) as it:
        yield Stage(it, ear)
    ear.heard("the log", it.log.read_bytes())
    ear.heard("standard output", it.output.read_bytes())


def run_command(
    directory: Path,
    config: Path,
    ear: Ear,
    *arguments: str,
) -> "subprocess.CompletedProcess[bytes]":
    """Run the command to its end; ``ear`` hears what it prints."""
    command, around = [COMMAND, *_flags(config), *arguments], environment(directory)
    run = subprocess.run(command, capture_output=True, env=around, check=False, timeout=_COMMAND_PATIENCE)
    ear.heard(f"standard output of {' '.join(arguments)}", run.stdout)
    ear.heard(f"standard error of {' '.join(arguments)}", run.stderr)
    return run


def _flags(config: Path) -> tuple[str, ...]:
    return (f"--config.file={config}", "--log.level=debug", "--log.format=json")
