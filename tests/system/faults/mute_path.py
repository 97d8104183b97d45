"""A path that forgets connections: ``unshare --net python -m tests.system.faults.mute_path``.

In a network namespace of its own a firewall drops what belongs to a connection, in both directions, before any system
sees it. Prints what each poll read, and the number of connections.
"""

import socket
import subprocess
import threading
from typing import Final

from exporter.model.clock import SystemClock
from exporter.model.poll_result import Failure
from exporter.model.settings import Api
from exporter.zapi.client import ZapiClient
from tests.builders import an_instance
from tests.unit.zapi.playing import Play, answering, playing

OWN: Final = b'HTTP/1.1 200 OK\r\nContent-Length: 18\r\n\r\n{"connected":true}'
PATIENCE: Final = 60.0


def main() -> None:
    """Poll before the path forgets the connection, while it drops all there is, and once it works again."""
    ports: list[int] = []
    over = threading.Event()

    def noted(*answers: bytes) -> Play:
        def play(accepted: socket.socket) -> None:
            ports.append(accepted.getpeername()[1])
            answering(*answers)(accepted)
            over.wait(PATIENCE)

        return play

    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    with playing(noted(OWN), noted(OWN, OWN), noted(OWN, OWN), tls=True) as server:
        client = ZapiClient(Api(server.url, 4.0, server.ca_pem), clock=SystemClock())

        def poll(said: str) -> None:
            reading = client.read(an_instance("vendas"))
            outcome = reading.reason.value if isinstance(reading, Failure) else "success"
            print(f"{said}: {outcome}, {server.connections} connections", flush=True)

        poll("at first")
        _drop("--destination-port", ports[0])
        _drop("--source-port", ports[0])
        poll("forgotten")
        poll("and then")
        _drop("--destination-port", server.port)
        poll("mute")
        subprocess.run(["iptables", "--flush"], check=True)
        poll("mended")
        client.close()
        over.set()


def _drop(where: str, port: int) -> None:
    rule = ["--protocol", "tcp", where, str(port), "--jump", "DROP"]
    subprocess.run(["iptables", "--append", "INPUT", *rule], check=True)


if __name__ == "__main__":
    main()
