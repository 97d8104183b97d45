"""What clients may use: sizes, times, threads and places; which connection to close when there are too many."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, Protocol

_KIB: Final = 1024
_MIB: Final = 1024 * _KIB


@dataclass(frozen=True, slots=True)
class Limits:
    """Times are seconds from the start of the step they bound, whatever arrives meanwhile; sizes are bytes.

    ``write`` is what any response gets, and one second more for every ``write_rate`` bytes of it.
    ``unsent_bytes`` bounds all responses being written together: past it the oldest reader is dropped. What many read
    at once counts once. ``threads_per_path`` keeps a slow path from holding every thread; of the threads for TLS
    handshakes and those for passwords, an address holds one. ``login`` is how long a password may wait to be checked.
    """

    connections: int = 512
    unsent_bytes: int = 256 * _MIB
    threads: int = 4
    threads_per_path: int = 2
    handshake_threads: int = 2
    login_threads: int = 2

    handshake: float = 10.0
    head: float = 10.0
    body: float = 10.0
    login: float = 10.0
    idle: float = 120.0
    write: float = 10.0
    write_rate: int = 128 * _KIB
    linger: float = 2.0

    target_bytes: int = 8 * _KIB
    head_bytes: int = 16 * _KIB
    header_count: int = 100
    body_bytes: int = 64 * _KIB


class Stage(Enum):
    """What a connection is doing."""

    READING = auto()
    """Its request is awaited: it is new, the request is still arriving, or a password is being checked."""
    IDLE = auto()
    """It was answered and may send another request."""
    ANSWERING = auto()
    """Its request was admitted; the response is being made or sent."""


class Cancellable(Protocol):
    """The task that serves a connection."""

    def cancel(self) -> object:
        """Close the connection soon."""


class ConnectionLimiter:
    """Bounds the number of connections and the bytes of their responses. Belongs to one event loop.

    Half of the places are for connections whose request is awaited, so neither idle clients nor those that read
    slowly keep a new one out. Within a stage the oldest is closed first: a client can send its request until
    ``most / 2`` others have connected, and can read its response for as long again.
    """

    def __init__(self, most: int, most_unsent: int) -> None:
        self._most = most
        self._most_unsent = most_unsent
        self._stage_of: dict[Cancellable, Stage] = {}
        self._stages: dict[Stage, dict[Cancellable, Sequence[bytes]]] = {stage: {} for stage in Stage}
        self._readers_of: Counter[int] = Counter()
        self._unsent = 0

    def register(self, connection: Cancellable) -> None:
        """Add a new connection, and close another one if there are too many."""
        if len(self._stage_of) >= self._most:
            self.evict_one()
        self._place(connection, Stage.READING, ())

    def move(self, connection: Cancellable, stage: Stage, unsent: Sequence[bytes] = ()) -> None:
        """Make it the newest of ``stage``; ``unsent`` are the pieces of the response it is about to read.

        A piece that many read is in memory, and counts, once.
        """
        if connection not in self._stage_of:
            return
        self.unregister(connection)
        self._place(connection, stage, unsent)
        while self._unsent > self._most_unsent:
            oldest = next(other for other, pieces in self._stages[Stage.ANSWERING].items() if pieces)
            if oldest is connection:
                return
            self._evict(oldest)

    def unregister(self, connection: Cancellable) -> None:
        """Forget a connection that has ended; does nothing for one that was evicted."""
        stage = self._stage_of.pop(connection, None)
        if stage is None:
            return
        for piece in self._stages[stage].pop(connection):
            self._readers_of[id(piece)] -= 1
            if not self._readers_of[id(piece)]:
                del self._readers_of[id(piece)]
                self._unsent -= len(piece)

    def evict_one(self) -> None:
        """Close the oldest connection of the stage that has too many, if there is one."""
        reading, idle, answering = self._stages.values()
        others = idle or answering
        candidates = reading if len(reading) > self._most / 2 or not others else others
        if candidates:
            self._evict(next(iter(candidates)))

    def evict_all_but_answering(self) -> None:
        """Close connections that have no response pending."""
        for connection in (*self._stages[Stage.READING], *self._stages[Stage.IDLE]):
            self._evict(connection)

    def _evict(self, connection: Cancellable) -> None:
        self.unregister(connection)
        connection.cancel()

    def _place(self, connection: Cancellable, stage: Stage, unsent: Sequence[bytes]) -> None:
        self._stage_of[connection] = stage
        self._stages[stage][connection] = unsent
        for piece in unsent:
            self._unsent += 0 if self._readers_of[id(piece)] else len(piece)
            self._readers_of[id(piece)] += 1
