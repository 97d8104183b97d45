"""Playing the steps of a reply."""

import asyncio
from typing import cast

from simulator.player import Player


class Transport:
    """Remembers what was written."""

    def __init__(self) -> None:
        self.written = b""

    def write(self, data: bytes) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return False


def test_nothing_is_written_while_the_transport_resumes_its_protocol() -> None:
    async def resumed() -> tuple[bytes, bytes]:
        transport = Transport()
        player = Player(asyncio.get_running_loop(), cast(asyncio.Transport, transport), lambda end: None)
        player.block()
        player.play(iter((b"late",)))
        player.unblock()
        at_once = transport.written
        await asyncio.sleep(0)
        return at_once, transport.written

    assert asyncio.run(resumed()) == (b"", b"late")
