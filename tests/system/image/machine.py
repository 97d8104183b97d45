"""A machine that systemd runs, in a container: the only way to see a unit start without being that machine."""

import signal
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from exporter.demo.scenario import Role, build_scenario
from harness.processes import eventually, running

SERVICE: Final = "zapi-exporter.service"
INSTANCE: Final = next(member for member in build_scenario(12, 0) if member.role is Role.HEALTHY)
"""What the exporter of such a machine polls."""


@dataclass(frozen=True, slots=True)
class Machine:
    """``leader`` is its process 1, as this machine numbers it."""

    leader: int

    def run(self, *command: str) -> str:
        """What a command prints there; fails if it does."""
        enter = ["nsenter", f"--target={self.leader}", "--mount", "--pid", "--ipc", "--root", "--wd"]
        done = subprocess.run([*enter, *command], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def properties(self, unit: str) -> dict[str, str]:
        lines = self.run("systemctl", "show", unit).splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)


@contextmanager
def booted(root: Path, log: Path) -> Iterator[Machine]:
    """Boot the system in ``root``, which shares the network of this machine. ``log`` gets its console."""
    place = [f"--directory={root}", f"--machine=zapi-{uuid.uuid4().hex[:12]}"]
    command = ["systemd-nspawn", *place, "--register=no", "--keep-unit", "--boot"]
    with log.open("wb") as console, running(command, stdout=console, stderr=console) as process:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        eventually(lambda: "multi-user.target" in log.read_text(errors="replace"))
        yield Machine(int(children.read_text().split()[0]))
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)
