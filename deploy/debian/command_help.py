"""Reads what a command says with ``--help``: manual and completion repeat it, and cannot differ from it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_FLAG: Final = re.compile(r"^  (?:-h, )?(--[\w.-]+)(?:[ ](\S+))?(?:\s{2,}(.*))?$")


@dataclass(frozen=True, slots=True)
class Flag:
    """``value`` is the word that stands for its value, such as ``FILE`` or ``{text,json}``; empty for a switch."""

    name: str
    value: str
    help: str

    @property
    def choices(self) -> Sequence[str]:
        """The values it takes where they are listed."""
        return self.value[1:-1].split(",") if self.value.startswith("{") else ()


@dataclass(frozen=True, slots=True)
class CommandHelp:
    """``sections`` are the flags by the heading above them."""

    command: str
    description: str
    sections: Sequence[tuple[str, Sequence[Flag]]]

    @property
    def flags(self) -> Sequence[Flag]:
        """Every flag of the command."""
        return [flag for _, flags in self.sections for flag in flags]


def read_help(text: str) -> CommandHelp:
    """Read a help text of argparse."""
    usage, description, *rest = re.split(r"\n\n", text.strip())
    sections = [_section(part.splitlines()) for part in rest]
    return CommandHelp(usage.split()[1], " ".join(description.split()), sections)


def _section(lines: Sequence[str]) -> tuple[str, Sequence[Flag]]:
    flags: list[Flag] = []
    for line in lines[1:]:
        found = _FLAG.match(line)
        if found:
            flags.append(Flag(found[1], found[2] or "", found[3] or ""))
        else:
            last = flags.pop()
            flags.append(Flag(last.name, last.value, f"{last.help} {line.strip()}".strip()))
    return lines[0].rstrip(":"), flags
