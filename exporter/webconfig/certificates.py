"""Certificates and keys → how the server speaks TLS. Every error is a phrase that can follow a file's name."""

import ssl
from pathlib import Path
from typing import Final

VERSIONS: Final = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}


def server_context(cert_file: Path, key_file: Path) -> ssl.SSLContext:
    """Serves this certificate chain. Raises :class:`ValueError` where the key is not the certificate's.

    The files must have passed :func:`check_certificates` and :func:`check_key`.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(cert_file, key_file, password=_no_password)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise ValueError("is not the key of the certificate in cert_file") from None
        raise ValueError("holds no private key that OpenSSL can use") from None
    except OSError:
        raise ValueError("cannot be read") from None
    return context


def check_certificates(pem: str) -> None:
    """Raises :class:`ValueError` where the text has no certificate in PEM form, or a damaged one."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_verify_locations(cadata=pem)
    except (ssl.SSLError, ValueError):
        raise ValueError("holds no certificate in PEM form") from None


def check_key(pem: str) -> None:
    """Raises :class:`ValueError` where the text has no private key in PEM form, or one that needs a password."""
    if "PRIVATE KEY-----" not in pem:
        raise ValueError("holds no private key in PEM form")
    if "ENCRYPTED" in pem:
        raise ValueError("holds an encrypted key; decrypt it, as nobody can type its password here")


def verify_clients(context: ssl.SSLContext, authorities: str, *, required: bool) -> None:
    """Accepts client certificates of these authorities only. ``required``: and no client without one."""
    context.load_verify_locations(cadata=authorities)
    context.verify_mode = ssl.CERT_REQUIRED if required else ssl.CERT_OPTIONAL


def _no_password() -> str:
    """OpenSSL would ask at the terminal."""
    return ""
