"""The section ``tls_server_config`` of the web configuration."""

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from exporter.httpd.tls import ServerTls, canonical_san
from exporter.webconfig.certificates import (
    VERSIONS,
    check_certificates,
    check_key,
    server_context,
    verify_clients,
)
from exporter.webconfig.files import Files
from exporter.webconfig.section import Section

TLS_KEYS: Final = frozenset(
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
UNSUPPORTED_TLS_KEYS: Final[Mapping[str, str]] = {
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


def read_tls(section: Section, files: Files) -> ServerTls | None:
    """``None`` where the section is empty, or wrong; what is wrong, with its files too, is reported."""
    return _TlsReader(section, files).read() if section.keys else None


class _TlsReader:
    def __init__(self, section: Section, files: Files) -> None:
        self._section = section
        self._files = files

    def read(self) -> ServerTls | None:
        context = self._certified()
        self._limit_versions(context)
        check = self._section.value("client_auth_type", _client_check) or _NONE
        self._check_clients(check, context)
        sans = self._allowed_sans(check)
        return None if context is None else ServerTls(context, sans)

    def _certified(self) -> ssl.SSLContext | None:
        section = self._section
        for key in ("cert_file", "key_file"):
            if key not in section.keys:
                section.report(key, "is missing")
        cert_file = section.value("cert_file", self._certificates)
        key_file = section.value("key_file", self._key)
        if cert_file is None or key_file is None:
            return None
        try:
            return server_context(cert_file, key_file)
        except ValueError as error:
            section.report("key_file", str(error))
            return None

    def _limit_versions(self, context: ssl.SSLContext | None) -> None:
        lowest = self._section.value("min_version", _version)
        highest = self._section.value("max_version", _version)
        if lowest and highest and lowest > highest:
            self._section.report("max_version", "is below min_version")
        elif context is not None:
            context.minimum_version = lowest or context.minimum_version
            context.maximum_version = highest or context.maximum_version

    def _check_clients(self, check: str, context: ssl.SSLContext | None) -> None:
        section, given = self._section, "client_ca_file" in self._section.keys
        if check == _NONE and given:
            section.report("client_ca_file", f"has no use without client_auth_type; write {_REQUIRED} there")
        elif check != _NONE and not given:
            section.report("client_auth_type", "needs a client_ca_file to verify certificates with")
        authorities = section.value("client_ca_file", self._certificates)
        if context is not None and authorities is not None and check != _NONE:
            verify_clients(context, self._files.read(authorities), required=check == _REQUIRED)

    def _allowed_sans(self, check: str) -> frozenset[str]:
        section, key = self._section, "client_allowed_sans"
        if key not in section.keys:
            return frozenset()
        if not section.is_list(key):
            section.report(key, "must be a list of names, such as [prometheus.example.com]")
        elif check != _REQUIRED:
            section.report(
                key, f"needs client_auth_type {_REQUIRED}; any other lets clients in that have no name"
            )
        return frozenset(map(canonical_san, section.texts(key)))

    def _certificates(self, name: str) -> Path:
        file = self._files.resolve(name)
        check_certificates(self._files.read(file))
        return file

    def _key(self, name: str) -> Path:
        file = self._files.resolve(name)
        check_key(self._files.read(file))
        self._files.keep_secret(file)
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
