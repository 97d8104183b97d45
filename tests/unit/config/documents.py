"""Configurations that the tests of this room load."""

from collections.abc import Mapping
from pathlib import Path

from exporter.config.load import load
from exporter.config.problem import InvalidConfig
from exporter.model.settings import Config

MINIMAL = "instances:\n  - name: vendas\n    id: A1\n    token: T1\n"


def load_text(folder: Path, text: str, environ: Mapping[str, str] | None = None) -> Config:
    file = folder / "config.yaml"
    file.write_text(text, encoding="utf-8")
    return load(file, environ or {})


def problems_of(file: Path, environ: Mapping[str, str]) -> list[str]:
    """Each problem as ``line: path: message``; none if the file is a configuration."""
    try:
        load(file, environ)
    except InvalidConfig as error:
        return [str(problem).removeprefix(f"{file}:") for problem in error.problems]
    return []
