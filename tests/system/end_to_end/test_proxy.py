"""The installed command behind a proxy of the environment."""

import re
import time
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from harness.processes import ended, exporter, get, post
from harness.waiting import wait_until
from simulator.config_file import write_config
from simulator.fleet import healthy_fleet
from tests.builders import a_config, an_instance, some_polling
from tests.system.faults.canaries import canary, environment, leaks
from tests.system.upstream import upstream
from tests.unit.zapi.proxying import proxying


def test_a_reload_leaves_no_old_tunnel_and_nothing_tells_the_password(tmp_path: Path) -> None:
    (member,) = healthy_fleet(1, time.time())
    polling = some_polling(3600.0, stale_after=7200.0, probe_max_age=0.001)
    with upstream(tmp_path, [member], polling, timeout=10.0) as served, proxying() as proxy:
        environ = {**environment(tmp_path / "home"), "https_proxy": proxy.url(f"user:{canary('proxy')}")}
        flags = (f"--config.file={served.file}", "--log.level=debug")
        with exporter(tmp_path, *flags, environ=environ) as running:
            probe = f"{running.url}/probe?name={quote(member.configured.name)}"
            assert all(re.search(r"^zapi_instance_up\{.+\} 1\.0$", get(probe), re.M) for _ in range(2))
            assert (len(proxy.heads), served.zapi.handshakes, proxy.open) == (1, 1, 1)
            served.write(replace(served.config, api=replace(served.config.api, timeout=9.0)))
            post(f"{running.url}/-/reload")
            wait_until(lambda: proxy.open == 0)
            get(probe)
            assert len(proxy.heads) == 2
            pages = [(path, get(running.url + path).encode()) for path in ("/metrics", "/")]
        assert list(leaks([*pages, ("the log", running.log.read_bytes())])) == []


def test_a_proxy_of_another_protocol_ends_it_with_one_line(tmp_path: Path) -> None:
    file, proxy = tmp_path / "config.yaml", f"socks5://user:{canary('proxy')}@127.0.0.1:1"
    write_config(a_config(an_instance(), base_url="https://zapi.example"), file)
    environ = {**environment(tmp_path / "home"), "HTTPS_PROXY": proxy}
    run = ended(f"--config.file={file}", "--web.listen-address=127.0.0.1:0", environ=environ)
    assert run.returncode == 1
    (line,) = run.stderr.splitlines()
    assert "HTTPS_PROXY" in line
    assert list(leaks([("stderr", line.encode()), ("stdout", run.stdout.encode())])) == []
