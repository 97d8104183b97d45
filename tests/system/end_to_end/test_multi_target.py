"""The examples of docs/multi-target.md with real Prometheus servers."""

import contextlib
import subprocess
from pathlib import Path
from typing import Final

import pytest

from harness.processes import Exporter, Prometheus, eventually, exporter, prometheus

EXAMPLES: Final = Path(__file__).parents[3] / "examples" / "multi-target"
INSTANCES: Final = 24


def example(name: str, *exporters: Exporter) -> str:
    """An example with real addresses, in a hurry."""
    text = (EXAMPLES / name).read_text()
    for port, running in enumerate(exporters, 10917):
        assert f"localhost:{port}" in text
        text = text.replace(f"localhost:{port}", running.url.removeprefix("http://"))
    return text.replace("scrape_interval: 1m", "scrape_interval: 2s").replace("timeout: 15s", "timeout: 2s")


def demo(folder: Path, *arguments: str) -> contextlib.AbstractContextManager[Exporter]:
    folder.mkdir()
    return exporter(folder, f"--demo={INSTANCES}", *arguments)


def server(folder: Path, config: str) -> contextlib.AbstractContextManager[Prometheus]:
    folder.mkdir()
    return prometheus(folder, config)


def seen(running: Prometheus) -> dict[str, float]:
    """How many series each instance has."""
    found = running.query("count by (name) (zapi_instance_polls_total)")
    return {dict(labels)["name"]: value for labels, value in found.items()}


@pytest.mark.needs("promtool")
@pytest.mark.parametrize("file", sorted(EXAMPLES.iterdir()), ids=lambda file: str(file.name))
def test_promtool_accepts_the_examples(file: Path) -> None:
    subprocess.run(["promtool", "check", "config", str(file)], check=True, capture_output=True)


@pytest.mark.needs("prometheus")
def test_two_servers_share_the_instances_of_one_exporter(tmp_path: Path) -> None:
    with (
        demo(tmp_path / "exporter") as running,
        server(tmp_path / "0", example("hashmod-0.yaml", running)) as first,
        server(tmp_path / "1", example("hashmod-1.yaml", running)) as second,
    ):
        eventually(lambda: len(seen(first)) + len(seen(second)) == INSTANCES)
        assert seen(first)
        assert seen(second)
        assert seen(first).keys().isdisjoint(seen(second))
        assert {*seen(first).values(), *seen(second).values()} == {1}
        eventually(lambda: first.values("zapi_exporter_instances") == [INSTANCES])
        names = first.query('zapi_instance_polls_total{instance!~".+:[0-9]+"}')
        assert all(dict(labels)["instance"] == dict(labels)["name"] for labels in names)


@pytest.mark.needs("prometheus")
def test_one_server_sees_the_instances_of_three_shards(tmp_path: Path) -> None:
    with contextlib.ExitStack() as processes:
        exporters = [
            processes.enter_context(demo(tmp_path / str(i), f"--shard={i}", "--total-shards=3"))
            for i in range(3)
        ]
        real = processes.enter_context(server(tmp_path / "p", example("shards.yaml", *exporters)))
        eventually(lambda: len(seen(real)) == INSTANCES)
        assert set(seen(real).values()) == {1}
        assert real.values("sum(zapi_exporter_instances)") == [INSTANCES]
        assert len(real.values("zapi_exporter_instances")) == 3
