"""Writes the references in Portuguese: ``python docs/generate_portuguese.py``.

With ``--check`` it only says what is wrong.

They are generated as the English ones are, with the texts of ``docs/pt-BR/reference.yaml``. Exit status 1: a text is
missing there or is in no reference any more, or with ``--check`` a document is not up to date.
"""

import sys
from pathlib import Path
from typing import Final

import generate_metrics
import yaml

from exporter.config import reference

FOLDER: Final = Path(__file__).resolve().parent / "pt-BR"


class Catalogue:
    """The texts of one reference by the English ones, and which were asked for."""

    def __init__(self, texts: dict[str, str]) -> None:
        self._texts = texts
        self._asked: set[str] = set()

    def translate(self, text: str) -> str:
        self._asked.add(text)
        return self._texts.get(text, text)

    def faults(self) -> list[str]:
        """The texts that are missing, and those that nothing asks for."""
        missing = [f"missing: {text}" for text in sorted(self._asked - self._texts.keys())]
        return missing + [f"not used: {text}" for text in sorted(self._texts.keys() - self._asked)]


def main(arguments: list[str]) -> int:
    texts = yaml.safe_load((FOLDER / "reference.yaml").read_text(encoding="utf-8"))
    keys, metrics = Catalogue(texts["configuration"]), Catalogue(texts["metrics"])
    configuration = (FOLDER / "configuration.md").read_text(encoding="utf-8")
    documents = {
        "configuration.md": reference.renewed(configuration, keys.translate),
        "metrics.md": generate_metrics.document(metrics.translate, "pt-BR", "[English](../metrics.md)"),
    }
    faults = keys.faults() + metrics.faults()
    for name, document in documents.items():
        file = FOLDER / name
        if "--check" not in arguments:
            file.write_text(document, encoding="utf-8")
        elif document != file.read_text(encoding="utf-8"):
            faults.append(f"not up to date: {name}")
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
