"""The house is built as docs/architecture.md says: data moves one way, and what is imported is declared."""

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PACKAGE: Final = ROOT / "exporter"
ENTRANCES: Final = {"__init__", "__main__"}
"""Not rooms: the version, and ``python -m exporter``."""


def documented_rooms() -> list[str]:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = text.partition("## Packages")[2].partition("## ")[0]
    return re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)


MODULES: Final = {
    ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): file
    for file in sorted(PACKAGE.rglob("*.py"))
}


@cache
def imports(module: str) -> tuple[str, ...]:
    """The names that a module imports, at its top or inside of a function: modules, also those of ours."""
    return tuple(_imports(module))


def _imports(module: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: a relative import"
            inner = (f"{node.module}.{alias.name}" for alias in node.names)
            yield from (name if name in MODULES else str(node.module) for name in inner)


def room(module: str) -> str:
    _, _, rest = module.partition(".")
    return rest.partition(".")[0] or "__init__"


def test_every_room_is_in_the_document_and_every_documented_room_is_there() -> None:
    assert sorted(documented_rooms()) == sorted({room(module) for module in MODULES} - ENTRANCES)


def test_a_module_imports_only_from_its_own_room_and_those_before_it() -> None:
    place = {name: at for at, name in enumerate(["__init__", *documented_rooms()])}
    upwards = [
        f"{module} imports {imported}"
        for module in MODULES
        if room(module) not in ENTRANCES
        for imported in imports(module)
        if imported in MODULES and place.get(room(imported), len(place)) > place[room(module)]
    ]
    assert upwards == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = {module: (set(imports(module)) & MODULES.keys()) - {module} for module in MODULES}
    assert list(TopologicalSorter(graph).static_order())


def test_nothing_of_the_product_imports_its_tests() -> None:
    for module, file in MODULES.items():
        assert not re.search(
            r"^\s*(from|import) (tests|harness|simulator)\b", file.read_text(encoding="utf-8"), re.M
        ), module


def test_no_module_of_the_tests_imports_a_test_module() -> None:
    for file in (ROOT / "tests").rglob("*.py"):
        assert not re.search(r"^from tests[.\w]*\.test_", file.read_text(encoding="utf-8"), re.M), file


def documented_files() -> dict[str, list[str]]:
    """Each larger package and the files that its list names, without their suffix."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    section = text.partition("## Files of the larger packages\n")[2].partition("\n## ")[0]
    packages = re.split(r"^### `(\w+)`$", section, flags=re.MULTILINE)[1:]
    lists = (re.findall(r"^- `([\w/]+)`: ", files, re.MULTILINE) for files in packages[1::2])
    return dict(zip(packages[::2], lists, strict=True))


def test_every_file_of_a_larger_package_has_its_idea_in_the_document() -> None:
    larger = {file.parent.relative_to(PACKAGE).parts[0] for file in PACKAGE.glob("*/*.py")}
    assert sorted(documented_files()) == sorted(larger)
    for package, named in documented_files().items():
        files = (file.relative_to(PACKAGE / package) for file in (PACKAGE / package).rglob("*.py"))
        assert sorted(named) == sorted(str(file.with_suffix("")) for file in files if file.stem != "__init__")


def test_every_import_is_declared_and_every_declared_package_is_imported() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    block = project.partition("\ndependencies = [")[2].partition("\n]")[0]
    declared = set(re.findall(r'^    "([\w-]+)', block, re.MULTILINE))
    imported = {name.partition(".")[0] for module in MODULES for name in imports(module)}
    owners = packages_distributions()
    foreign = imported - sys.stdlib_module_names - {"exporter"}
    assert {owners[name][0].lower().replace("_", "-") for name in foreign} == declared
