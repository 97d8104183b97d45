"""A private reply is read as any other, and nothing of it stays in memory."""

import contextlib

import pytest

from exporter.zapi.body import BodyTooLarge, InvalidReply, UnrequestedEncoding
from exporter.zapi.budget import Budget
from exporter.zapi.private_reply import PrivateReply, receive_privately
from tests.clocks import ManualClock

PAGE = b'{"messages":[]}'


class Played:
    """A stream that plays bytes in pieces, and keeps what it was given to put them into."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = list(pieces)
        self.buffers: list[memoryview] = []

    def receive_into(self, buffer: memoryview, budget: Budget) -> int:
        self.buffers.append(buffer)
        piece = self._pieces.pop(0) if self._pieces else b""
        buffer[: len(piece)] = piece
        return len(piece)


def receive(stream: object) -> PrivateReply[tuple[int, bytes]]:
    budget = Budget(ManualClock(), 10.0, 10_000_000)
    return receive_privately(
        stream,  # type: ignore[arg-type]
        budget,
        lambda status, body: (status, bytes(body)),
        lambda: None,
    )


def with_length(body: bytes = PAGE, *, status: str = "200 OK", more: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\n{more}Content-Length: {len(body)}\r\n\r\n".encode() + body


def in_chunks(*chunks: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + end


WHOLE = {
    "with a length": with_length(),
    "in chunks": in_chunks(PAGE[:3], PAGE[3:4], PAGE[4:]),
    "in chunks with extensions": in_chunks().replace(b"0\r\n", b"f;a=b\r\n" + PAGE + b"\r\n0\r\n"),
    "after interim replies": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 2 + with_length(),
}


@pytest.mark.parametrize("reply", WHOLE.values(), ids=WHOLE)
@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_a_reply_is_read_however_it_arrives(reply: bytes, size: int) -> None:
    pieces = (reply[at : at + size] for at in range(0, len(reply), size))
    assert receive(Played(*pieces)) == PrivateReply((200, PAGE), reusable=True)


def test_the_end_of_the_stream_ends_a_body_without_a_length() -> None:
    reply = receive(Played(b"HTTP/1.1 200 OK\r\n\r\n" + PAGE))
    assert reply == PrivateReply((200, PAGE), reusable=False)


@pytest.mark.parametrize(
    "reply",
    [with_length() + b"HTTP", in_chunks(PAGE) + b"x", with_length(more="Connection: close\r\n")],
)
def test_a_connection_with_anything_left_is_not_used_again(reply: bytes) -> None:
    assert not receive(Played(reply)).reusable


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (with_length()[:-1], InvalidReply),
        (in_chunks(PAGE, end=b""), InvalidReply),
        (in_chunks(end=b"+5\r\nabcde\r\n0\r\n\r\n"), InvalidReply),
        (in_chunks(end=b"5\r\nabcdef\r\n0\r\n\r\n"), InvalidReply),
        (in_chunks(end=b"0_5\r\nabcde\r\n0\r\n\r\n"), InvalidReply),
        (in_chunks(end=b"ffffffffff\r\n"), BodyTooLarge),
        (in_chunks(end=b"9" * 300), InvalidReply),
        (in_chunks(end=b"fffffff\r\n" + b"x" * 1_200_000), BodyTooLarge),
        (with_length(more="Content-Encoding: gzip\r\n"), UnrequestedEncoding),
        (with_length().replace(b"15", b"1500000"), BodyTooLarge),
        (b"SSH-2.0-OpenSSH\r\n\r\n", InvalidReply),
        (b"", ConnectionResetError),
    ],
)
def test_what_is_no_whole_reply_is_refused(reply: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        receive(Played(*(reply[at : at + 65_536] for at in range(0, len(reply), 65_536))))


@pytest.mark.parametrize("reply", [with_length(), in_chunks(PAGE), with_length(b"x" * 9)[:-1]])
def test_its_bytes_are_erased_however_it_ends(reply: bytes) -> None:
    class Watched(Played):
        def receive_into(self, buffer: memoryview, budget: Budget) -> int:
            self.whole = buffer.obj
            return super().receive_into(buffer, budget)

    stream = Watched(reply)
    with contextlib.suppress(InvalidReply):
        receive(stream)
    assert isinstance(stream.whole, bytearray)
    assert not any(stream.whole)
