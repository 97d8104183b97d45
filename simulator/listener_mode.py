"""What a listener does before any request is known."""

import asyncio
import itertools
from collections.abc import Iterator
from enum import Enum
from typing import Final, cast

from simulator.player import End, Player, reset
from simulator.steps import Ending, Pause, Step

# The head of a TLS handshake record of 16 KiB: a client waits for all of it before it looks at it.
_HANDSHAKE_RECORD: Final = b"\x16\x03\x03\x40\x00"


class ListenerMode(Enum):
    """``HTTP`` serves; every other one spoils all connections of the listener."""

    HTTP = "serves, over TLS if it was given a context"
    SILENT = "accepts, then never says anything"
    CLOSING = "accepts, then closes"
    RESETTING = "accepts, then resets"
    TLS_STALLED = "takes the client's half of the TLS handshake and never answers"
    TLS_DRIPPING = "answers the TLS handshake a byte at a time, for ever"
    TLS_RESET = "resets once the client has begun its TLS handshake"
    PLAIN_ON_TLS = "serves plain HTTP where the URL says https"

    @property
    def serves(self) -> bool:
        return self in (ListenerMode.HTTP, ListenerMode.PLAIN_ON_TLS)

    @property
    def is_tls(self) -> bool:
        """Whether its URL says https, whatever context it was given."""
        return self in (
            ListenerMode.TLS_STALLED,
            ListenerMode.TLS_DRIPPING,
            ListenerMode.TLS_RESET,
            ListenerMode.PLAIN_ON_TLS,
        )


class SpoiltConnection(asyncio.Protocol):
    """A connection of a listener that does not serve. ``interval`` is the pause between dripped bytes, in seconds."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        mode: ListenerMode,
        interval: float,
        live: set[asyncio.Transport],
    ) -> None:
        self._loop = loop
        self._mode = mode
        self._interval = interval
        self._live = live
        self._greeted = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._player = Player(self._loop, self._transport, self._finished)
        self._live.add(self._transport)
        if self._mode is ListenerMode.CLOSING:
            self._finished(Ending.CLOSE)
        elif self._mode is ListenerMode.RESETTING:
            self._finished(Ending.RESET)

    def data_received(self, data: bytes) -> None:
        if self._greeted:
            return
        self._greeted = True
        if self._mode is ListenerMode.TLS_RESET:
            self._finished(Ending.RESET)
        elif self._mode is ListenerMode.TLS_DRIPPING:
            self._player.play(self._drip())

    def connection_lost(self, exc: Exception | None) -> None:
        self._live.discard(self._transport)
        self._player.stop()

    def _drip(self) -> Iterator[Step]:
        for byte in itertools.chain(_HANDSHAKE_RECORD, itertools.repeat(0)):
            yield bytes((byte,))
            yield Pause(self._interval)

    def _finished(self, end: End) -> None:
        if end is Ending.RESET:
            reset(self._transport)
        else:
            self._transport.close()
