"""The machine that measures, in words that fit any like it."""

import os
import platform
import ssl
import time
from pathlib import Path

from bench.results import Machine


def describe() -> Machine:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return Machine(
        cores=len(os.sched_getaffinity(0)),
        memory_gib=round(memory),
        system=_distribution(),
        python=platform.python_version(),
        openssl=ssl.OPENSSL_VERSION.rpartition("  ")[0] or ssl.OPENSSL_VERSION,
        load=os.getloadavg()[1],
        date=time.strftime("%Y-%m-%d", time.gmtime()),
        nice=os.nice(0),
    )


def _distribution() -> str:
    lines = Path("/etc/os-release").read_text().splitlines()
    named = dict(line.split("=", 1) for line in lines if "=" in line)
    return f"{named.get('PRETTY_NAME', 'Linux').strip(chr(34))} on {platform.machine()}"
