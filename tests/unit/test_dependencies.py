"""What the exporter imports is what it declares."""

import ast
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]


def imported() -> set[str]:
    """The distributions of which a file of the exporter imports something."""
    modules = set()
    for file in (ROOT / "exporter").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                modules |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                modules.add(str(node.module).partition(".")[0])
    owners = packages_distributions()
    return {owners[name][0].lower() for name in modules - sys.stdlib_module_names - {"exporter"}}


def test_every_import_is_declared_and_every_declared_package_is_imported() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    block = project.partition("\ndependencies = [")[2].partition("\n]")[0]
    declared = set(re.findall(r'^    "([\w-]+)', block, re.MULTILINE))

    assert {name.replace("_", "-") for name in imported()} == declared
