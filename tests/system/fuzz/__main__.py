"""Fuzzes each target for a while: guided by coverage where atheris is installed, else with Hypothesis.

Run by ``make fuzz``. What breaks a target is written to ``tests/system/fuzz/found/TARGET/``, which the suite replays:
keep the file with the mend.
"""

import argparse
import hashlib
import importlib.util
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from exporter.config.validators import parse_duration
from tests.system.fuzz.mutation import any_bytes_like
from tests.system.fuzz.targets import FOUND, be_quiet, scratch, targets

TARGETS: Final = ("me", "answer", "list", "config", "web_config", "secrecy", "request")
_BATCH: Final = 500


def main() -> int:
    """0 if nothing was found, else 1."""
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument(
        "--duration", type=parse_duration, default=120.0, help="of all targets together, as 10m"
    )
    parser.add_argument("--target", choices=TARGETS, action="append", help="repeatable (default: all)")
    parser.add_argument(
        "--alone", choices=TARGETS, help=argparse.SUPPRESS
    )  # what this module runs itself with
    options = parser.parse_args()
    chosen = options.target or TARGETS
    guided = importlib.util.find_spec("atheris") is not None
    found = [name for name in chosen if not _is_clean(name, options.duration / len(chosen), guided)]
    print(f"found something for: {', '.join(found)}" if found else "nothing found")
    return 1 if found else 0


def _is_clean(name: str, seconds: float, guided: bool) -> bool:
    print(f"{name}: {seconds:.0f} s, {'guided by coverage' if guided else 'with Hypothesis'}", flush=True)
    if not guided:
        return fuzz_with_hypothesis(name, seconds)
    command = [sys.executable, "-m", "tests.system.fuzz.guided", name, str(max(1, round(seconds)))]
    return subprocess.run(command, check=False).returncode == 0


def fuzz_with_hypothesis(name: str, seconds: float) -> bool:
    """Whether one target took all that Hypothesis and some breaking of its seeds came up with."""
    be_quiet()
    target = targets(scratch())[name]
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        broken = any_bytes_like(target, examples=_BATCH, seed=random.getrandbits(64))
        if broken is not None:
            file = _keep(FOUND / name, broken)
            print(f"{name} breaks with {file}")
            return False
    return True


def _keep(folder: Path, broken: bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"crash-{hashlib.sha1(broken).hexdigest()}"
    file.write_bytes(broken)
    return file


if __name__ == "__main__":
    sys.exit(main())
