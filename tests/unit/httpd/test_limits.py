"""SECURITY.md promises the numbers that the server has."""

from pathlib import Path
from typing import Final

import pytest

from exporter.httpd.limits import Limits
from exporter.model.settings import Polling
from exporter.process.supervisor import PATIENCE

DOCUMENT: Final = " ".join((Path(__file__).parents[3] / "SECURITY.md").read_text(encoding="utf-8").split())
LIMITS: Final = Limits()
KIB: Final = 1024


@pytest.mark.parametrize(
    "promise",
    [
        f"{LIMITS.connections} connections at most",
        f"50 silent connections a second, for example, leave a new client {LIMITS.connections // 2 // 50} s for its",
        f"{LIMITS.handshake:.0f} s for a TLS handshake, {LIMITS.head:.0f} s for the head of its request",
        f"and {LIMITS.body:.0f} s for the body",
        f"idle connection is closed after {LIMITS.idle:.0f} s",
        f"read within {LIMITS.write:.0f} s and 1 s more for every {LIMITS.write_rate // KIB} KiB",
        f"A head takes {LIMITS.head_bytes // KIB} KiB at most, a body {LIMITS.body_bytes // KIB} KiB",
        f"all responses being read {LIMITS.unsent_bytes // KIB // KIB} MiB",
        f"{LIMITS.threads} threads make responses, {LIMITS.handshake_threads} do TLS handshakes",
        f"and {LIMITS.login_threads} check passwords",
        f"One path holds {LIMITS.threads_per_path} of the threads",
        f"waits for {LIMITS.login:.0f} s is answered with 429",
        f"`polling.probe_max_age` ({Polling(60.0, 32, 300.0).probe_max_age:.0f}s)",
        f"answers nobody for {PATIENCE:.0f} s",
    ],
)
def test_the_document_promises_what_the_server_does(promise: str) -> None:
    assert promise in DOCUMENT
