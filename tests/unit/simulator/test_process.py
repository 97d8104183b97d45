"""``python -m simulator`` as its users start it."""

import contextlib
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import trustme
import yaml

pytestmark = pytest.mark.slow


@contextlib.contextmanager
def running(*flags: str) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """The process and the base URL it printed."""
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "simulator", *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stdout is not None
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


def ask(config: Path, number: int = 1) -> requests.Response:
    document = yaml.safe_load(config.read_text())
    instance = document["instances"][number]
    return requests.get(
        f"{document['api']['base_url']}/instances/{instance['id']}/token/{instance['token']}/me",
        headers={"Client-Token": document["api"]["client_token"]},
        verify=document["api"].get("ca_file"),
        timeout=60,
    )


def test_it_serves_over_tls_and_stops_quietly_when_told_to(tmp_path: Path) -> None:
    authority, config = trustme.CA(), tmp_path / "config.yaml"
    certificate = authority.issue_cert("127.0.0.1")
    written = {
        "ca": authority.cert_pem,
        "cert": certificate.cert_chain_pems[0],
        "key": certificate.private_key_pem,
    }
    for name, pem in written.items():
        pem.write_to_path(str(tmp_path / name))
    tls = [f"--tls-{name}={tmp_path / name}" for name in written]
    with running(*tls, f"--write-config={config}", "--healthy") as (process, url):
        assert url.startswith("https://")
        assert ask(config).status_code == 200
        process.send_signal(signal.SIGINT)
        _, complaints = process.communicate(timeout=60)
    assert (process.returncode, complaints) == (0, "")


def test_a_share_of_the_instances_can_have_a_fault(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    flags = ("--instances=4", "--healthy", "--fault=503 html", "--faulty=0.5")
    with running(*flags, f"--write-config={config}"):
        assert [ask(config, number).status_code for number in range(4)] == [200, 503, 200, 503]


@pytest.mark.parametrize(("flags", "status"), [((), 200), (("--list-fault=502 html",), 502)])
def test_a_partner_token_lists_the_instances(flags: tuple[str, ...], status: int) -> None:
    with running("--instances=5", "--partner-token=PARTNER", *flags) as (_, url):
        headers = {"Authorization": "Bearer PARTNER"}
        answer = requests.get(f"{url}/instances?page=2&pageSize=3", headers=headers, timeout=60)
        assert answer.status_code == status
        if status == 200:
            assert (answer.json()["total"], len(answer.json()["content"])) == (5, 2)
        assert requests.get(f"{url}/instances?page=1", timeout=60).status_code == 401
