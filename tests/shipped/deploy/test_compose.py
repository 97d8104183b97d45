"""``docker compose up``: what can be known of it without an engine and without a registry."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from exporter import flags
from tests.shipped.prometheus.tools import ALERTMANAGER, PROMETHEUS, ROOT, RULES, promtool

COMPOSE: Final = ROOT / "compose.yaml"
EXAMPLES: Final = ROOT / "examples" / "compose"
OVERRIDE: Final = EXAMPLES / "compose.override.yaml"
BIN: Final = Path(sys.executable).parent


def services(file: Path = COMPOSE) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(file.read_text())
    found: dict[str, Any] = document["services"]
    return found


def mounts(service: dict[str, Any]) -> list[tuple[str, str]]:
    """Host path and container path of what a service mounts, named volumes left out."""
    triples = (volume.split(":") for volume in service.get("volumes", ()))
    return [(host, inside) for host, inside, *_ in triples if host.startswith("./")]


@pytest.mark.slow
def test_both_files_keep_to_the_compose_specification() -> None:
    command = [str(BIN / "check-jsonschema"), "--builtin-schema", "vendor.compose-spec"]
    checked = subprocess.run(
        [*command, str(COMPOSE), str(OVERRIDE)], capture_output=True, text=True, check=False
    )

    assert checked.returncode == 0, checked.stdout


@pytest.mark.installs
def test_your_own_instances_take_the_place_of_the_demo(tmp_path: Path) -> None:
    """Podman compose understands it and your own instances take the place of the demo."""
    for file in (COMPOSE, OVERRIDE):
        shutil.copy(file, tmp_path)
    (tmp_path / "zapi.env").touch()
    # It asks podman for its version first. To read a file is all that is wanted of it here.
    podman = tmp_path / "podman"
    podman.write_text("#!/bin/sh\necho podman version 5.0.0\n")
    podman.chmod(0o755)

    read = subprocess.run(
        [BIN / "podman-compose", "config"],
        cwd=tmp_path,
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert read.returncode == 0, read.stderr
    merged = yaml.safe_load(read.stdout)["services"]
    assert merged.keys() == services().keys()
    assert merged["exporter"]["command"] == ["--config.file=/etc/zapi-exporter/config.yaml"]
    assert "./config.yaml:/etc/zapi-exporter/config.yaml:ro" in merged["exporter"]["volumes"]


def test_everything_it_mounts_is_in_the_repository_and_read_only() -> None:
    for service in services().values():
        for host, _ in mounts(service):
            assert (ROOT / host).exists(), host
        assert all(volume.endswith(":ro") for volume in service.get("volumes", ()) if volume.startswith("."))


def test_images_are_pinned_and_ports_are_of_this_machine() -> None:
    for name, service in services().items():
        assert ("build" in service) == (name == "exporter")
        assert "build" in service or re.fullmatch(r"docker\.io/[\w/]+:v?\d+\.\d+\.\d+", service["image"])
        assert all(port.startswith("127.0.0.1:") for port in service["ports"])


def test_the_exporter_takes_its_command_and_listens_where_the_image_says() -> None:
    assert flags.parse(services()["exporter"]["command"]).demo is not None
    assert flags.parse(services(OVERRIDE)["exporter"]["command"]).config_file == Path(
        dict(mounts(services(OVERRIDE)["exporter"]))["./config.yaml"]
    )
    assert "EXPOSE 10917" in (ROOT / "Dockerfile").read_text()


def test_prometheus_is_the_shipped_one_with_the_addresses_of_the_services() -> None:
    there = yaml.safe_load((EXAMPLES / "prometheus.yaml").read_text())
    shipped = yaml.safe_load((PROMETHEUS / "prometheus.yaml").read_text())

    assert there["scrape_configs"][0].pop("static_configs") == [{"targets": ["exporter:10917"]}]
    assert there.pop("alerting")["alertmanagers"] == [
        {"static_configs": [{"targets": ["alertmanager:9093"]}]}
    ]
    shipped["scrape_configs"][0].pop("static_configs")
    shipped.pop("alerting")
    assert there == shipped
    datasources = ROOT / "grafana" / "provisioning" / "datasources" / "prometheus.yaml"
    assert yaml.safe_load(datasources.read_text())["datasources"][0]["url"] == "http://prometheus:9090"


@pytest.mark.needs("promtool")
def test_prometheus_finds_the_rules_where_they_are_mounted(tmp_path: Path) -> None:
    places = {inside: ROOT / host for host, inside in mounts(services()["prometheus"])}
    assert places["/etc/prometheus/rules"] == RULES
    for inside, host in places.items():
        place = tmp_path / inside.removeprefix("/etc/prometheus/")
        (shutil.copytree if host.is_dir() else shutil.copy)(host, place)

    checked = promtool("check", "config", tmp_path / "prometheus.yaml")

    assert checked.succeeded, checked.output
    assert f"SUCCESS: {len(list(RULES.glob('*.yaml')))} rule files found" in checked.output


def test_alertmanager_and_grafana_read_what_is_shipped() -> None:
    assert dict(mounts(services()["alertmanager"])) == {f"./{ALERTMANAGER.name}": "/etc/alertmanager"}
    [provisioned] = (ROOT / "grafana" / "provisioning" / "dashboards").glob("*.yaml")
    providers = yaml.safe_load(provisioned.read_text())["providers"]
    [where] = {str(Path(provider["options"]["path"]).parent) for provider in providers}
    assert dict(mounts(services()["grafana"])) == {
        "./grafana/provisioning": "/etc/grafana/provisioning",
        "./grafana/dashboards": where,
    }
