"""The URL of a proxy → the proxy, or what is wrong with the URL."""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

DEFAULT_PORTS: Final = {"http": 80, "https": 443}

_QUOTES: Final = "\"'`\u201c\u201d\u2018\u2019"
_BEFORE_AT: Final = re.compile(r"[/?#].*@")


class UnusableProxy(Exception):
    """The proxy that the environment names cannot be used. The text does not repeat it: it may hold a password."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """``headers`` tell it the user and password of its URL, if there are any."""

    scheme: str
    host: str
    port: int
    headers: Mapping[str, str]


def choose_proxy(scheme: str, proxies: Mapping[str, str]) -> Proxy | None:
    """Return the proxy for URLs of ``scheme``, if there is one. Raise :class:`UnusableProxy`."""
    for kind in (scheme, "all"):
        if proxies.get(kind):
            return parse_proxy(proxies[kind], f"{kind.upper()}_PROXY")
    return None


def parse_proxy(url: str, variable: str) -> Proxy:
    """Read a proxy's URL; ``http://`` may be left out. Raise :class:`UnusableProxy`, which names ``variable``."""
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        problem = _problem(url, parts)
    except ValueError:
        problem = "it has no valid host, or a port that is not 1 to 65535; correct it"
    if problem:
        raise UnusableProxy(
            f"the proxy in the environment ({variable}) is not a usable http:// or https:// URL: {problem}; "
            "or name the API's host in NO_PROXY"
        ) from None
    port = parts.port or DEFAULT_PORTS[parts.scheme]
    return Proxy(parts.scheme, parts.hostname or "", port, _login(parts))


def _problem(url: str, parts: SplitResult) -> str | None:
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


def _login(parts: SplitResult) -> Mapping[str, str]:
    if not parts.username:
        return {}
    login = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
    return {"proxy-authorization": f"Basic {base64.b64encode(login).decode('ascii')}"}
