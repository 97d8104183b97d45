"""Where the exporter listens, for the health check of its image.

The addresses are in the names of sockets in Linux' abstract namespace, which need no file system that can be written,
and vanish with the process. Nobody connects to them: ``/proc/net/unix`` lists the names.
"""

import contextlib
import os
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

_NAMES: Final = Path("/proc/net/unix")
_NAMESPACE: Final = Path("/proc/self/ns/pid")


@contextlib.contextmanager
def published(places: Sequence[str]) -> Iterator[None]:
    """Let processes of the same container find each of ``places`` meanwhile, where the system can do that."""
    with contextlib.ExitStack() as names:
        for place in places:
            with contextlib.suppress(OSError):  # no such names on this system, or not allowed here
                name = names.enter_context(socket.socket(socket.AF_UNIX))
                name.bind(f"\0{_prefix()}{place}".encode())
        yield


def find_published() -> list[str]:
    """Return the places that exporters of this container have published. Raise :class:`OSError`."""
    prefix = f"@{_prefix()}"
    words = (
        line.split()[-1] for line in _NAMES.read_text(encoding="utf-8", errors="replace").splitlines()[1:]
    )
    return sorted(word.removeprefix(prefix) for word in words if word.startswith(prefix))


def _prefix() -> str:
    """Return what all names of this container begin with: it may share its network, but not its process numbers."""
    return f"zapi-exporter/{os.stat(_NAMESPACE).st_ino}/"
