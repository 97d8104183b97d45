"""Fuzzes one target with atheris: ``python -m tests.system.fuzz.guided TARGET SECONDS``.

A process of its own, that imports nothing of the exporter before atheris can put its counters into it. Its status is 0
if nothing was found.
"""

import sys
from typing import Final

import atheris

with atheris.instrument_imports(include=["exporter", "json", "yaml", "email", "h11"]):
    from tests.system.fuzz.targets import FOUND, be_quiet, scratch, targets

_MAX_LENGTH: Final = 8192
_TOO_SLOW: Final = 10


def main(name: str, seconds: str) -> None:
    """Ends the process."""
    be_quiet()
    folder, found = scratch(), FOUND / name
    target = targets(folder)[name]
    corpus, words = folder / "corpus", folder / "words"
    corpus.mkdir()
    found.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(target.seeds):
        (corpus / f"seed-{number}").write_bytes(seed)
    words.write_text("".join(f"{_quoted(word)}\n" for word in target.words), encoding="ascii")
    arguments = [
        *(f"-max_total_time={seconds}", f"-max_len={_MAX_LENGTH}", f"-timeout={_TOO_SLOW}"),
        *("-verbosity=0", "-print_final_stats=1", f"-artifact_prefix={found}/", f"-dict={words}"),
        *(str(corpus), str(found)),
    ]
    atheris.Setup([sys.argv[0], *arguments], target.check)
    atheris.Fuzz()


def _quoted(word: str) -> str:
    """As libFuzzer reads it in a dictionary."""
    return '"' + "".join(f"\\x{byte:02x}" for byte in word.encode()) + '"'


if __name__ == "__main__":
    main(*sys.argv[1:])
