"""Which proxy the environment names for a URL: ``HTTPS_PROXY``, ``HTTP_PROXY``, ``ALL_PROXY`` and ``NO_PROXY``.

The names count in lower case too, which goes first.
"""

import logging
import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit
from urllib.request import getproxies_environment

from exporter.zapi.proxy import DEFAULT_PORTS

_log = logging.getLogger(__name__)

_DOMAIN: Final = re.compile(r"\*?\.?[^\W_]([\w-]*\.)*[\w-]*\.?")
_WITH_PORT: Final = re.compile(r"(\[[^]]*\]|[^:]*)(?::([0-9]+))?")


def environment_proxies(base_url: str) -> dict[str, str]:
    """Scheme → URL of its proxy; empty where ``NO_PROXY`` excepts ``base_url``.

    Entries of ``NO_PROXY`` that no host can match are told in one warning, by their places: one may hold a password.
    """
    proxies = getproxies_environment()
    entries = [entry.strip().lower() for entry in proxies.pop("no", "").split(",")]
    if useless := [str(place) for place, entry in enumerate(entries, 1) if entry and not _can_match(entry)]:
        _log.warning(
            "entries of NO_PROXY match no host: expected host names, .domains, addresses, networks or *, with commas "
            "between them and without a scheme or path",
            extra={"entries": ",".join(useless)},
        )
    parts = urlsplit(base_url)
    host, port = parts.hostname or "", parts.port or DEFAULT_PORTS.get(parts.scheme)
    if any(_matches(entry, host, port) for entry in entries):
        return {}
    return proxies


def _matches(entry: str, host: str, port: int | None) -> bool:
    """Whether an entry of ``NO_PROXY`` means the host: ``*``, a domain with all below it, an address or a network.

    A domain may begin with ``.`` or ``*.``, and all but a network may end with a port.
    """
    if entry == "*":
        return True
    found = _WITH_PORT.fullmatch(entry)  # none is an IPv6 address or network without brackets
    meant, meant_port = found.groups() if found else (entry, None)
    if meant_port is not None and int(meant_port) != port:
        return False
    meant = meant.strip("[]")
    network, address = _network(meant), _address(host)
    if network is not None:
        return address is not None and address in network
    domain = meant.removeprefix("*").strip(".")
    return domain != "" and f".{host.rstrip('.')}".endswith(f".{domain}")


def _can_match(entry: str) -> bool:
    found = _WITH_PORT.fullmatch(entry)
    meant, port = found.groups() if found else (entry, None)
    if port is not None and not 1 <= int(port) <= 65_535:
        return False
    return entry == "*" or _network(meant.strip("[]")) is not None or _DOMAIN.fullmatch(meant) is not None


def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
