"""The installed command with accounts: the partner's list is served on a real socket."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.demo.faults import html_error
from exporter.model.clock import SystemClock
from harness.processes import ended, exporter, get
from harness.waiting import wait_until
from simulator.server import SimulatedZapi
from tests.unit.discovery.rig import NAMES, PARTNER, listing, simulated

DOWN = {None: html_error(503)}


@pytest.fixture
def zapi() -> Iterator[SimulatedZapi]:
    with SimulatedZapi(map(simulated, NAMES), clock=SystemClock()) as server:
        server.set_account(listing(*NAMES))
        yield server


@pytest.fixture
def config(zapi: SimulatedZapi, tmp_path: Path) -> Path:
    (tmp_path / "partner").write_text(PARTNER)
    file = tmp_path / "config.yaml"
    file.write_text(
        f"api: {{base_url: '{zapi.base_url}', timeout: 5s}}\n"
        "polling: {interval: 1s}\n"
        "accounts: [{name: matriz, partner_token_file: partner, refresh: 1s}]\n"
    )
    file.chmod(0o600)
    (tmp_path / "partner").chmod(0o600)
    return file


def run(config: Path, *flags: str) -> "subprocess.CompletedProcess[str]":
    return ended(f"--config.file={config}", *flags)


def test_once_polls_what_the_list_says(config: Path) -> None:
    ran = run(config, "--once")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.count("\nzapi_instance_up{") == 3
    assert '\nzapi_exporter_instance_source_up{source="account:matriz"} 1.0\n' in ran.stdout


def test_once_fails_where_the_list_does(config: Path, zapi: SimulatedZapi) -> None:
    zapi.set_account(listing(*NAMES, faults=DOWN))
    ran = run(config, "--once")
    assert ran.returncode == 2
    assert '\nzapi_exporter_instance_source_up{source="account:matriz"} 0.0\n' in ran.stdout
    assert "Z-API failed to answer (HTTP 503)" in ran.stderr


def test_a_cache_directory_that_cannot_be_used_is_told_at_start(config: Path) -> None:
    ran = run(config, "--once", f"--accounts.cache-directory={config}")
    assert ran.returncode == 0
    assert ran.stderr.count("lists of accounts cannot be cached; give --accounts.cache-directory") == 1


def test_a_check_asks_for_no_list_unless_told_to(config: Path, zapi: SimulatedZapi) -> None:
    ran = run(config, "--config.check")
    assert (ran.returncode, ran.stdout) == (0, f"{config}: valid, 0 instances and 1 account\n")
    assert zapi.list_requests == ()


def test_a_check_with_accounts_prints_what_would_be_polled(config: Path, zapi: SimulatedZapi) -> None:
    zapi.update("ID-vendas", name="Loja\n\x1b[31m")
    config.write_text(f"{config.read_text()}instances: [{{name: a minha, id: ID-suporte, token: X}}]\n")
    ran = run(config, "--config.check", "--accounts")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[1:] == [
        "NAME                  ID             SOURCE",
        "a minha               ID-suporte     config",
        "Loja\\u000a\\u001b[31m  ID-vendas      account:matriz",
        "financeiro            ID-financeiro  account:matriz",
    ]
    assert "CANARY" not in ran.stdout + ran.stderr


def test_a_check_with_accounts_fails_where_a_list_does(config: Path, zapi: SimulatedZapi) -> None:
    zapi.set_account(listing(*NAMES, faults=DOWN))
    ran = run(config, "--config.check", "--accounts")
    assert ran.returncode == 1
    told = 'the list of the account "matriz" cannot be read: Z-API failed to answer (HTTP 503)'
    assert (ran.stdout.count("\n"), ran.stderr) == (1, f"{told}\n")
    config.write_text(f"{config.read_text()}instances: [{{name: a minha, id: ID-suporte, token: X}}]\n")
    ran = run(config, "--config.check", "--accounts")
    assert (ran.stdout.count("\n"), ran.stderr) == (
        3,
        f"{told}; none of its instances is in the table\n",
    )


def test_listed_instances_are_served_and_no_partner_token_is_told(
    config: Path, zapi: SimulatedZapi, tmp_path: Path
) -> None:
    with exporter(tmp_path, f"--config.file={config}", "--log.level=debug") as running:
        wait_until(lambda: running.metrics().count("\nzapi_instance_up{") == 3)
        groups = json.loads(get(f"{running.url}/sd"))
        assert sorted(group["labels"]["instance"] for group in groups) == sorted(NAMES)
        assert 'zapi_instance_up{name="vendas"} 1.0' in get(f"{running.url}/probe?name=vendas")
        zapi.set_account(listing(*NAMES, faults=DOWN))
        wait_until(lambda: 'source_up{source="account:matriz"} 0.0' in running.metrics())
        shown = running.metrics() + get(running.url) + running.log.read_text()
        assert "CANARY" not in shown
        assert shown.count("\nzapi_instance_up{") == 3
