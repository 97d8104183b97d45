"""A manual page from a command's help."""

from deploy.debian.command_help import CommandHelp

_FILES = r"""
.SH FILES
.TP
.I /etc/zapi-exporter/config.yaml
The configuration. The service starts once it is there.
.TP
.I /etc/zapi-exporter/secrets/
One file for each secret, for root alone. The service finds the secret NAME at ${CREDENTIALS_DIRECTORY}/secrets_NAME.
.TP
.I /usr/share/doc/zapi\-exporter/examples/
A configuration with every key, alert rules, dashboards, and an example for Alertmanager.
"""

_STATUS = r"""
.SH EXIT STATUS
0 after a clean stop, 1 for a bad configuration or an address that cannot be bound, 2 for wrong usage, and with
.B \-\-once
if a poll failed.
"""


def manual_of(command: CommandHelp, version: str) -> str:
    """Write the page, section 1, in the macros of man(7)."""
    lines = [
        f'.TH {_plain(command.command).upper()} 1 "" "zapi\\-exporter {_plain(version)}" "User Commands"',
        ".SH NAME",
        f"{_plain(command.command)} \\- {_plain(command.description.split('.')[0])}",
        ".SH SYNOPSIS",
        f".B {_plain(command.command)}",
        "[\\fIflags\\fR]",
        ".SH DESCRIPTION",
        _plain(command.description),
        ".SH OPTIONS",
    ]
    for heading, flags in command.sections:
        lines.append(f".SS {_plain(heading)}")
        for flag in flags:
            value = f"=\\fI{_plain(flag.value)}\\fR" if flag.value else ""
            lines += [".TP", f"\\fB{_plain(flag.name)}\\fR{value}", _plain(flag.help)]
    if command.command == "zapi-exporter":
        lines += [_FILES.strip(), _STATUS.strip()]
    lines += [".SH SEE ALSO", "https://github.com/zapi\\-exporter/zapi\\-exporter/tree/main/docs"]
    return "\n".join(lines) + "\n"


def _plain(text: str) -> str:
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{escaped}" if escaped.startswith((".", "'")) else escaped
