"""The section ``tls_server_config`` of the web configuration → the TLS settings of the server."""

import contextlib
import os
import ssl
import tempfile
from collections.abc import Iterator
from typing import Final

from exporter.config.section import SectionValues
from exporter.config.value import Unusable
from exporter.httpd.security import ServerTls
from exporter.webconfig import keys

_TOO_WEAK: Final = "belongs to a certificate in cert_file that is too weak for OpenSSL; renew it"
_PROBLEMS: Final = {
    "KEY_VALUES_MISMATCH": "names a file with a key that does not match the certificate in cert_file",
    "EE_KEY_TOO_SMALL": _TOO_WEAK,
    "CA_KEY_TOO_SMALL": _TOO_WEAK,
    "CA_MD_TOO_WEAK": _TOO_WEAK,
}
_UNUSABLE: Final = "names a file that contains no private key that OpenSSL can use"


def server_tls(values: SectionValues) -> ServerTls:
    """Raise :class:`~exporter.config.value.Unusable`; everything that is wrong was reported then."""
    _check_clients(values)
    lowest, highest = values.get(keys.MIN_VERSION), values.get(keys.MAX_VERSION)
    are_in_order = lowest is None or highest is None or lowest <= highest
    if not are_in_order:
        values.report(keys.MAX_VERSION, "is below min_version")
    context = _context(values)
    if lowest is None or highest is None or not are_in_order:
        raise Unusable
    context.minimum_version, context.maximum_version = lowest, highest
    check, authorities = values[keys.CLIENT_AUTH_TYPE], values[keys.CLIENT_CA_FILE]
    if authorities is not None and check != keys.NO_CERTIFICATE:
        context.load_verify_locations(cadata=authorities)
        context.verify_mode = ssl.CERT_REQUIRED if check == keys.REQUIRED else ssl.CERT_OPTIONAL
    allowed = values[keys.CLIENT_ALLOWED_SANS]
    return ServerTls(context, frozenset(allowed or ()))


def _context(values: SectionValues) -> ssl.SSLContext:
    """Return what serves the certificate chain."""
    certificates, key = values[keys.CERT_FILE], values[keys.KEY_FILE]
    assert certificates is not None, "it is required"
    assert key is not None, "it is required"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.options |= ssl.OP_NO_RENEGOTIATION  # a client could ask for any number of handshakes
    context.set_alpn_protocols(["http/1.1"])
    try:
        with _as_file(certificates) as cert_file, _as_file(key) as key_file:
            context.load_cert_chain(cert_file, key_file, password="")  # OpenSSL would ask at the terminal
    except ssl.SSLError as error:
        values.report(keys.KEY_FILE, _PROBLEMS.get(error.reason or "", _UNUSABLE))
        raise Unusable from None
    return context


@contextlib.contextmanager
def _as_file(pem: str) -> Iterator[str]:
    """Yield the name of a file with this text: ``ssl`` reads certificates and keys only from files.

    On Linux the file is in memory, so that no writable file system is needed and a key is never written to disk.
    """
    if hasattr(os, "memfd_create") and os.path.isdir("/proc/self/fd"):
        with open(os.memfd_create("pem", os.MFD_CLOEXEC), "wb") as memory:
            memory.write(pem.encode())
            memory.flush()
            yield f"/proc/self/fd/{memory.fileno()}"
    else:
        with tempfile.NamedTemporaryFile() as file:  # readable by its owner alone
            file.write(pem.encode())
            file.flush()
            yield file.name


def _check_clients(values: SectionValues) -> None:
    """Report keys about client certificates that do nothing without another."""
    check, names = values.get(keys.CLIENT_AUTH_TYPE), values.get(keys.CLIENT_ALLOWED_SANS)
    ca_file, sans = keys.CLIENT_CA_FILE, keys.CLIENT_ALLOWED_SANS
    if check == keys.NO_CERTIFICATE and values.has(ca_file):
        values.report(ca_file, f"has no use without client_auth_type; write {keys.REQUIRED} there")
    if check not in (None, keys.NO_CERTIFICATE) and not values.has(ca_file):
        values.report(keys.CLIENT_AUTH_TYPE, "needs a client_ca_file to verify certificates with")
    if check not in (None, keys.REQUIRED) and names:
        values.report(
            sans,
            f"needs client_auth_type {keys.REQUIRED}; any other type admits clients without a verified name",
        )
