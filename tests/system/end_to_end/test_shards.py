"""The installed command as one of several shards."""

import re
import subprocess
from pathlib import Path

import pytest

from harness.processes import COMMAND, exporter, get

NAME = re.compile(r'^zapi_instance_up\{.*\bname="([^"]*)"', re.MULTILINE)


def once(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([COMMAND, *arguments, "--once"], capture_output=True, text=True, check=False)


def test_the_shards_of_the_demo_poll_each_instance_once() -> None:
    shards = [NAME.findall(once("--demo=12", f"--shard={i}", "--total-shards=3").stdout) for i in range(3)]
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
    assert once("--demo=1", "--shard=7", "--total-shards=8").returncode == 0


def test_a_stateful_set_gives_the_shard_by_the_end_of_the_pods_name() -> None:
    script = f'exec {COMMAND} --demo=12 --once --shard="${{HOSTNAME##*-}}" --total-shards=3'
    pod = subprocess.run(
        ["sh", "-c", script],
        env={"HOSTNAME": "zapi-exporter-2"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert NAME.findall(pod.stdout)
    assert NAME.findall(pod.stdout) == NAME.findall(once("--demo=12", "--shard=2", "--total-shards=3").stdout)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--shard=1"], "--shard=1 is not below --total-shards=1"),
        (["--shard=3", "--total-shards=3"], "--shard=3 is not below --total-shards=3"),
        (["--shard=-1"], "argument --shard: '-1' is not a shard"),
        (["--shard=zapi-0"], "argument --shard: 'zapi-0' is not a shard"),
        (["--shard="], "argument --shard: '' is not a shard"),
        (["--total-shards=0"], "argument --total-shards: '0' is not a number of shards"),
        (["--total-shards=1.5"], "argument --total-shards: '1.5' is not a number of shards"),
        (["--total-shards=²"], "argument --total-shards: '²' is not a number of shards"),
        (["--total-shards=" + "9" * 5000], "is not a number of shards"),
    ],
)
def test_a_shard_that_cannot_be_is_wrong_usage_said_in_one_line(arguments: list[str], says: str) -> None:
    run = once("--demo", *arguments)
    assert run.returncode == 2
    assert says in run.stderr
    assert len(run.stderr.splitlines()) == 1
