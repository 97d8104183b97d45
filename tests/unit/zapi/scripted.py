"""A server that answers each connection with the bytes a test wrote for it."""

import contextlib
import socket
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

Answers = Sequence[bytes]
"""What one connection answers to one request after the other; it closes after the last."""


@dataclass
class ScriptedServer:
    """``heads`` are the requests as they came in, ``connections`` how many connections were accepted."""

    port: int
    heads: list[str] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextlib.contextmanager
def scripted(*connections: Answers) -> Iterator[ScriptedServer]:
    """Serve these connections, one after the other."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = ScriptedServer(listener.getsockname()[1])
        thread = threading.Thread(target=_serve, args=(listener, server, connections), daemon=True)
        thread.start()
        yield server
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(60)


def _serve(listener: socket.socket, server: ScriptedServer, connections: Sequence[Answers]) -> None:
    for answers in connections:
        with contextlib.suppress(OSError):  # the client went away, or the test is over
            accepted, _ = listener.accept()
            server.connections += 1
            with accepted:
                for answer in answers:
                    server.heads.append(_head(accepted))
                    accepted.sendall(answer)


def _head(accepted: socket.socket) -> str:
    received = b""
    while b"\r\n\r\n" not in received:
        block = accepted.recv(65536)
        if not block:
            raise ConnectionResetError
        received += block
    return received.decode()
