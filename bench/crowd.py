"""Many clients that scrape at once, each again as soon as it was answered, as a badly set up Prometheus might."""

import http.client
import threading
import time
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from bench.instances import write_config
from bench.results import Crowd
from bench.upstream import Upstream
from harness.processes import exporter

CLIENTS: Final = 50
INSTANCES: Final = 1000
_HEADERS: Final = {"Accept-Encoding": "gzip", "Accept": "application/openmetrics-text;version=1.0.0"}


def measure(directory: Path, upstream: Upstream, seconds: float) -> Crowd:
    file = directory / "crowd.yaml"
    write_config(file, INSTANCES, upstream.fast, upstream.ca_file, "15s", 32)
    waits: list[float] = []
    with exporter(directory, f"--config.file={file}") as ours:
        end = time.monotonic() + seconds
        clients = [
            threading.Thread(target=_scrape_until, args=(end, ours.url, waits)) for _ in range(CLIENTS)
        ]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
    waits.sort()
    return Crowd(CLIENTS, INSTANCES, len(waits), waits[len(waits) // 2], waits[int(len(waits) * 0.99)])


def _scrape_until(end: float, url: str, waits: list[float]) -> None:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    while (began := time.monotonic()) < end:
        connection.request("GET", "/metrics", headers=_HEADERS)
        answer = connection.getresponse()
        assert answer.status == 200
        assert answer.read()
        waits.append(time.monotonic() - began)
    connection.close()
