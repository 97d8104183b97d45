"""Starts the installed command and the real programs beside it, each on a loopback port of its own."""

import json
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from harness.ports import own_address
from harness.waiting import wait_until

COMMAND: Final = str(Path(sys.executable).with_name("zapi-exporter"))
"""The installed exporter."""

_LISTENING: Final = re.compile(r"listening\W+address\W+?(\[?[0-9a-f.:]+\]?:[0-9]+)\W+scheme\W+(https?)")
"""The line that tells the address, in both formats of the log."""

PATIENCE: Final = 600.0
"""Seconds that a process may take to start, or a browser to do one thing, on a busy machine."""


@dataclass(frozen=True, slots=True)
class Exporter:
    """The installed command, running. ``log`` is where its stderr goes, ``output`` where its stdout goes."""

    process: "subprocess.Popen[bytes]"
    url: str
    log: Path
    output: Path

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        host, _, port = self.url.rpartition("/")[2].rpartition(":")
        return host, int(port)

    def metrics(self) -> str:
        return get(f"{self.url}/metrics")


@dataclass(frozen=True, slots=True)
class Prometheus:
    """A real Prometheus, running."""

    process: "subprocess.Popen[bytes]"
    url: str

    def query(self, expression: str) -> dict[frozenset[tuple[str, str]], float]:
        """What an instant query gives: labels → value."""
        return {
            frozenset(result["metric"].items()): float(result["value"][1])
            for result in self._ask("query", query=expression)["result"]
        }

    def history(self, expression: str, seconds: int) -> list[dict[str, str]]:
        """The labels of each series that a range query over the last ``seconds`` gives, one value a second."""
        now = time.time()
        answer = self._ask("query_range", query=expression, start=now - seconds, end=now, step=1)
        return [result["metric"] for result in answer["result"]]

    def label_names(self, selector: str) -> list[str]:
        """The labels that series of the selector have."""
        return list(self._ask("labels", **{"match[]": selector}))

    def label_values(self, selector: str, label: str) -> list[str]:
        """The values that the label has in series of the selector."""
        return list(self._ask(f"label/{label}/values", **{"match[]": selector}))

    def values(self, expression: str) -> list[float]:
        """The values alone, sorted."""
        return sorted(self.query(expression).values())

    def _ask(self, path: str, **parameters: str | float) -> Any:
        return json.loads(get(f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"))["data"]


@contextmanager
def exporter(
    directory: Path,
    *arguments: str,
    environ: Mapping[str, str] | None = None,
    ready: bool = True,
    program: Sequence[Path | str] = (COMMAND,),
    address: str = "127.0.0.1:0",
) -> Iterator[Exporter]:
    """Run the command with ``arguments`` on a free port; it listens, and every instance was polled if ``ready``.

    ``program`` is the command, or another one that runs it.
    """
    log, output = directory / "exporter.log", directory / "exporter.out"
    command = [*map(str, program), f"--web.listen-address={address}", *arguments]
    with (
        log.open("wb") as stderr,
        output.open("wb") as stdout,
        running(command, stdout=stdout, stderr=stderr, environ=environ) as process,
    ):
        started = Exporter(process, _await_url(process, log), log, output)
        if ready:
            eventually(lambda: get(f"{started.url}/-/ready") != "")
        yield started


@contextmanager
def prometheus(directory: Path, config: str, *arguments: str) -> Iterator[Prometheus]:
    """Run Prometheus with the text of a configuration; relative paths in it start at ``directory``."""
    address = own_address()
    with running(prometheus_command(directory, config, address, *arguments)) as process:
        started = Prometheus(process, f"http://{address}")
        _await_ready(process, started.url)
        yield started


@contextmanager
def alertmanager(directory: Path, config: str) -> Iterator[str]:
    """Run Alertmanager with the text of a configuration, and give its URL."""
    address = own_address()
    with running(alertmanager_command(directory, config, address)) as process:
        url = f"http://{address}"
        _await_ready(process, url)
        yield url


def prometheus_command(directory: Path, config: str, address: str, *arguments: str) -> list[str]:
    """What runs Prometheus with the text of a configuration, which is written to ``directory``."""
    file = directory / "prometheus.yaml"
    file.write_text(config)
    return [
        "prometheus",
        f"--config.file={file}",
        f"--storage.tsdb.path={directory / 'prometheus-data'}",
        f"--web.listen-address={address}",
        "--log.level=warn",
        *arguments,
    ]


def alertmanager_command(directory: Path, config: str, address: str) -> list[str]:
    """What runs Alertmanager with the text of a configuration, which is written to ``directory``."""
    file = directory / "alertmanager.yaml"
    file.write_text(config)
    return [
        "prometheus-alertmanager",
        f"--config.file={file}",
        f"--storage.path={directory / 'alertmanager-data'}",
        f"--web.listen-address={address}",
        "--cluster.listen-address=",
        "--log.level=warn",
    ]


@contextmanager
def running(
    command: Sequence[str],
    *,
    stdout: Any = None,
    stderr: Any = None,
    environ: Mapping[str, str] | None = None,
) -> Iterator["subprocess.Popen[bytes]"]:
    """A process that is gone afterwards, whatever happened."""
    process = subprocess.Popen(command, stdout=stdout, stderr=stderr, env=environ)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def ended(
    *arguments: str, program: Sequence[Path | str] = (COMMAND,), environ: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """The command, or a ``program`` that runs it, at its end, whatever its status; what it printed was captured."""
    command = [*map(str, program), *arguments]
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=PATIENCE, check=False)


def child_of(pid: int) -> int:
    """The only child of a process, once there is one."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    wait_until(lambda: children.read_text() != "", PATIENCE)
    return int(children.read_text())


def eventually(look: Callable[[], bool], patience: float = PATIENCE) -> None:
    """Wait until it is true, of something that may not be reachable yet."""

    def seen() -> bool:
        try:
            return look()
        except OSError:
            return False

    wait_until(seen, patience, pause=0.1)


def get(url: str) -> str:
    """The body of a successful answer; anything else raises :class:`OSError`."""
    with urllib.request.urlopen(url, timeout=60) as answer:
        return str(answer.read().decode())


def post(url: str, body: Any = None) -> str:
    """The body of a successful answer to a POST, which carries ``body`` as JSON; anything else raises OSError."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method="POST")
    with urllib.request.urlopen(request, timeout=60) as answer:
        return str(answer.read().decode())


def write_at_once(file: Path, text: str) -> None:
    """Replace the content of a file; whoever reads meanwhile sees the old one or the new."""
    draft = file.with_suffix(".new")
    draft.write_text(text)
    draft.replace(file)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on, for programs that cannot say which one they were given."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _await_ready(process: "subprocess.Popen[bytes]", url: str) -> None:
    def is_ready() -> bool:
        assert process.poll() is None, f"{process.args!r} ended at once; what it said stands above"
        return get(f"{url}/-/ready") != ""

    eventually(is_ready)


def _await_url(process: "subprocess.Popen[bytes]", log: Path) -> str:
    found: list[tuple[str, str]] = []

    def listening() -> bool:
        assert process.poll() is None, log.read_text()
        found.extend(_LISTENING.findall(log.read_text()))
        return bool(found)

    wait_until(listening, PATIENCE)
    address, scheme = found[0]
    return f"{scheme}://{address}"
