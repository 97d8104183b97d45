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
        f"At most {LIMITS.connections} connections are open",
        f"50 silent connections per second, for example, a new client has {LIMITS.connections // 2 // 50} s for its",
        f"{LIMITS.handshake:.0f} s for the TLS handshake, {LIMITS.head:.0f} s for the head of its request",
        f"and {LIMITS.body:.0f} s for the body",
        f"idle connection is closed after {LIMITS.idle:.0f} s",
        f"read within {LIMITS.write:.0f} s plus 1 s for every {LIMITS.write_rate // KIB} KiB",
        f"has at most {LIMITS.head_bytes // KIB} KiB, the body at most {LIMITS.body_bytes // KIB} KiB",
        f"All responses that are being sent have at most {LIMITS.unsent_bytes // KIB // KIB} MiB",
        f"{LIMITS.threads} threads build responses, {LIMITS.handshake_threads} do TLS handshakes",
        f"and {LIMITS.login_threads} check passwords",
        f"One path uses at most {LIMITS.threads_per_path} of the threads",
        f"waits {LIMITS.login:.0f} s receives status 429",
        f"`polling.probe_max_age` ({Polling(60.0, 32, 300.0).probe_max_age:.0f}s)",
        f"answers no client for {PATIENCE:.0f} s",
    ],
)
def test_the_document_promises_what_the_server_does(promise: str) -> None:
    assert promise in DOCUMENT
