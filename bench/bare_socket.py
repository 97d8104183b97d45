"""A bare TLS socket that fetches and decodes at the same pace: ``python -m bench.bare_socket BASE CA RATE SECONDS``.

It sends once, receives once and decodes the JSON, and that is all: no less can be done in Python on a blocking socket.
Prints the CPU it took for one fetch, in µs.
"""

import json
import socket
import ssl
import sys
import time
from urllib.parse import urlsplit

from bench.instances import instance_id

_END_OF_HEAD = b"\r\n\r\n"


def main(base_url: str, ca_file: str, rate: float, seconds: float) -> None:
    """Fetch one instance after the other, each from its own path."""
    parts = urlsplit(base_url)
    host, port = parts.hostname or "", parts.port or 443
    requests = [
        (
            f"GET /instances/{instance_id(index)}/token/TOKEN{index:027d}/me HTTP/1.1\r\nHost: {host}:{port}\r\n"
            "Accept: application/json\r\nAccept-Encoding: gzip\r\nClient-Token: CLIENT-TOKEN\r\n\r\n"
        ).encode()
        for index in range(1000)
    ]
    context = ssl.create_default_context(cafile=ca_file)
    with context.wrap_socket(socket.create_connection((host, port)), server_hostname=host) as tls:
        tls.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def fetch(request: bytes) -> object:
            tls.sendall(request)
            reply = tls.recv(65536)
            return json.loads(reply[reply.index(_END_OF_HEAD) + len(_END_OF_HEAD) :])

        for request in requests[:20]:
            assert isinstance(fetch(request), dict)
        began, cpu, fetches = time.monotonic(), time.process_time(), 0
        while (elapsed := time.monotonic() - began) < seconds:
            time.sleep(max(0.0, fetches / rate - elapsed))
            fetch(requests[fetches % len(requests)])
            fetches += 1
        print((time.process_time() - cpu) / fetches * 1e6)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4]))
