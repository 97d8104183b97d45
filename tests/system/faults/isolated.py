"""Programs in a network namespace of their own, where a firewall may drop what it likes."""

import os
import subprocess
import sys
from typing import Final

_ISOLATED: Final = ("unshare", "--net") if os.geteuid() == 0 else ("unshare", "--map-root-user", "--net")


def run_isolated(module: str) -> list[str]:
    """Return the lines that a module prints there; fail if it fails."""
    program = [*_ISOLATED, sys.executable, "-m", module]
    done = subprocess.run(program, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()
