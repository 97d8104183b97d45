"""A socket that hears what systemd would be told."""

import contextlib
import socket
import time
from collections.abc import Iterator

from harness.processes import PATIENCE


class Heard:
    """The notifications so far, each as its lines."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self.all: list[dict[str, str]] = []

    def next(self, patience: float = PATIENCE) -> dict[str, str]:
        """The next notification; fails if none comes within ``patience`` seconds."""
        self._listener.settimeout(patience)
        text = self._listener.recv(4096).decode()
        heard = dict(line.split("=", 1) for line in text.split("\n"))
        self.all.append(heard)
        return heard

    def until(self, name: str, patience: float = PATIENCE) -> dict[str, str]:
        """The next notification that says something of ``name``."""
        deadline = time.monotonic() + patience
        while name not in (heard := self.next(max(0.001, deadline - time.monotonic()))):
            pass
        return heard

    def is_silent_for(self, seconds: float) -> bool:
        """Whether nothing more is heard for so long."""
        try:
            self.next(seconds)
        except TimeoutError:
            return True
        return False


@contextlib.contextmanager
def listening(address: str) -> Iterator[Heard]:
    """``address`` is a path, or an abstract name as ``NOTIFY_SOCKET`` writes it: with a leading ``@``."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(f"\0{address[1:]}" if address.startswith("@") else address)
        yield Heard(listener)
