"""Notifications for systemd: ready, reloading, stopping, alive. Without systemd nothing is sent.

The protocol is sd_notify(3): lines of ``NAME=value`` in a datagram to the socket that ``NOTIFY_SOCKET`` names.
"""

import logging
import os
import socket
from collections.abc import Mapping
from typing import Final

from exporter.model.clock import Clock

_SEND_TIMEOUT: Final = 1.0

_log = logging.getLogger(__name__)


class Systemd:
    """The service manager that started the process, if it accepts notifications."""

    def __init__(self, environ: Mapping[str, str], clock: Clock) -> None:
        self._address = _address(environ.get("NOTIFY_SOCKET", ""))
        self._clock = clock
        self.watchdog_interval: float | None = _watchdog_interval(environ) if self._address else None
        """Seconds without a sign of life after which the process is restarted; ``None`` if it never is."""

    def ready(self, status: str) -> None:
        """Say that the exporter listens, or has reloaded; ``status`` is one line for ``systemctl status``."""
        self._tell("READY=1", f"STATUS={status}")

    def reloading(self) -> None:
        """Say that a reload begins; :meth:`ready` ends it."""
        self._tell("RELOADING=1", f"MONOTONIC_USEC={int(self._clock.monotonic() * 1e6)}")

    def stopping(self) -> None:
        self._tell("STOPPING=1", "STATUS=stopping")

    def alive(self) -> None:
        """Notify the watchdog that the process works, if there is a watchdog."""
        if self.watchdog_interval is not None:
            self._tell("WATCHDOG=1")

    def _tell(self, *lines: str) -> None:
        if self._address is None:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.settimeout(_SEND_TIMEOUT)
                sender.sendto("\n".join(lines).encode(), self._address)
        except OSError as error:  # whoever listens there is gone; polling goes on
            _log.warning("systemd could not be notified", extra={"what": lines[0], "error": error.strerror})


def _address(named: str) -> str | None:
    """Return the socket's address; a leading ``@`` stands for the NUL byte of Linux' abstract names."""
    if named.startswith("@"):
        return f"\0{named[1:]}"
    return named if named.startswith("/") else None


def _watchdog_interval(environ: Mapping[str, str]) -> float | None:
    microseconds, pid = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", "")
    meant_for_us = pid in ("", str(os.getpid()))
    if not (microseconds.isascii() and microseconds.isdigit() and meant_for_us):
        return None
    return int(microseconds[:18]) / 1e6 or None
