"""nginx in the place of Z-API: it answers any instance over TLS for a fraction of what a poll costs."""

import json
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import trustme

from bench.instances import ME
from harness.processes import eventually, free_port, running

LATENCY: Final = 0.1
"""Seconds that the slow server waits before it answers."""

_NGINX: Final = shutil.which("nginx") or "/usr/sbin/nginx"
_ME_PATH: Final = "location ~ ^/instances/(?<id>[^/]+)/token/[^/]+/me$"


@dataclass(frozen=True, slots=True)
class Upstream:
    """Base URLs of three servers: one that answers at once, one that waits, and one that keeps no connection."""

    fast: str
    slow: str
    closing: str
    status: str
    ca_file: Path

    def connections(self) -> int:
        """How many connections were ever accepted, this question's own included."""
        with urllib.request.urlopen(self.status) as answer:
            return int(answer.read().split()[7])


@contextmanager
def upstream(directory: Path) -> Iterator[Upstream]:
    """Run it with its files in ``directory``."""
    authority = trustme.CA()
    ca_file, key = directory / "ca.pem", directory / "server.pem"
    authority.cert_pem.write_to_path(ca_file)
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(key)
    (directory / "users").touch()
    fast, slow, closing, status = (free_port() for _ in range(4))
    configuration = directory / "nginx.conf"
    configuration.write_text(_configuration(directory, key, fast, slow, closing, status))
    url = "https://127.0.0.1:"
    with running([_NGINX, "-p", str(directory), "-c", str(configuration)], stderr=subprocess.DEVNULL):
        started = Upstream(
            f"{url}{fast}", f"{url}{slow}", f"{url}{closing}", f"http://127.0.0.1:{status}/", ca_file
        )
        eventually(lambda: started.connections() > 0)
        yield started


def _configuration(directory: Path, key: Path, fast: int, slow: int, closing: int, status: int) -> str:
    paths = " ".join(
        f"{kind}_temp_path {directory}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    tls = f"ssl_certificate {key}; ssl_certificate_key {key};"
    # What makes each reply its own is cut out of the id, as nginx cannot compute.
    own = '"id":"$id","token":"TTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTT","name":"Loja $id","due":1893456000000'
    answer = "return 200 '{" + own + "," + json.dumps(ME, ensure_ascii=False)[1:] + "';"
    # What the collectors ask: all is well, and no message waits.
    connected = '{"connected":true,"error":"You are already connected","smartphoneConnected":true}'
    collected = (
        f"location ~ ^/instances/[^/]+/token/[^/]+/status$ {{ return 200 '{connected}'; }} "
        "location ~ ^/instances/[^/]+/token/[^/]+/queue/count$ { return 200 '{\"count\":0}'; }"
    )
    # A refused login is answered late, so that passwords cannot be guessed fast: that gives us our latency.
    wait = (
        f"auth_basic x; auth_basic_user_file {directory}/users; auth_delay {int(LATENCY * 1000)}ms; "
        "error_page 401 =200 @me;"
    )
    return f"""
daemon off; master_process off; pid {directory}/nginx.pid; error_log stderr crit;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 100000000; keepalive_timeout 600s; default_type application/json; {paths}
  server {{ listen 127.0.0.1:{fast} ssl backlog=1024; {tls} {_ME_PATH} {{ {answer} }} {collected} }}
  server {{ listen 127.0.0.1:{slow} ssl backlog=1024; {tls} {_ME_PATH} {{ {wait} }} location @me {{ {answer} }} }}
  server {{ listen 127.0.0.1:{closing} ssl backlog=1024; {tls} keepalive_timeout 0; {_ME_PATH} {{ {answer} }} }}
  server {{ listen 127.0.0.1:{status}; location / {{ stub_status; }} }}
}}
"""
