"""The section ``tls_server_config`` of the web configuration."""

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from exporter.web.certificates import (
    VERSIONS,
    check_certificates,
    check_key,
    server_context,
    verify_clients,
)
from exporter.web.tls import ServerTls, canonical_san
from exporter.web.webfiles import Files
from exporter.web.yaml_nodes import Document, Items, Node, Table

_KEYS: Final = frozenset(
    {
        "cert_file",
        "key_file",
        "client_auth_type",
        "client_ca_file",
        "client_allowed_sans",
        "min_version",
        "max_version",
    }
)
_UNSUPPORTED: Final[Mapping[str, str]] = {
    "cert": "write the certificate to a file and name it in cert_file",
    "key": "write the key to a file and name it in key_file",
    "client_ca": "write the certificate to a file and name it in client_ca_file",
    "cipher_suites": "OpenSSL's own configuration chooses them",
    "curve_preferences": "OpenSSL's own configuration chooses them",
    "prefer_server_cipher_suites": "OpenSSL's own configuration chooses the order",
}
_NONE: Final = "NoClientCert"
_IF_GIVEN: Final = "VerifyClientCertIfGiven"
_REQUIRED: Final = "RequireAndVerifyClientCert"
_UNVERIFIED: Final = frozenset({"RequestClientCert", "RequireAnyClientCert", "RequireClientCert"})


class TlsReader:
    """Reads the section and reports what is wrong with it, its files too."""

    def __init__(self, document: Document, files: Files) -> None:
        self._document = document
        self._files = files

    def read(self, node: Node) -> ServerTls | None:
        """``None`` where the section is empty, or wrong."""
        section = self._document.table(node, _KEYS, _UNSUPPORTED)
        if not section.nodes:
            return None
        context = self._certified(section)
        self._limit_versions(section, context)
        check = self._document.value(section, "client_auth_type", _client_check) or _NONE
        self._check_clients(section, check, context)
        sans = self._allowed_sans(section, check)
        return None if context is None else ServerTls(context, sans)

    def _certified(self, section: Table) -> ssl.SSLContext | None:
        for key in ("cert_file", "key_file"):
            if key not in section.nodes:
                self._document.report_key(section, key, "is missing")
        cert_file = self._document.value(section, "cert_file", self._certificates)
        key_file = self._document.value(section, "key_file", self._key)
        if cert_file is None or key_file is None:
            return None
        try:
            return server_context(cert_file, key_file)
        except ValueError as error:
            self._document.report_key(section, "key_file", str(error))
            return None

    def _limit_versions(self, section: Table, context: ssl.SSLContext | None) -> None:
        lowest = self._document.value(section, "min_version", _version)
        highest = self._document.value(section, "max_version", _version)
        if lowest and highest and lowest > highest:
            self._document.report_key(section, "max_version", "is below min_version")
        elif context is not None:
            context.minimum_version = lowest or context.minimum_version
            context.maximum_version = highest or context.maximum_version

    def _check_clients(self, section: Table, check: str, context: ssl.SSLContext | None) -> None:
        report, given = self._document.report_key, "client_ca_file" in section.nodes
        if check == _NONE and given:
            report(section, "client_ca_file", f"has no use without client_auth_type; write {_REQUIRED} there")
        elif check != _NONE and not given:
            report(section, "client_auth_type", "needs a client_ca_file to verify certificates with")
        authorities = self._document.value(section, "client_ca_file", self._certificates)
        if context is not None and authorities is not None and check != _NONE:
            verify_clients(context, self._files.read(authorities), required=check == _REQUIRED)

    def _allowed_sans(self, section: Table, check: str) -> frozenset[str]:
        node = section.nodes.get("client_allowed_sans")
        if node is None:
            return frozenset()
        if not isinstance(node, Items) or not node.nodes:
            self._document.report(
                node.line, node.path, "must be a list of names, such as [prometheus.example.com]"
            )
            return frozenset()
        if check != _REQUIRED:
            message = f"needs client_auth_type {_REQUIRED}; any other lets clients in that have no name"
            self._document.report_key(section, "client_allowed_sans", message)
        names = [self._document.text(item) for item in node.nodes]
        return frozenset(canonical_san(name) for name in names if name is not None)

    def _certificates(self, name: str) -> Path:
        file = self._files.resolve(name)
        check_certificates(self._files.read(file))
        return file

    def _key(self, name: str) -> Path:
        file = self._files.resolve(name)
        check_key(self._files.read(file))
        return file


def _client_check(text: str) -> str:
    if text in _UNVERIFIED:
        raise ValueError(f"would trust any certificate, which is not supported; write {_REQUIRED}")
    if text not in (_NONE, _IF_GIVEN, _REQUIRED):
        raise ValueError(f"must be {_NONE}, {_IF_GIVEN} or {_REQUIRED}")
    return text


def _version(text: str) -> ssl.TLSVersion:
    if text in ("TLS10", "TLS11"):
        raise ValueError("is broken and not supported; write TLS12 or TLS13")
    if text not in VERSIONS:
        raise ValueError("must be TLS12 or TLS13")
    return VERSIONS[text]
