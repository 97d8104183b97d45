"""A path that loses packets: ``unshare --net python -m tests.system.faults.lossy_path``.

In a network namespace of its own a firewall drops every fifth packet of TCP, in both directions: of handshakes,
requests and replies. TCP sends again, so that polls take longer and read the same. Prints what they read, and
whether as many packets as polls were lost.
"""

import subprocess
from collections import Counter
from typing import Final

from exporter.model.clock import SystemClock
from exporter.model.poll_result import Failure
from exporter.model.settings import Api
from exporter.zapi.client import ZapiClient
from tests.builders import an_instance
from tests.unit.zapi.playing import answering, playing

OWN: Final = b'HTTP/1.1 200 OK\r\nContent-Length: 18\r\nConnection: close\r\n\r\n{"connected":true}'
POLLS: Final = 12


def main() -> None:
    """Poll over connections that are new each time, while every fifth packet is lost."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    loss = ["--match", "statistic", "--mode", "nth", "--every", "5", "--packet", "0", "--jump", "DROP"]
    subprocess.run(["iptables", "--append", "INPUT", "--protocol", "tcp", *loss], check=True)
    read: Counter[str] = Counter()
    with playing(*[answering(OWN)] * (10 * POLLS), tls=True) as server:
        client = ZapiClient(Api(server.url, 300.0, server.ca_pem), clock=SystemClock())
        for _ in range(POLLS):
            reading = client.read(an_instance("vendas"))
            read[reading.reason.value if isinstance(reading, Failure) else "success"] += 1
        client.close()
        lost = subprocess.run(["iptables", "-vnxL", "INPUT"], check=True, capture_output=True, text=True)
        subprocess.run(["iptables", "--flush"], check=True)
    print(dict(read), int(lost.stdout.splitlines()[2].split()[0]) >= POLLS)


if __name__ == "__main__":
    main()
