"""Hears everything that an exporter says, so that a secret is found wherever it comes out."""

import gzip
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from harness.processes import Exporter
from tests.system.faults.canaries import canary, leaks
from tests.system.faults.promise import Result

_OPENMETRICS: Final = {"Accept": "application/openmetrics-text;version=1.0.0"}
_PAGES: Final = ("/", "/?show=problems&page=2", "/?show=unreachable&page=3", "/?q=example.com", "/sd")
_ASIDE: Final = (
    "/-/ready",
    "/-/healthy",
    "/probe",
    "/probe?name=nobody",
    f"/nowhere?token={canary('query')}",
)
_AUTHORIZATION: Final = f"Bearer {canary('authorization')}"
"""What a scraper that mistakes this exporter for another may send."""


class Ear:
    """What was said, and where."""

    def __init__(self) -> None:
        self._said: list[tuple[str, bytes]] = []

    def heard(self, place: str, data: bytes) -> None:
        self._said.append((place, data))

    def ask(
        self, url: str, headers: Mapping[str, str] | None = None, *, method: str = "GET"
    ) -> tuple[int, str]:
        """An answer's status and body, its headers heard too. Raises :class:`OSError` where there is none."""
        request = urllib.request.Request(
            url, headers={"Authorization": _AUTHORIZATION, **(headers or {})}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                status, fields, body = answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                status, fields, body = error.code, error.headers, error.read()
        if fields.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        self.heard(f"{method} {urllib.parse.urlsplit(url).path}", str(fields).encode() + body)
        return status, body.decode()

    def look_around(self, exporter: Exporter, names: Iterable[str]) -> None:
        """Ask for every page there is, in every form; ``names`` are the instances to probe."""
        for path in (*_PAGES, *_ASIDE):
            self.ask(exporter.url + path)
        self.ask(f"{exporter.url}/", {"Accept-Language": "pt-BR"})
        for headers in (
            {},
            {"Accept-Encoding": "gzip"},
            _OPENMETRICS,
            {**_OPENMETRICS, "Accept-Encoding": "gzip"},
        ):
            self.ask(f"{exporter.url}/metrics", headers)
        for name in names:
            self.ask(f"{exporter.url}/probe?{urllib.parse.urlencode({'name': name})}")
        self.heard("the process list", Path(f"/proc/{exporter.process.pid}/cmdline").read_bytes())

    def verdict(self, of_what: str) -> Result:
        found = tuple(leaks(self._said))
        size = sum(len(data) for _, data in self._said)
        return Result(
            f"secrecy of {of_what}",
            "no secret",
            f"{len(found) or 'none'} in {len(self._said)} outputs of {size // 1024} KiB",
            found,
        )
