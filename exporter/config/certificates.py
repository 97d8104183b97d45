"""The content of a file with certificates or a private key → text that OpenSSL accepts."""

import ssl

from exporter.config.files import UnreadableFile


def read_certificates(content: bytes) -> str:
    """Return the certificates of a PEM file without non-ASCII characters, which occur only in comments.

    Raise :class:`~exporter.config.files.UnreadableFile` if there is no certificate, or a damaged one.
    """
    text = content.decode("ascii", "ignore")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=text)
    except (ssl.SSLError, ValueError):
        raise UnreadableFile(
            "contains no certificate that can be read; at least one complete PEM block (BEGIN CERTIFICATE to END "
            "CERTIFICATE) is expected"
        ) from None
    return text


def read_key(content: bytes) -> str:
    """Return the private key of a PEM file without non-ASCII characters, which occur only in comments.

    Raise :class:`~exporter.config.files.UnreadableFile` if there is no key, or if the key requires a password.
    """
    pem = content.decode("ascii", "ignore")
    if "PRIVATE KEY-----" not in pem:
        raise UnreadableFile("contains no private key in PEM format")
    if "ENCRYPTED" in pem:
        raise UnreadableFile("contains an encrypted key; decrypt it, because no password can be entered")
    return pem
