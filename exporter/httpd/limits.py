"""How much one client, and all of them together, may ask of the server."""

from dataclasses import dataclass
from typing import Final

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
