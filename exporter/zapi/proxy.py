"""The proxy that the environment names for a URL: ``HTTPS_PROXY``, ``HTTP_PROXY``, ``ALL_PROXY`` and ``NO_PROXY``.

The names may also be in lower case, which has precedence.
"""

import base64
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies_environment

DEFAULT_PORTS: Final = {"http": 80, "https": 443}

_log = logging.getLogger(__name__)

_QUOTES: Final = "\"'`\u201c\u201d\u2018\u2019"
_BEFORE_AT: Final = re.compile(r"[/?#].*@")
_DOMAIN: Final = re.compile(r"(?!\*?[\d.]+$)\*?\.?[^\W_]([\w-]*\.)*[\w-]*\.?")
"""Digits and dots alone are a part of an address, which would end addresses of other networks too."""
_WITH_PORT: Final = re.compile(r"(\[[^]]*\]|[^:]*)(?::([0-9]+))?")


class UnusableProxy(Exception):
    """The proxy that the environment names cannot be used. The text does not repeat it: it may hold a password."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy; ``headers`` contain the credentials of its URL, if there are any."""

    scheme: str
    host: str
    port: int
    headers: Mapping[str, str]


def environment_proxy(base_url: str) -> Proxy | None:
    """Return the proxy for ``base_url``, unless ``NO_PROXY`` excepts it. Raise :class:`UnusableProxy`.

    One warning lists the entries of ``NO_PROXY`` that cannot match any host, by position: an entry may contain a
    password.
    """
    proxies, parts = getproxies_environment(), urlsplit(base_url)
    host, port = parts.hostname or "", parts.port or DEFAULT_PORTS[parts.scheme]
    entries = [entry.strip().lower() for entry in proxies.pop("no", "").split(",")]
    matches = [_matches(entry, host, port) for entry in entries]
    if useless := [str(position) for position, match in enumerate(matches, 1) if match is None]:
        _log.warning(
            "entries of NO_PROXY match no host: expected host names, .domains, addresses, networks or *, with commas "
            "between them and without a scheme or path",
            extra={"entries": ",".join(useless)},
        )
    for kind in (parts.scheme, "all"):
        if proxies.get(kind) and not any(matches):
            return parse_proxy(proxies[kind], f"{kind.upper()}_PROXY")
    return None


def parse_proxy(url: str, variable: str) -> Proxy:
    """Read a proxy's URL; ``http://`` may be left out. Raise :class:`UnusableProxy`, which names ``variable``."""
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        problem = _problem_of_url(url, parts)
    except ValueError:
        problem = "it has no valid host, or a port that is not 1 to 65535; correct it"
    if problem:
        raise UnusableProxy(
            f"the proxy in the environment ({variable}) is not a usable http:// or https:// URL: {problem}; "
            "or name the API's host in NO_PROXY"
        ) from None
    headers = {}
    if parts.username:
        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
        headers["proxy-authorization"] = f"Basic {base64.b64encode(login).decode('ascii')}"
    return Proxy(parts.scheme, parts.hostname or "", parts.port or DEFAULT_PORTS[parts.scheme], headers)


def _problem_of_url(url: str, parts: SplitResult) -> str | None:
    """Return what is wrong with the URL. Raise :class:`ValueError` for a host or port that is none."""
    if url[0] in _QUOTES or url[-1] in _QUOTES:
        return "it is in quotes, which are part of the value here; remove them"
    if re.search(r"\s", url):
        return "it holds a blank or a line break; remove it, or write one in the password as %20"
    if parts.scheme.startswith("socks"):
        return "it is a SOCKS proxy, which is not supported; name an HTTP proxy"
    if parts.scheme not in DEFAULT_PORTS:
        return "it has another scheme; correct it"
    if _BEFORE_AT.search(url.rpartition("://")[2]):
        return "a / ? or # stands before the @; write one in the user or password as %2F, %3F or %23"
    if parts.netloc.count("@") > 1:
        return "it has more than one @; write one in the user or password as %40"
    if not parts.hostname or parts.port == 0:
        raise ValueError
    return None


def _matches(entry: str, host: str, port: int) -> bool | None:
    """Return whether an entry of ``NO_PROXY`` matches the host; ``None`` for an entry that cannot match any host.

    It is ``*``, a domain with all below it, an address or a network. A domain may begin with ``.`` or ``*.``, and all
    but a network may end with a port.
    """
    if entry in ("", "*"):
        return entry == "*"
    found = _WITH_PORT.fullmatch(entry)  # none is an IPv6 address or network without brackets
    meant, digits = found.groups() if found else (entry, None)
    meant_port = int(digits or port)
    if not 1 <= meant_port <= 65_535:
        return None
    try:
        network = ip_network(meant.strip("[]"), strict=False)
    except ValueError:
        domain = f".{meant.removeprefix('*').strip('.')}"
        is_match = meant_port == port and f".{host.rstrip('.')}".endswith(domain)
        return is_match if _DOMAIN.fullmatch(meant) else None
    try:
        return meant_port == port and ip_address(host) in network
    except ValueError:
        return False
