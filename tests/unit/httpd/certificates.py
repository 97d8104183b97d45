"""Certificates for tests, written where a web configuration looks for them."""

from pathlib import Path

import trustme

EXAMPLES = Path(__file__).parents[3] / "examples" / "web-config"


def write_server_files(folder: Path, authority: trustme.CA, *names: str) -> trustme.LeafCert:
    """``server.crt`` and ``server.key``."""
    certificate = authority.issue_cert(*(names or ("127.0.0.1",)))
    certificate.private_key_pem.write_to_path(folder / "server.key")
    (folder / "server.crt").write_bytes(b"".join(pem.bytes() for pem in certificate.cert_chain_pems))
    return certificate


def write_files(folder: Path, authority: trustme.CA) -> None:
    """Every file that the examples name."""
    write_server_files(folder, authority)
    authority.cert_pem.write_to_path(folder / "clients-ca.crt")
