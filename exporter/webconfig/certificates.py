"""Certificates and keys in memory → how the server speaks TLS."""

import contextlib
import os
import ssl
import tempfile
from collections.abc import Iterator
from typing import Final

from exporter.config.file_reader import UnreadableFile

_TOO_WEAK: Final = "goes with a certificate in cert_file that is too weak for OpenSSL; renew it"
_PROBLEMS: Final = {
    "KEY_VALUES_MISMATCH": "names a file that holds another key than that of the certificate in cert_file",
    "EE_KEY_TOO_SMALL": _TOO_WEAK,
    "CA_KEY_TOO_SMALL": _TOO_WEAK,
    "CA_MD_TOO_WEAK": _TOO_WEAK,
}


def read_key(content: bytes) -> str:
    """Return the private key of a PEM file, without the characters of comments that are not ASCII.

    Raise :class:`~exporter.config.file_reader.UnreadableFile` if there is none, or one that needs a password.
    """
    pem = content.decode("ascii", "ignore")
    if "PRIVATE KEY-----" not in pem:
        raise UnreadableFile("holds no private key in PEM form")
    if "ENCRYPTED" in pem:
        raise UnreadableFile("holds an encrypted key; decrypt it, as nobody can type its password here")
    return pem


def server_context(certificates: str, key: str) -> ssl.SSLContext:
    """Serve this certificate chain. Raise :class:`ValueError` with what is wrong with the file of the key."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.options |= ssl.OP_NO_RENEGOTIATION  # a client could ask for any number of handshakes
    context.set_alpn_protocols(["http/1.1"])
    try:
        with _as_file(certificates) as cert_file, _as_file(key) as key_file:
            context.load_cert_chain(cert_file, key_file, password="")  # OpenSSL would ask at the terminal
    except ssl.SSLError as error:
        unknown = "names a file that holds no private key that OpenSSL can use"
        raise ValueError(_PROBLEMS.get(error.reason or "", unknown)) from None
    return context


@contextlib.contextmanager
def _as_file(pem: str) -> Iterator[str]:
    """Give the name of a file with this text: ``ssl`` takes certificates and keys from nowhere else.

    On Linux it is in memory, so that a read-only file system does and a key never reaches a disk.
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
