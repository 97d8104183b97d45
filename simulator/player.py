"""Plays the steps of a reply on a connection, no faster than the peer reads."""

import asyncio
import socket
import struct
from collections.abc import Callable, Iterator

from simulator.steps import AnswerNext, Ending, Pause

End = Ending | AnswerNext | None
"""How the steps ended; ``None`` is a complete reply on a connection that is kept."""


class Player:
    """Runs on the event loop's thread only. ``finished`` hears how the steps ended, once for each play."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        transport: asyncio.Transport,
        finished: Callable[[End], None],
    ) -> None:
        self._loop = loop
        self._transport = transport
        self._finished = finished
        self._steps: Iterator[object] | None = None
        self._next: asyncio.Handle | None = None
        self._blocked = False

    def play(self, steps: Iterator[object], delay: float = 0.0) -> None:
        """Begin to play, ``delay`` seconds from now."""
        self._steps = steps
        if delay > 0:
            self._next = self._loop.call_later(delay, self._advance)
        else:
            self._advance()

    def block(self) -> None:
        """Pause, because the peer reads too slowly."""
        self._blocked = True

    def unblock(self) -> None:
        self._blocked = False
        if self._steps is not None and self._next is None:
            # Not at once: a write that fails while asyncio resumes this one would end the connection twice.
            self._next = self._loop.call_soon(self._advance)

    def stop(self) -> None:
        """Forget what is left to play."""
        self._steps = None
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def _advance(self) -> None:
        self._next = None
        if self._steps is None or self._blocked or self._transport.is_closing():
            return
        step = next(self._steps, None)
        if isinstance(step, bytes):
            self._transport.write(step)
            # Back through the loop even if the peer keeps up: an endless reply must not starve the others.
            self._next = self._loop.call_soon(self._advance)
        elif isinstance(step, Pause):
            self._next = self._loop.call_later(step.seconds, self._advance)
        else:
            self._steps = None
            self._finished(step if isinstance(step, Ending | AnswerNext) else None)


def reset(transport: asyncio.Transport) -> None:
    """Close the connection with a TCP reset."""
    sock: socket.socket | None = transport.get_extra_info("socket")
    if sock is not None and sock.fileno() >= 0:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
