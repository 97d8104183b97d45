"""A program that can be ended and started again in the middle of a test, with the address and the data it had."""

import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.processes import eventually, get

_GRACE = 30.0


@dataclass(slots=True)
class Service:
    """``address`` is ``host:port``; the program answers at ``/-/ready`` there once it can be used."""

    command: Sequence[str]
    address: str
    log: Path
    _process: "subprocess.Popen[bytes] | None" = field(init=False, default=None)

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    @property
    def process(self) -> "subprocess.Popen[bytes]":
        assert self._process is not None, f"{self.command[0]} was not started"
        return self._process

    def start(self) -> None:
        """Run it, and return once it is ready."""
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(self.command, stdout=output, stderr=output)
        eventually(self._is_ready)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it by a signal, and return once it is gone."""
        if self._process is None:
            return
        self._process.send_signal(number)
        try:
            self._process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _is_ready(self) -> bool:
        assert self.process.poll() is None, f"{self.command[0]} ended: {self.log.read_text()[-2000:]}"
        return get(f"{self.url}/-/ready") != ""
