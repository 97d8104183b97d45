"""The installed command as one of several shards."""

import re
from pathlib import Path

from harness.processes import COMMAND, ended, exporter, get

NAME = re.compile(r'^zapi_instance_up\{.*\bname="([^"]*)"', re.MULTILINE)


def names_of(pod: int) -> list[str]:
    """The instances of a pod of a stateful set, which takes the shard from the end of its name."""
    script = f'exec {COMMAND} --demo=12 --once --shard="${{HOSTNAME##*-}}" --total-shards=3'
    environ = {"HOSTNAME": f"zapi-exporter-{pod}"}
    return NAME.findall(ended(program=("sh", "-c", script), environ=environ).stdout)


def test_the_shards_of_the_demo_poll_each_instance_once() -> None:
    shards = [names_of(pod) for pod in range(3)]
    names = [name for shard in shards for name in shard]
    assert all(shards)
    assert len(names) == len(set(names)) == 12


def test_an_empty_shard_is_ready_at_once_and_no_failure(tmp_path: Path) -> None:
    with exporter(tmp_path, "--demo=1", "--shard=7", "--total-shards=8") as running:
        assert "\nzapi_exporter_instances 0.0\n" in running.metrics()
        assert "zapi_instance_up{" not in running.metrics()
        assert get(f"{running.url}/sd") == "[]"
        assert "instances=0" in running.log.read_text()
        assert "shard=7 total_shards=8" in running.log.read_text()
    assert ended("--demo=1", "--shard=7", "--total-shards=8", "--once").returncode == 0
