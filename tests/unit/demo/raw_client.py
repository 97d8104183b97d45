"""A client that does nothing by itself: it sends what it is told and hands back the very bytes that came."""

import json
import socket
import ssl
from typing import Any

from exporter.demo.instances import SimulatedInstance
from simulator.server import SimulatedZapi


class RawClient:
    """One connection to a simulated Z-API. Waits at most a minute for anything."""

    def __init__(self, zapi: SimulatedZapi, tls: ssl.SSLContext | None = None) -> None:
        sock = socket.create_connection(("127.0.0.1", zapi.port), timeout=60)
        try:
            self._socket = sock if tls is None else tls.wrap_socket(sock, server_hostname="localhost")
        except BaseException:
            sock.close()
            raise
        self._received = b""

    def __enter__(self) -> "RawClient":
        return self

    def __exit__(self, *failure: object) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def ask(
        self,
        instance: SimulatedInstance,
        *,
        path: str | None = None,
        client_token: str | None = None,
        method: str = "GET",
        headers: str = "",
    ) -> None:
        path = path or me_path(instance)
        client_token = client_token if client_token is not None else instance.client_token
        if client_token is not None:
            headers += f"Client-Token: {client_token}\r\n"
        self.send(f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n".encode())

    def read(self, count: int) -> bytes:
        """Exactly so many bytes."""
        while len(self._received) < count:
            self._receive()
        taken, self._received = self._received[:count], self._received[count:]
        return taken

    def read_until(self, mark: bytes) -> bytes:
        while mark not in self._received:
            self._receive()
        return self.read(self._received.index(mark) + len(mark))

    def read_reply(self) -> tuple[int, dict[str, str], bytes]:
        """Status, headers with lower-case names, and the body as long as Content-Length says."""
        first, *lines = self.read_until(b"\r\n\r\n").decode("latin-1").rstrip().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        return int(first.split(" ")[1]), headers, self.read(int(headers.get("content-length", "0")))

    def read_to_end(self) -> bytes:
        """All that comes until the server closes."""
        while data := self._socket.recv(1 << 20):
            self._received += data
        taken, self._received = self._received, b""
        return taken

    def waiting(self) -> bytes:
        """What has come so far and was not read yet, without waiting."""
        self._socket.setblocking(False)
        try:
            self._received += self._socket.recv(1 << 20)
        except (BlockingIOError, ssl.SSLWantReadError):
            pass
        finally:
            self._socket.settimeout(60)
        return self._received

    def _receive(self) -> None:
        data = self._socket.recv(1 << 20)
        if not data:
            raise EOFError(f"the server closed after {self._received[-200:]!r}")
        self._received += data


def me_path(instance: SimulatedInstance) -> str:
    return f"/instances/{instance.id}/token/{instance.token}/me"


def get(zapi: SimulatedZapi, instance: SimulatedInstance, **how: Any) -> tuple[int, dict[str, Any]]:
    """Status and JSON of one answer, on a connection of its own."""
    with RawClient(zapi) as client:
        client.ask(instance, **how)
        status, headers, body = client.read_reply()
    assert headers["content-type"] == "application/json"
    answer = json.loads(body)
    assert isinstance(answer, dict)
    return status, answer
