"""What the documents tell people to copy is right, and what they point at is there."""

import re
import shlex
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter import config, flags
from tests.shipped.docs.documents import GRAMMARS, ROOT, Snippet, documents, snippets

LANGUAGES = {"sh", "yaml", "promql", "text", "json", "ini", "xml", "mermaid", "dockerfile", "python", "diff"}
SECRET_FILE = re.compile(r"^(\s*(?:- )?(?:client_)?token_file: )(\S+)$", re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|srcset)=\"([^\"]+)\"")


def first_key(snippet: Snippet) -> dict[str, Any]:
    document = next(iter(yaml.safe_load_all(snippet.text)), None)
    return document if isinstance(document, dict) else {}


def yaml_with(key: str) -> list[Snippet]:
    candidates = (snippet for snippet in snippets("yaml") if snippet.file not in GRAMMARS)
    return [
        snippet for snippet in candidates if key in first_key(snippet) and "apiVersion" not in snippet.text
    ]


def commands(program: str) -> Iterator[tuple[Snippet, list[str]]]:
    """Each call of the program in a shell snippet: its arguments."""
    for snippet in snippets("sh"):
        for line in snippet.text.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            names = [Path(word).name for word in words]
            called = [at for at, name in enumerate(names) if name == program and _begins(words[:at])]
            for at in called:
                arguments = words[at + 1 :]
                ends = [at for at, word in enumerate(arguments) if re.match(r"[|;&<>]|\d>", word)]
                yield snippet, arguments[: min(ends, default=len(arguments))]


def _begins(words: list[str]) -> bool:
    """Whether a command begins after these words, and not another argument."""
    return not words or re.fullmatch(r"\w+=.*|sudo|exec|[|;&]+", words[-1]) is not None


def run(*command: str | Path) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("snippet", snippets(), ids=str)
def test_a_snippet_says_what_it_is(snippet: Snippet) -> None:
    assert snippet.language in LANGUAGES


@pytest.mark.parametrize("snippet", [each for each in snippets("yaml") if each.file not in GRAMMARS], ids=str)
def test_yaml_is_yaml(snippet: Snippet) -> None:
    assert list(yaml.safe_load_all(snippet.text))


@pytest.mark.parametrize("snippet", yaml_with("instances"), ids=str)
def test_a_configuration_is_valid(snippet: Snippet, tmp_path: Path) -> None:
    def to_a_file_that_is_there(found: "re.Match[str]") -> str:
        file = tmp_path / Path(found[2]).name
        file.write_text("SECRET")
        return f"{found[1]}{file}"

    file = tmp_path / "config.yaml"
    file.write_text(SECRET_FILE.sub(to_a_file_that_is_there, snippet.text))
    environ = dict.fromkeys(re.findall(r"\$\{(\w+)\}", snippet.text), "SECRET")
    assert config.load(file, environ).instances


@pytest.mark.needs("promtool")
@pytest.mark.parametrize("snippet", yaml_with("scrape_configs"), ids=str)
def test_a_configuration_of_prometheus_is_valid(snippet: Snippet, tmp_path: Path) -> None:
    file = tmp_path / "prometheus.yaml"
    file.write_text(re.sub(r"^rule_files:\n(?:  - .*\n)+", "", snippet.text, flags=re.MULTILINE))
    run("promtool", "check", "config", "--syntax-only", file)


@pytest.mark.needs("amtool")
@pytest.mark.parametrize("snippet", yaml_with("route"), ids=str)
def test_a_configuration_of_alertmanager_is_valid(snippet: Snippet, tmp_path: Path) -> None:
    file = tmp_path / "alertmanager.yaml"
    file.write_text(snippet.text)
    run("amtool", "check-config", file)


@pytest.mark.needs("promtool")
def test_prometheus_understands_every_query(tmp_path: Path) -> None:
    rules = [{"record": f"a:query:{at}", "expr": each.text} for at, each in enumerate(snippets("promql"))]
    assert rules
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    run("promtool", "check", "rules", file)


@pytest.mark.parametrize("snippet", snippets("sh"), ids=str)
def test_a_shell_understands_a_shell_snippet(snippet: Snippet, tmp_path: Path) -> None:
    script = tmp_path / "snippet.sh"
    script.write_text(snippet.text)
    run("bash", "-n", script)


@pytest.mark.parametrize(("snippet", "arguments"), list(commands("zapi-exporter")), ids=str)
def test_the_exporter_knows_every_flag_that_is_used(snippet: Snippet, arguments: list[str]) -> None:
    if "--version" in arguments or "--help" in arguments:
        return
    flags.parse(arguments)


@pytest.mark.parametrize(("snippet", "arguments"), list(commands("make")), ids=str)
def test_every_target_of_make_that_is_used_is_there(snippet: Snippet, arguments: list[str]) -> None:
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    wanted = [word for word in arguments if "=" not in word]
    assert wanted
    assert set(wanted) <= set(targets)


@pytest.mark.parametrize("document", documents(), ids=lambda file: str(file.relative_to(ROOT)))
def test_every_file_that_is_linked_to_is_there(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    links = (found[1] or found[2] for found in LINK.finditer(text))
    local = {link.partition("#")[0] for link in links if not re.match(r"https?:|mailto:|#", link)}
    missing = [link for link in local if not (document.parent / link).exists()]
    assert missing == []


HEADING: Callable[[str], list[str]] = re.compile(r"^#+ (.+)$", re.MULTILINE).findall


@pytest.mark.parametrize("document", documents(), ids=lambda file: str(file.relative_to(ROOT)))
def test_every_section_that_is_linked_to_is_there(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for link in (found[1] for found in LINK.finditer(text) if found[1] and "#" in found[1]):
        path, _, anchor = link.partition("#")
        if re.match(r"https?:", link):
            continue
        target = document if not path else document.parent / path
        headings = HEADING(target.read_text(encoding="utf-8"))
        anchors = [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]
        assert anchor in anchors, link
