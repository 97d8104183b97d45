"""Stops a starting process at the import of one module, until the test lets it go on."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.waiting import wait_until

_STAND_IN = """
import sys
with open({pipe!r}) as pipe:
    pipe.read()
sys.path.remove({folder!r})
del sys.modules[__name__]
__import__(__name__)
"""


@dataclass(frozen=True, slots=True)
class ImportGate:
    """``environ`` makes a Python process stop at the import."""

    environ: Mapping[str, str]
    _pipe: Path

    @contextmanager
    def closed(self, patience: float) -> Iterator[None]:
        """Wait until the process stands at the import; it goes on at the end of the block."""
        opened: list[int] = []

        def stands_there() -> bool:
            try:
                opened.append(os.open(self._pipe, os.O_WRONLY | os.O_NONBLOCK))
            except OSError:  # nobody reads yet
                return False
            return True

        wait_until(stands_there, patience)
        try:
            yield
        finally:
            os.close(opened[0])


def import_gate(folder: Path, module: str) -> ImportGate:
    """A gate at the import of ``module``; ``folder`` is the gate's own."""
    folder.mkdir()
    pipe = folder / "pipe"
    os.mkfifo(pipe)
    (folder / f"{module}.py").write_text(_STAND_IN.format(pipe=str(pipe), folder=str(folder)))
    return ImportGate({**os.environ, "PYTHONPATH": str(folder)}, pipe)
