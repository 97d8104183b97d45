"""Secrets that are easy to recognise, and the search for them in everything the exporter says."""

import base64
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

MARK: Final = "c4n4ry"
"""Begins and ends every canary, so that a part of one is found too. No encoding of a URL or of JSON changes it."""

_NOT_INHERITED: Final = (
    *("http_proxy", "https_proxy", "all_proxy", "no_proxy"),
    *("ssl_cert_file", "requests_ca_bundle"),
)


def canary(what: str) -> str:
    """A secret; ``what`` says of which kind, in letters and digits."""
    return f"{MARK}-{what}-{MARK}"


def canary_url(what: str) -> str:
    """A webhook URL that is secret in its user, path and query."""
    return f"https://{canary(what)}@hooks.example.com/{canary(what)}?key={canary(what)}"


def environment(home: Path) -> Mapping[str, str]:
    """The environment of an exporter: canaries in it, and in the ``.netrc`` of the home folder it names."""
    home.mkdir(exist_ok=True)
    login = f"login {canary('netrclogin')} password {canary('netrc')}\n"
    netrc = home / ".netrc"
    netrc.write_text(
        "".join(f"{host} {login}" for host in ("machine 127.0.0.1", "machine localhost", "default"))
    )
    netrc.chmod(0o600)
    inherited = {name: value for name, value in os.environ.items() if name.lower() not in _NOT_INHERITED}
    return {
        **inherited,
        "HOME": str(home),
        "ZAPI_CLIENT_TOKEN": canary("clienttoken"),
        "DATABASE_URL": f"postgres://user:{canary('environment')}@db.example.com/",
    }


def leaks(said: Iterable[tuple[str, bytes]]) -> Iterator[str]:
    """For each place that holds a canary, plain or as base64: the place, and what was near."""
    needles = (MARK.encode(), *_as_base64(MARK.encode()))
    for place, data in said:
        lowered = data.lower()
        for needle in needles:
            at = lowered.find(needle) if needle == needles[0] else data.find(needle)
            if at >= 0:
                yield f"{place} holds a secret: …{data[max(0, at - 60) : at + 60].decode('latin-1')}…"
                break


def _as_base64(data: bytes) -> Iterator[bytes]:
    """The characters that are always the same where base64 of a longer text holds ``data``."""
    for shift in range(3):
        encoded = base64.b64encode(bytes(shift) + data)
        first = -(-shift * 8 // 6)
        yield encoded[first : (shift + len(data)) * 8 // 6]
