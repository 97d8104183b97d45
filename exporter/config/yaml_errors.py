"""Why a text is not valid YAML, in words that repeat nothing of it, as it may hold a secret."""

import re
from typing import Final

import yaml

from exporter.config.validators import INVISIBLE, NO_BREAK_SPACES, TYPOGRAPHIC_QUOTES

_LINE_BREAK: Final = re.compile("\r\n|[\n\r]")
_QUOTED: Final = re.compile(r" ?'([^']*)'")
_SIGN: Final = re.compile(r"\W+|<[a-z ]+>", re.ASCII)  # what the parser may quote: ',' or '<block end>'
_BULLET: Final = re.compile(" *[\u2010-\u2015\u2022\u2023\u25aa\u25cf\xb7] ")
_UNSEPARATED_DASH: Final = re.compile(r" *-\w+:", re.ASCII)
_FULL_WIDTH_COLON: Final = re.compile(r"\s*(?:- +)*\w+ *\uff1a")
_ASSIGNMENT: Final = re.compile(r"\s*(?:- +)*\w+ *= ", re.ASCII)
_CONFLICT: Final = re.compile(r"(?:<{7}|={7}|>{7})(?: |$)")
_MISBEGUN: Final = (
    _CONFLICT,
    re.compile(f" *[\t{NO_BREAK_SPACES}]"),
    _BULLET,
    _UNSEPARATED_DASH,
    _FULL_WIDTH_COLON,
    _ASSIGNMENT,
)
"""Lines after which the parser stumbles over what follows."""
_MISTAKES: Final = (
    (re.compile(r" *(?:- *)*\t"), "is indented with a tab; indent with spaces"),
    (
        re.compile(rf"(?:[^:]*|.*[:\-\[{{,] *)[{NO_BREAK_SPACES}]"),
        "has a no-break space; replace it with a space",
    ),
    (
        re.compile(rf"(?:.*[:\-\[{{,] +|\s*)[{TYPOGRAPHIC_QUOTES}]"),
        "has a typographic quotation mark; replace it with \" or '",
    ),
    (
        re.compile(r"\s*(?:- +)*\w+:[^\s/]", re.ASCII),
        "has a colon without a space after it; write the key, a colon, a space and the value",
    ),
    (re.compile(f".*[{INVISIBLE}]"), "has an invisible character; remove it"),
    (_BULLET, "begins with a dash or a bullet that YAML does not support; begin an item with - and a space"),
    (_UNSEPARATED_DASH, "has a - without a space after it; write a space there"),
    (_CONFLICT, "is a conflict marker of an unfinished merge; resolve the conflict and remove the marker"),
    (re.compile(r"\s*```"), "is a Markdown code fence; remove it"),
    (re.compile(r"\s*//"), "begins with //; write # for a comment"),
    (re.compile(r".*[{,]\s*\w+:\s+\$\{"), 'has a variable within braces; write it in quotes, as "${NAME}"'),
    (_FULL_WIDTH_COLON, "has a full-width colon; write : and a space"),
    (_ASSIGNMENT, "has = in place of a colon; write the key, a colon, a space and the value"),
    (
        re.compile(r".*[:\-\[{,] +%\w+%"),
        "has a variable as Windows writes it; write ${NAME} for an environment variable",
    ),
    (re.compile(r".*[:\-\[{,] +[%@`]"), "has a value that begins with %, @ or `; quote it"),
)
"""What a line may begin with, and what is wrong with it then. The first match is reported."""
_HARMLESS: Final = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'[^']*'|(?:^|(?<=\s))#.*")
"""Quoted values and comments, in which none of it is wrong."""
_ADVICE: Final = {
    "mapping values are not allowed in this context": (
        "indent the line as its neighbours, and quote a value that has a colon and a space"
    ),
    "could not find expected ':'": "write the key, a colon, a space and the value",
    "did not find expected '-' indicator": "indent the line as its neighbours",
    "did not find expected key": "indent the line as its neighbours, and write '' for a ' within '…'",
    "did not find expected ',' or ']'": "close the bracket",
    "did not find expected ',' or '}'": "close the brace",
    "did not find expected alphabetic or numeric character": "quote a value that begins with * or &",
    "did not find expected comment or line break": "quote a value that begins with | or >",
    "found invalid Unicode character escape code": "write the character itself",
    "found unexpected end of stream": "close the quotation mark",
    "found unknown escape character": "use single quotes, or write two of each \\",
}


def explain(error: yaml.MarkedYAMLError, text: str, last_line: int) -> tuple[int, str]:
    """Return the line of a syntax error, at most the last one, and what is wrong there."""
    lines = _LINE_BREAK.split(text)
    mark = error.problem_mark or error.context_mark
    line = min(mark.line + 1 if mark else len(lines), last_line)
    begun = error.context_mark.line + 1 if error.context and error.context_mark else line
    if error.context == "while scanning a simple key":
        line = begun  # the line that has no colon; the parser is at the next one
    if begun > 1 and any(sign.match(lines[begun - 2]) for sign in _MISBEGUN):
        begun -= 1  # what follows such a line is what the parser finds wrong
    for number in (line, *range(min(begun, line), line)):
        bare = _HARMLESS.sub("''", lines[number - 1])
        for mistake, message in _MISTAKES:
            if mistake.match(bare):
                return number, message
    said = _QUOTED.sub(lambda quoted: quoted[0] if _SIGN.fullmatch(quoted[1]) else "", error.problem or "")
    since = f" {error.context} that begins on line {begun}" if begun < line else ""
    advice = f"; {_ADVICE[said]}" if said in _ADVICE else ""
    return line, f"is not valid YAML: {said}{since}{advice}"
