"""The exporter under a sub-path behind a real nginx with TLS: whatever a page leads to stays under it."""

import json
import re
import ssl
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from html import unescape
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
import trustme

from harness.ports import own_address
from harness.processes import eventually, exporter, running
from tests.builders import client_tls
from tests.unit.httpd.certificates import write_server_files

pytestmark = pytest.mark.needs("nginx")

CONFIGURATION = """\
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen {address} ssl;
        ssl_certificate {folder}/server.crt;
        ssl_certificate_key {folder}/server.key;
        location {location} {{ proxy_pass {upstream}; }}
    }}
}}
"""
LINK = re.compile(r"\b(?:href|src|action)=\"([^\"]*)\"")

Fetch = Callable[[str], tuple[str, str]]
"""URL → the URL that was reached in the end, and its body."""


@contextmanager
def published(folder: Path, path: str, upstream_path: str, *arguments: str) -> Iterator[tuple[str, Fetch]]:
    """The demo behind nginx; gives the address of nginx.

    ``path`` is that of ``--web.external-url``. An ``upstream_path`` of ``/`` has nginx take the prefix away.
    """
    authority, address = trustme.CA(), own_address()
    write_server_files(folder, authority, address.partition(":")[0])
    context = client_tls(authority)
    external = f"--web.external-url=https://{address}{path}"
    with exporter(folder, "--demo=3", external, *arguments, ready=False) as started:
        configuration = folder / "nginx.conf"
        upstream = started.url + upstream_path
        location = f"/ops/zapi{upstream_path}"
        text = CONFIGURATION.format(folder=folder, address=address, location=location, upstream=upstream)
        configuration.write_text(text, encoding="utf-8")
        with running(["nginx", "-p", str(folder), "-c", str(configuration)]):
            fetch = partial(_fetch, context)
            eventually(lambda: fetch(f"https://{address}/ops/zapi/-/ready") != ("", ""))
            yield f"https://{address}", fetch


def _fetch(context: ssl.SSLContext, url: str) -> tuple[str, str]:
    with urllib.request.urlopen(url, timeout=30, context=context) as answer:
        return answer.url, answer.read().decode()


@pytest.mark.parametrize(
    ("path", "upstream", "arguments"),
    [("/ops/zapi", "", []), ("/ops/zapi/", "", []), ("/ops/zapi", "/", ["--web.route-prefix=/"])],
    ids=["kept", "kept, with a slash", "taken away"],
)
def test_whatever_a_page_leads_to_stays_under_the_prefix(
    tmp_path: Path, path: str, upstream: str, arguments: list[str]
) -> None:
    with published(tmp_path, path, upstream, *arguments) as (site, fetch):
        reached, page = fetch(f"{site}/ops/zapi/?team=support")
        links = {unescape(link) for link in LINK.findall(page)} - {""}
        followed = {urljoin(reached, link) for link in links if not link.startswith(("data:", "#"))}
        assert len(followed) > 10
        assert [url for url in followed if not url.startswith(f"{site}/ops/zapi/")] == []
        assert all(fetch(url)[1] for url in followed)
        (first, *_) = json.loads(fetch(f"{site}/ops/zapi/sd")[1])
        assert first["targets"] == [urlsplit(site).netloc]
        assert first["labels"]["__metrics_path__"] == "/ops/zapi/probe"


def test_the_prefix_without_a_slash_leads_to_the_page_that_was_asked_for(tmp_path: Path) -> None:
    with published(tmp_path, "/ops/zapi", "") as (site, fetch):
        reached, page = fetch(f"{site}/ops/zapi?team=support")
    assert reached == f"{site}/ops/zapi/?team=support"
    assert "team=support" in page
