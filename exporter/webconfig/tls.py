"""The section ``tls_server_config`` of the web configuration → how the server speaks TLS."""

import ssl

from exporter.config.section_values import SectionValues
from exporter.config.table import Unusable, usable
from exporter.httpd.security import ServerTls
from exporter.webconfig import keys
from exporter.webconfig.certificates import server_context, verify_clients


def server_tls(values: SectionValues) -> ServerTls:
    """Raises :class:`~exporter.config.table.Unusable`; everything that is wrong was reported then."""
    _check_clients(values)
    versions = usable(_versions, values)
    context = _context(values)
    if not versions:
        raise Unusable
    context.minimum_version, context.maximum_version = versions[0]
    check, authorities = values[keys.CLIENT_AUTH_TYPE], values[keys.CLIENT_CA_FILE]
    if authorities is not None and check != keys.NO_CERTIFICATE:
        verify_clients(context, authorities, required=check == keys.REQUIRED)
    sans = values[keys.CLIENT_ALLOWED_SANS]
    return ServerTls(context, frozenset(sans or ()))


def _context(values: SectionValues) -> ssl.SSLContext:
    certificates, key = values[keys.CERT_FILE], values[keys.KEY_FILE]
    assert certificates is not None, "it is required"
    assert key is not None, "it is required"
    try:
        return server_context(certificates, key)
    except ValueError as error:
        values.report(keys.KEY_FILE, str(error))
        raise Unusable from None


def _versions(values: SectionValues) -> tuple[ssl.TLSVersion, ssl.TLSVersion]:
    lowest, highest = values[keys.MIN_VERSION], values[keys.MAX_VERSION]
    if lowest > highest:
        values.report(keys.MAX_VERSION, "is below min_version")
        raise Unusable
    return lowest, highest


def _check_clients(values: SectionValues) -> None:
    """Report keys about client certificates that do nothing without another."""
    check, ca_file, sans = values.get(keys.CLIENT_AUTH_TYPE), keys.CLIENT_CA_FILE, keys.CLIENT_ALLOWED_SANS
    names = values.get(sans)
    if check == keys.NO_CERTIFICATE and values.has(ca_file):
        values.report(ca_file, f"has no use without client_auth_type; write {keys.REQUIRED} there")
    if check not in (None, keys.NO_CERTIFICATE) and not values.has(ca_file):
        values.report(keys.CLIENT_AUTH_TYPE, "needs a client_ca_file to verify certificates with")
    if check not in (None, keys.REQUIRED) and names:
        values.report(
            sans, f"needs client_auth_type {keys.REQUIRED}; any other lets clients in that have no name"
        )
