"""The installed command behind a proxy of the environment."""

import ssl
import subprocess
import time
import urllib.request
from pathlib import Path

import trustme

from exporter.demo.instances import SimulatedInstance
from exporter.model.clock import SystemClock
from harness.processes import COMMAND, exporter, get
from harness.waiting import wait_until
from simulator.server import SimulatedZapi
from tests.system.faults.canaries import canary, environment, leaks
from tests.unit.zapi.proxying import proxying

CONFIG = """
api: {{base_url: '{url}', ca_file: ca.pem, timeout: {timeout}}}
polling: {{interval: 1h, stale_after: 2h, probe_max_age: 1ms}}
instances: [{{name: vendas, id: ID, token: T}}]
"""


def test_a_reload_leaves_no_old_tunnel(tmp_path: Path) -> None:
    """A reload leaves no old tunnel and nothing tells the proxy's password."""
    authority, now = trustme.CA(), time.time()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    file = tmp_path / "config.yaml"
    instance = SimulatedInstance(id="ID", token="T", due=now, created=now)
    with SimulatedZapi([instance], clock=SystemClock(), tls=tls) as zapi, proxying() as proxy:
        file.write_text(CONFIG.format(url=zapi.base_url, timeout="10s"))
        environ = {**environment(tmp_path / "home"), "https_proxy": proxy.url(f"user:{canary('proxy')}")}
        with exporter(tmp_path, f"--config.file={file}", "--log.level=debug", environ=environ) as running:
            said = [get(f"{running.url}/probe?name=vendas") for _ in range(2)]
            assert all('zapi_instance_up{name="vendas"} 1.0\n' in one for one in said)
            assert (len(proxy.heads), zapi.handshakes, proxy.open) == (1, 1, 1)
            file.write_text(CONFIG.format(url=zapi.base_url, timeout="9s"))
            request = urllib.request.Request(f"{running.url}/-/reload", method="POST")
            with urllib.request.urlopen(request, timeout=30):
                pass
            wait_until(lambda: proxy.open == 0)
            get(f"{running.url}/probe?name=vendas")
            assert len(proxy.heads) == 2
            pages = [(path, get(running.url + path).encode()) for path in ("/metrics", "/")]
        assert list(leaks([*pages, ("the log", running.log.read_bytes())])) == []


def test_a_proxy_of_another_protocol_ends_it_with_one_line(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("instances: [{name: vendas, id: ID, token: T}]\n")
    file.chmod(0o600)  # else a warning comes first
    environ = {
        **environment(tmp_path / "home"),
        "HTTPS_PROXY": f"socks5://user:{canary('proxy')}@127.0.0.1:1",
    }
    ended = subprocess.run(
        [COMMAND, f"--config.file={file}", "--web.listen-address=127.0.0.1:0"],
        env=environ,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == 1
    assert b"HTTPS_PROXY" in ended.stderr
    assert list(leaks([("stderr", ended.stderr), ("stdout", ended.stdout)])) == []
