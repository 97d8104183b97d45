"""The textfile recipe, run as it is printed, with a real node_exporter."""

import fcntl
import os
import subprocess
from pathlib import Path

import pytest

from exporter.demo.scenario import build_scenario, demo_config
from exporter.model.clock import SystemClock
from harness.ports import own_address
from harness.processes import COMMAND, eventually, get, running
from simulator.config_file import write_config
from simulator.server import SimulatedZapi
from tests.shipped.docs.documents import ROOT, snippets


def textfile_script(directory: Path) -> str:
    """The script of the recipe, with its places in ``directory``."""
    (script,) = (
        snippet.text
        for snippet in snippets("sh")
        if snippet.file == ROOT / "docs" / "recipes.md" and snippet.text.startswith("#!/bin/sh")
    )
    script = script.replace("/var/lib/prometheus/node-exporter", str(directory))
    return script.replace("/etc/zapi-exporter/config.yaml", str(directory / "config.yaml"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("end", "kept"), [("exit 0", "new"), ("exit 2", "new"), ("exit 1", "old"), ("kill -9 $$", "old")]
)
def test_only_a_complete_file_takes_the_place_of_the_last(tmp_path: Path, end: str, kept: str) -> None:
    _stand_in(tmp_path, f"echo new; {end}")
    (tmp_path / "zapi.prom").write_text("old\n")
    _run_script(tmp_path)
    assert (tmp_path / "zapi.prom").read_text() == f"{kept}\n"
    assert {file.name for file in tmp_path.iterdir()} == {"zapi.prom", "zapi.lock", "bin"}


@pytest.mark.slow
def test_a_run_does_not_overlap_the_one_before(tmp_path: Path) -> None:
    _stand_in(tmp_path, "echo new")
    with (tmp_path / "zapi.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _run_script(tmp_path)
        assert not (tmp_path / "zapi.prom").exists()
    _run_script(tmp_path)
    assert (tmp_path / "zapi.prom").exists()


def _stand_in(directory: Path, script: str) -> None:
    """A command of the same name that ends as it is told."""
    (directory / "bin").mkdir()
    command = directory / "bin" / "zapi-exporter"
    command.write_text(f"#!/bin/sh\n{script}\n")
    command.chmod(0o755)


def _run_script(directory: Path) -> None:
    path = f"{directory / 'bin'}:{os.environ['PATH']}"
    subprocess.run(["sh", "-c", textfile_script(directory)], check=False, env={**os.environ, "PATH": path})


@pytest.mark.needs("prometheus-node-exporter")
def test_node_exporter_exposes_what_once_printed_beside_its_own_metrics(tmp_path: Path) -> None:
    script = textfile_script(tmp_path)
    members = build_scenario(4, SystemClock().time())
    with SimulatedZapi([member.simulated for member in members], clock=SystemClock()) as zapi:
        write_config(demo_config(members, zapi.base_url), tmp_path / "config.yaml")
        path = f"{Path(COMMAND).parent}:{os.environ['PATH']}"
        subprocess.run(["sh", "-c", script], check=True, env={**os.environ, "PATH": path})
    address, log = own_address(), tmp_path / "node-exporter.log"
    command = [
        "prometheus-node-exporter",
        f"--web.listen-address={address}",
        "--collector.disable-defaults",
        "--collector.textfile",
        f"--collector.textfile.directory={tmp_path}",
    ]
    with log.open("wb") as stderr, running(command, stderr=stderr):
        url = f"http://{address}/metrics"
        eventually(lambda: "zapi_instance_connected{" in get(url))
        assert "node_textfile_scrape_error 0" in get(url)
        assert "\nprocess_cpu_seconds_total " in get(url)
        assert "collected" not in log.read_text()
