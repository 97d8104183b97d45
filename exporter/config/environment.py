"""``${NAME}`` in the values of a configuration."""

import re
from collections.abc import Callable, Mapping
from typing import Final

Expand = Callable[[str], str]
"""Replaces the variables of a value; raises :class:`ValueError` with a message that holds no value."""

MAX_LENGTH: Final = 65_536
"""Most characters of a value: matching takes memory in proportion."""

_VARIABLE: Final = re.compile(
    r"\$\$"
    r"|\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<fallback>(?:[^$}]|\$(?!\{))*))?\}"
    r"|(?P<malformed>\$\{)",
    re.ASCII,
)
_SHOWN_NAME: Final = re.compile(r"(?![0-9A-F]{16})[A-Z_][A-Z0-9_]{0,63}", re.ASCII)


def why_empty(written: str) -> str:
    """Return why a value that consists of one variable without a fallback is empty; an empty text for any other."""
    match = _VARIABLE.fullmatch(written.strip())
    if match is None or match["name"] is None or match["fallback"] is not None:
        return ""
    name = match["name"]
    return f"is empty because the environment {_shown(name)} is empty; {_advice(name)}"


def _shown(name: str) -> str:
    return f"variable {name}" if _SHOWN_NAME.fullmatch(name) else "variable named here"


def _advice(name: str) -> str:
    example = name if _SHOWN_NAME.fullmatch(name) else "NAME"
    return f"set it, or write ${{{example}:-fallback}}"


def expander(environ: Mapping[str, str]) -> Expand:
    """Expand ``${NAME}``, ``${NAME:-fallback}`` and ``$$`` from ``environ``.

    The fallback is used if the variable is unset or empty. The content of a variable is not expanded again. A ``$``
    before any other character is a dollar sign.
    """

    def replacement(match: re.Match[str]) -> str:
        if match["malformed"]:
            raise ValueError(
                "has a malformed ${; write ${NAME} or ${NAME:-fallback}, with no variable in the fallback, "
                "and $$ for a dollar sign"
            )
        name, fallback = match["name"], match["fallback"]
        if name is None:
            return "$"
        value = environ.get(name)
        if fallback is not None:
            return value or fallback.replace("$$", "$")
        if value is None:
            shown = _shown(name)
            raise ValueError(f"the environment {shown} is not set; {_advice(name)}")
        return value

    def expand(text: str) -> str:
        if len(text) > MAX_LENGTH:
            raise ValueError(f"is longer than {MAX_LENGTH:,} characters")
        return _VARIABLE.sub(replacement, text) if "$" in text else text

    return expand
