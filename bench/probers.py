"""The peers that make a new connection for each probe, and something that has them probe."""

import shutil
import subprocess
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
from harness.processes import eventually, free_port, get, running

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


def _program(peer: str) -> str:
    program = command(peer)
    assert program is not None, f"{peer} is not on the PATH"
    return program


def version(peer: str) -> str:
    """What the peer on the PATH says of itself, such as ``0.7.0``."""
    said = subprocess.run([_program(peer), "--version"], check=True, capture_output=True, text=True)
    return (said.stdout or said.stderr).split("version ", 1)[1].split()[0]


def configuration(peer: str, ca_file: Path) -> str:
    """YAML: the module ``me`` has it read a reply over TLS that ``ca_file`` vouches for."""
    return _CONFIGURATIONS[peer].replace("CA-FILE", str(ca_file))


@contextmanager
def prober(peer: str, directory: Path, upstream: Upstream, base_url: str | None = None) -> Iterator[Prober]:
    """Run a peer that is on the PATH, set up to read the reply of an instance."""
    file, port = directory / f"{peer}.yaml", free_port()
    file.write_text(configuration(peer, upstream.ca_file))
    address = f"127.0.0.1:{port}"
    arguments = [
        _program(peer),
        f"--config.file={file}",
        f"--web.listen-address={address}",
        "--log.level=error",
    ]
    base = base_url or upstream.fast
    targets = tuple(
        f"{base}/instances/{instance_id(index)}/token/TOKEN{index:027d}/me" for index in range(1000)
    )
    with running(arguments) as process:
        started = Prober(process.pid, f"http://{address}", "me", targets)
        eventually(lambda: get(f"http://{address}/metrics") != "")
        answer = get(f"http://{address}/probe?module=me&target={quote(targets[0], safe='')}")
        assert all(sample in answer for sample in _SAMPLES[peer]), answer
        yield started


_CONFIGURATIONS: Final = {
    BLACKBOX: """
modules:
  me:
    prober: http
    http:
      fail_if_body_not_matches_regexp: ['"connected": ?true']
      preferred_ip_protocol: ip4
      headers: {Client-Token: CLIENT-TOKEN}
      tls_config: {ca_file: 'CA-FILE'}
""",
    # A metric for each field that we read. A text can only be a label, here of a constant: that costs the peer
    # less than the form with `type: object`.
    JSON: """
modules:
  me:
    http_client_config: {tls_config: {ca_file: 'CA-FILE'}}
    headers: {Client-Token: CLIENT-TOKEN}
    metrics:
    - {name: zapi_connected, path: '{ .connected }', help: value}
    - {name: zapi_due, path: '{ .due }', help: value}
    - {name: zapi_call_reject_auto, path: '{ .callRejectAuto }', help: value}
    - {name: zapi_auto_read_message, path: '{ .autoReadMessage }', help: value}
    - {name: zapi_sent_by_me, path: '{ .receiveCallbackSentByMe }', help: value}
    - {name: zapi_name, path: '1', labels: {text: '{ .name }'}, help: text}
    - {name: zapi_created, path: '1', labels: {text: '{ .created }'}, help: text}
    - {name: zapi_payment_status, path: '1', labels: {text: '{ .paymentStatus }'}, help: text}
    - {name: zapi_connected_url, path: '1', labels: {text: '{ .connectedCallbackUrl }'}, help: text}
    - {name: zapi_delivery_url, path: '1', labels: {text: '{ .deliveryCallbackUrl }'}, help: text}
    - {name: zapi_disconnected_url, path: '1', labels: {text: '{ .disconnectedCallbackUrl }'}, help: text}
    - {name: zapi_message_status_url, path: '1', labels: {text: '{ .messageStatusCallbackUrl }'}, help: text}
    - {name: zapi_presence_chat_url, path: '1', labels: {text: '{ .presenceChatCallbackUrl }'}, help: text}
    - {name: zapi_received_url, path: '1', labels: {text: '{ .receivedCallbackUrl }'}, help: text}
    - {name: zapi_initial_data_url, path: '1', labels: {text: '{ .initialDataCallbackUrl }'}, help: text}
""",
}

_SAMPLES: Final = {
    BLACKBOX: ("probe_success 1",),
    JSON: (
        "zapi_connected 1",
        "zapi_due 1.893456e+12",
        'zapi_payment_status{text="PAID"} 1',
        "zapi_received_url{",
    ),
}
"""Parts of an answer that show that the reply was read."""
