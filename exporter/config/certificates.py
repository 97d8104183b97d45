"""The content of a file of certificates → text that OpenSSL takes."""

import ssl

from exporter.config.file_reader import UnreadableFile


def read_certificates(content: bytes) -> str:
    """The certificates of a PEM file, without the characters of comments that are not ASCII.

    Raises :class:`~exporter.config.file_reader.UnreadableFile` if there is no certificate, or a damaged one.
    """
    text = content.decode("ascii", "ignore")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=text)
    except (ssl.SSLError, ValueError):
        raise UnreadableFile("holds no certificate in PEM form") from None
    return text
