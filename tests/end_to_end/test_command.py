"""The installed command against the simulated Z-API over TLS, scraped by a real Prometheus."""

import json
import signal
import socket
import ssl
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme

from exporter.clock import SystemClock
from exporter.demo.scenario import Role, cast
from exporter.demo.server import SimulatedZapi
from exporter.demo.setup import demo_config, write_config
from tests.waiting import wait_until

COMMAND = [str(Path(sys.executable).with_name("zapi-exporter"))]


def eventually(look: Callable[[], bool]) -> None:
    """Wait until it is true, of something that may not be reachable yet."""

    def seen() -> bool:
        try:
            return look()
        except OSError:
            return False

    wait_until(seen, patience=60.0)


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return str(answer.read().decode())


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture
def zapi(tmp_path: Path) -> Iterator[SimulatedZapi]:
    ca = trustme.CA()
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1").configure_cert(tls)
    clock = SystemClock()
    members = [member for member in cast(40, clock.time()) if member.role is Role.HEALTHY][:5]
    with SimulatedZapi([member.simulated for member in members], clock=clock, tls=tls) as simulated:
        config = demo_config(members, simulated.base_url, ca_file=tmp_path / "ca.pem")
        write_config(config, tmp_path / "config.yaml")
        yield simulated


@pytest.fixture
def exporter(zapi: SimulatedZapi, tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    port = free_port()
    arguments = [f"--config.file={tmp_path / 'config.yaml'}", "--web.listen-address", f"127.0.0.1:{port}"]
    process = subprocess.Popen([*COMMAND, *arguments], stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        eventually(lambda: "polled" in get(f"{url}/-/ready"))
        yield process, url
    finally:
        process.kill()
        process.wait()


def test_a_real_prometheus_scrapes_right_values(
    exporter: tuple[subprocess.Popen[bytes], str], tmp_path: Path
) -> None:
    _, url = exporter
    target, port = url.removeprefix("http://"), free_port()
    (tmp_path / "prometheus.yaml").write_text(
        "scrape_configs:\n  - job_name: zapi\n    scrape_interval: 1s\n"
        f"    static_configs: [{{targets: ['{target}']}}]\n"
    )
    prometheus = subprocess.Popen(
        [
            "prometheus",
            f"--config.file={tmp_path / 'prometheus.yaml'}",
            f"--storage.tsdb.path={tmp_path / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--log.level=warn",
        ],
    )

    def query(expression: str) -> list[str]:
        parameters = urllib.parse.urlencode({"query": expression})
        answer = json.loads(get(f"http://127.0.0.1:{port}/api/v1/query?{parameters}"))
        return [result["value"][1] for result in answer["data"]["result"]]

    try:
        eventually(lambda: query("sum(zapi_instance_connected)") == ["5"])
        assert query("count(zapi_instance_up == 1)") == ["5"]
        assert query("zapi_exporter_instances") == ["5"]
        assert query("count(zapi_instance_until_due_seconds > 0)") == ["5"]
    finally:
        prometheus.kill()
        prometheus.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_status_0(
    exporter: tuple[subprocess.Popen[bytes], str], number: signal.Signals
) -> None:
    process, _ = exporter
    process.send_signal(number)
    assert process.wait(timeout=5) == 0


def test_what_is_exposed_passes_promtool(exporter: tuple[subprocess.Popen[bytes], str]) -> None:
    _, url = exporter
    checked = subprocess.run(
        ["promtool", "check", "metrics"],
        input=get(f"{url}/metrics"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (checked.returncode, checked.stderr) == (0, "")


def test_once_prints_the_exposition_and_its_status_tells_of_failures(
    zapi: SimulatedZapi, tmp_path: Path
) -> None:
    arguments = [*COMMAND, f"--config.file={tmp_path / 'config.yaml'}", "--once"]
    run = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert run.returncode == 0
    assert run.stdout.count("\nzapi_instance_connected{") == 5
    demo = subprocess.run([*COMMAND, "--demo", "--once"], capture_output=True, text=True, check=False)
    assert demo.returncode == 2


def test_check_lists_every_problem(tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("instances:\n  - {name: a, id: 1, token: x}\n  - {nmae: b, id: B, token: x}\n")
    run = subprocess.run(
        [*COMMAND, f"--config.file={file}", "--config.check"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 1
    assert len([line for line in run.stderr.splitlines() if line.startswith(f"{file}:")]) == 3


def test_an_address_in_use_is_one_clear_line(
    exporter: tuple[subprocess.Popen[bytes], str], tmp_path: Path
) -> None:
    _, url = exporter
    arguments = ["--demo=1", f"--web.listen-address={url.removeprefix('http://')}"]
    run = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert len(run.stderr.splitlines()) == 1


def test_wrong_usage_is_status_2() -> None:
    assert subprocess.run([*COMMAND, "--demo=x"], capture_output=True, check=False).returncode == 2


@pytest.mark.parametrize(("mode", "warned"), [(0o600, False), (0o644, True)])
def test_a_configuration_that_everyone_can_read_is_warned_of(
    zapi: SimulatedZapi, tmp_path: Path, mode: int, warned: bool
) -> None:
    file = tmp_path / "config.yaml"
    file.chmod(mode)
    run = subprocess.run(
        [*COMMAND, f"--config.file={file}", "--once"], capture_output=True, text=True, check=False
    )
    assert ("chmod o-r" in run.stderr) is warned
