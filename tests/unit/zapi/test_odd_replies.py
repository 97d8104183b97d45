"""Each odd reply on a real socket: it gives its own reason, and the next instance its own values."""

import socket
import struct
from concurrent.futures import ThreadPoolExecutor

import pytest

from exporter.model.poll_result import Failure, Reading, Status
from tests.builders import an_instance
from tests.unit.zapi.odd_replies import REPLIES, reply
from tests.unit.zapi.playing import PATIENCE, deliver, playing, read_head

CASES = [(reason, name, odd) for reason, replies in REPLIES.items() for name, odd in replies.items()]
SILENT = [*REPLIES["timeout"], "503 without its body"]
"""What can only be told when the time is up."""
END_OF_STREAM = (
    "keep-alive and Close",
    "Keep-Alive: timeout=0",
    "carriage returns alone",
    "no transfer coding",
)
OTHERS = reply(b'{"id":"B","connected":true,"name":"own B"}')


def play(accepted: socket.socket) -> None:
    """Send the reply of the case that a token names, or a good one, and do to the connection what its name says."""
    while True:
        token = read_head(accepted).split(b"/token/")[1].split(b"/")[0]
        _, name, odd = CASES[int(token[4:])] if token != b"good" else ("", "", OTHERS)
        accepted.sendall(odd)
        if "half closed" in name:
            socket.socket.shutdown(accepted, socket.SHUT_WR)  # no goodbye of TLS either
        elif "reset" in name:
            deliver(accepted, b"")
            accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return
        elif "closed" in name or name in END_OF_STREAM:
            return


@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
def test_every_odd_reply_has_its_reason_and_is_no_part_of_another(tls: bool) -> None:
    other = an_instance("B", instance_id="B", token="good")
    with playing(*[play] * 3 * len(CASES), tls=tls) as server, ThreadPoolExecutor(len(SILENT)) as at_once:
        patient, quick = server.client(PATIENCE), server.client(5.0)

        def poll(number: int) -> tuple[Reading, Reading]:
            client = quick if CASES[number][1] in SILENT else patient
            odd = an_instance("A", instance_id="A", token=f"case{number}")
            return client.read(odd), client.read(other)

        silent = [number for number, (_, name, _) in enumerate(CASES) if name in SILENT]
        waiting = {number: at_once.submit(poll, number) for number in silent}
        readings = {number: poll(number) for number in range(len(CASES)) if number not in waiting}
        readings |= {number: future.result() for number, future in waiting.items()}
    wrong = []
    for number, (expected, name, _) in enumerate(CASES):
        odd, good = readings[number]
        seen = odd.reason.value if isinstance(odd, Failure) else "success"
        own = isinstance(odd, Failure) or (odd.connected and odd.display_name in ("own A", None))
        if seen != expected or not own or not isinstance(good, Status) or good.display_name != "own B":
            wrong.append((name, expected, odd, good))
    assert wrong == []
