"""The peers that make a new connection for each probe, and something that has them probe."""

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

import urllib3

from bench.instances import instance_id
from bench.processes import cpu_seconds
from bench.upstream import Upstream
from tests.processes import eventually, free_port, get, running

BLACKBOX: Final = "blackbox_exporter"
JSON: Final = "json_exporter"
COMMANDS: Final = {BLACKBOX: ("prometheus-blackbox-exporter", "blackbox_exporter"), JSON: ("json_exporter",)}
"""Peer → what it may be called on the PATH."""

_CLIENTS: Final = 4


@dataclass(frozen=True, slots=True)
class Prober:
    """A running peer; ``module`` is the query that has it read ``/me``."""

    pid: int
    url: str
    module: str
    targets: tuple[str, ...]

    def micros_per_probe(self, rate: float, seconds: float) -> float:
        """The CPU of one probe while ``rate`` a second are asked for."""
        pool = urllib3.connection_from_url(self.url, maxsize=_CLIENTS, block=True)
        probes = [0] * _CLIENTS
        end = time.monotonic() + seconds

        def drive(client: int) -> None:
            began = time.monotonic()
            while time.monotonic() < end:
                target = self.targets[(client + _CLIENTS * probes[client]) % len(self.targets)]
                answer = pool.request("GET", f"/probe?module={self.module}&target={quote(target, safe='')}")
                assert answer.status == 200
                probes[client] += 1
                time.sleep(max(0.0, began + probes[client] * _CLIENTS / rate - time.monotonic()))

        before = cpu_seconds(self.pid)
        threads = [threading.Thread(target=drive, args=(client,)) for client in range(_CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return (cpu_seconds(self.pid) - before) / sum(probes) * 1e6


def command(peer: str) -> str | None:
    return next((found for name in COMMANDS[peer] if (found := shutil.which(name))), None)


@contextmanager
def prober(peer: str, directory: Path, upstream: Upstream, base_url: str | None = None) -> Iterator[Prober]:
    """Run a peer that is on the PATH, set up to find out whether an instance is connected."""
    file, port = directory / f"{peer}.yaml", free_port()
    file.write_text(_CONFIGURATIONS[peer].format(ca_file=upstream.ca_file))
    program = command(peer)
    assert program is not None
    address = f"127.0.0.1:{port}"
    arguments = [program, f"--config.file={file}", f"--web.listen-address={address}", "--log.level=error"]
    base = base_url or upstream.fast
    targets = tuple(
        f"{base}/instances/{instance_id(index)}/token/TOKEN{index:027d}/me" for index in range(1000)
    )
    with running(arguments) as process:
        started = Prober(process.pid, f"http://{address}", "me", targets)
        eventually(lambda: get(f"http://{address}/metrics") != "")
        answer = get(f"http://{address}/probe?module=me&target={quote(targets[0], safe='')}")
        assert "probe_success 1" in answer or "zapi_connected" in answer
        yield started


_CONFIGURATIONS: Final = {
    BLACKBOX: """
modules:
  me:
    prober: http
    http:
      fail_if_body_not_matches_regexp: ['"connected": ?true']
      preferred_ip_protocol: ip4
      headers: {{Client-Token: CLIENT-TOKEN}}
      tls_config: {{ca_file: '{ca_file}'}}
""",
    JSON: """
modules:
  me:
    http_client_config: {{tls_config: {{ca_file: '{ca_file}'}}}}
    headers: {{Client-Token: CLIENT-TOKEN}}
    metrics:
    - {{name: zapi_connected, path: '{{ .connected }}', help: connected}}
    - {{name: zapi_due, path: '{{ .due }}', help: due}}
    - {{name: zapi_call_reject_auto, path: '{{ .callRejectAuto }}', help: setting}}
    - {{name: zapi_auto_read_message, path: '{{ .autoReadMessage }}', help: setting}}
    - {{name: zapi_sent_by_me, path: '{{ .receiveCallbackSentByMe }}', help: setting}}
""",
}
