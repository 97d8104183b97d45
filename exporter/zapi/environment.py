"""Which proxy the environment names for a URL: ``HTTPS_PROXY``, ``HTTP_PROXY``, ``ALL_PROXY`` and ``NO_PROXY``.

The names count in lower case too, which goes first.
"""

import logging
import re
from ipaddress import ip_address, ip_network
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
    parts = urlsplit(base_url)
    host, port = parts.hostname or "", parts.port or DEFAULT_PORTS.get(parts.scheme)
    entries = [entry.strip().lower() for entry in proxies.pop("no", "").split(",")]
    matches = [_matches(entry, host, port) for entry in entries]
    if useless := [str(n) for n, entry in enumerate(entries, 1) if entry and matches[n - 1] is None]:
        _log.warning(
            "entries of NO_PROXY match no host: expected host names, .domains, addresses, networks or *, with commas "
            "between them and without a scheme or path",
            extra={"entries": ",".join(useless)},
        )
    return {} if any(matches) else proxies


def _matches(entry: str, host: str, port: int | None) -> bool | None:
    """Whether an entry of ``NO_PROXY`` means the host; ``None`` for one that no host can match.

    It is ``*``, a domain with all below it, an address or a network. A domain may begin with ``.`` or ``*.``, and all
    but a network may end with a port.
    """
    found = _WITH_PORT.fullmatch(entry)  # none is an IPv6 address or network without brackets
    meant, digits = found.groups() if found else (entry, None)
    meant_port = port if digits is None else int(digits)
    if entry == "*":
        return True
    if digits is not None and not 1 <= int(digits) <= 65_535:
        return None
    try:
        network = ip_network(meant.strip("[]"), strict=False)
    except ValueError:
        domain = f".{meant.removeprefix('*').strip('.')}"
        is_below = f".{host.rstrip('.')}".endswith(domain)
        return is_below and meant_port == port if _DOMAIN.fullmatch(meant) else None
    try:
        return ip_address(host) in network and meant_port == port
    except ValueError:
        return False
