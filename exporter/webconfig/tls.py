"""The section ``tls_server_config`` of the web configuration → how the server speaks TLS."""

import ssl

from exporter.config.section_values import SectionValues
from exporter.config.table import Unusable
from exporter.httpd.security import ServerTls
from exporter.webconfig import keys
from exporter.webconfig.certificates import server_context


def server_tls(values: SectionValues) -> ServerTls:
    """Raise :class:`~exporter.config.table.Unusable`; everything that is wrong was reported then."""
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
    certificates, key = values[keys.CERT_FILE], values[keys.KEY_FILE]
    assert certificates is not None, "it is required"
    assert key is not None, "it is required"
    try:
        return server_context(certificates, key)
    except ValueError as error:
        values.report(keys.KEY_FILE, str(error))
        raise Unusable from None


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
            sans, f"needs client_auth_type {keys.REQUIRED}; any other lets clients in that have no name"
        )
