"""Whether the exporter that is process 1 answers: the health check of its image, which has no curl.

It asks the first address of that process's own command line, so that other flags need no other health check.
"""

import http.client
import ssl
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from exporter import cli
from exporter.httpd.bind import split_address

_COMMAND: Final = "zapi-exporter"
_ALIVE: Final = frozenset({200, 401})
"""401 asks for a password, which only a living exporter does."""
_TIMEOUT: Final = 4.0
_EVERY_INTERFACE: Final = frozenset({"", "0.0.0.0", "::"})


def main(command_line: Path = Path("/proc/1/cmdline")) -> int:
    """Give 0 if it answers, else 1 after saying what was asked. ``command_line`` has a NUL after each word."""
    words = command_line.read_text(encoding="utf-8", errors="replace").rstrip("\0").split("\0")
    address = cli.parse(arguments_of(words)).listen_addresses[0]
    host, port = split_address(address)
    host = "localhost" if host in _EVERY_INTERFACE else host
    if _is_alive(http.client.HTTPConnection(host, port, timeout=_TIMEOUT)):
        return 0
    unverified = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    unverified.check_hostname, unverified.verify_mode = False, ssl.CERT_NONE  # nothing secret is sent
    if _is_alive(http.client.HTTPSConnection(host, port, timeout=_TIMEOUT, context=unverified)):
        return 0
    print(f"no exporter answers at {address}", file=sys.stderr)
    return 1


def arguments_of(words: Sequence[str]) -> Sequence[str]:
    """What follows the exporter's name in a command line; nothing if another program is meant."""
    names = [Path(word).name for word in words]
    return words[names.index(_COMMAND) + 1 :] if _COMMAND in names else ()


def _is_alive(connection: http.client.HTTPConnection) -> bool:
    try:
        connection.request("GET", "/-/healthy")
        return connection.getresponse().status in _ALIVE
    except ssl.SSLError as error:
        return "ALERT" in (error.reason or "")  # it speaks: it wants a certificate that we do not have
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main())
