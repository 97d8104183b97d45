"""The textfile recipe, run as it is printed, with a real node_exporter."""

import os
import subprocess
from pathlib import Path

import pytest

from exporter.demo.scenario import build_scenario
from exporter.demo.server import SimulatedZapi
from exporter.demo.setup import demo_config, write_config
from exporter.model.clock import SystemClock
from harness.ports import own_address
from harness.processes import COMMAND, eventually, get, running
from tests.shipped.docs.documents import ROOT, snippets


@pytest.mark.needs("prometheus-node-exporter")
def test_node_exporter_exposes_what_once_printed_beside_its_own_metrics(tmp_path: Path) -> None:
    (script,) = (
        snippet.text
        for snippet in snippets("sh")
        if snippet.file == ROOT / "docs" / "recipes.md" and snippet.text.startswith("#!/bin/sh")
    )
    script = script.replace("/var/lib/prometheus/node-exporter", str(tmp_path))
    script = script.replace("/etc/zapi-exporter/config.yaml", str(tmp_path / "config.yaml"))
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
