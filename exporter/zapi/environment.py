"""Which proxy the environment names for a URL: ``HTTPS_PROXY``, ``HTTP_PROXY``, ``ALL_PROXY`` and ``NO_PROXY``.

The names count in lower case too, which goes first.
"""

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit
from urllib.request import getproxies_environment

from exporter.zapi.proxy import DEFAULT_PORTS

_WITH_PORT: Final = re.compile(r"(\[[^]]*\]|[^:]*)(?::([0-9]+))?")


def environment_proxies(base_url: str) -> dict[str, str]:
    """Scheme → URL of its proxy; empty where ``NO_PROXY`` excepts ``base_url``."""
    proxies = getproxies_environment()
    excepted = proxies.pop("no", "")
    parts = urlsplit(base_url)
    host, port = parts.hostname or "", parts.port or DEFAULT_PORTS.get(parts.scheme)
    if any(_matches(entry.strip().lower(), host, port) for entry in excepted.split(",")):
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
