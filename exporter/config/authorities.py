"""The certificate authorities that a variable of the environment names, where ``api.ca_file`` is not set."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from exporter.config import keys
from exporter.config.certificates import read_certificates
from exporter.config.file_reader import UnreadableFile
from exporter.config.section import SectionValues
from exporter.config.value import Context, Unusable

CA_VARIABLES: Final = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
"""Variables that name a file of authorities; the first that is set and not empty is used."""


def authorities_variable(api: SectionValues, environ: Mapping[str, str]) -> str | None:
    """Return the variable that names the authorities, or ``None`` where the section does or none is set."""
    if api.has(keys.CA_FILE):
        return None
    return next((variable for variable in CA_VARIABLES if environ.get(variable)), None)


def read_authorities(variable: str, environ: Mapping[str, str], api: SectionValues, context: Context) -> str:
    """Return the certificates of the file that a variable names. Raise :class:`~exporter.config.value.Unusable`."""
    try:
        return read_certificates(context.files.below(Path()).read(environ[variable]))
    except UnreadableFile as error:
        advice = f"correct {variable} in the environment, or set api.ca_file"
        api.report(keys.CA_FILE, f"is not set, and {variable} names a file that {error}; {advice}")
        raise Unusable from None
