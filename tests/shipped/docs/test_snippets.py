"""What the documents tell people to copy is right, and what they point at is there."""

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from exporter import flags
from exporter.config.load import load
from tests.shipped.docs.documents import GRAMMARS, ROOT, Snippet, documents, snippets

LANGUAGES = {"sh", "yaml", "promql", "text", "json", "ini", "xml", "mermaid", "dockerfile", "python", "diff"}
SECRET_FILE = re.compile(r"^(\s*(?:- )?\w*token_file: )(\S+)", re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|srcset)=\"([^\"]+)\"")


def keys_of(snippet: Snippet) -> set[str]:
    document = next(iter(yaml.safe_load_all(snippet.text)), None)
    return {*document} if isinstance(document, dict) else set()


def yaml_with(*keys: str) -> list[Snippet]:
    """The snippets that have one of the keys at their top."""
    candidates = (snippet for snippet in snippets("yaml") if snippet.file not in GRAMMARS)
    return [each for each in candidates if keys_of(each) & {*keys} and "apiVersion" not in each.text]


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


def test_a_snippet_says_what_it_is() -> None:
    assert [str(snippet) for snippet in snippets() if snippet.language not in LANGUAGES] == []


def test_yaml_is_yaml() -> None:
    for snippet in snippets("yaml"):
        if snippet.file not in GRAMMARS:
            assert list(yaml.safe_load_all(snippet.text)), snippet


@pytest.mark.parametrize("snippet", yaml_with("api", "instances"), ids=str)
def test_a_configuration_is_valid(snippet: Snippet, tmp_path: Path) -> None:
    def to_a_file_that_is_there(found: "re.Match[str]") -> str:
        file = tmp_path / Path(found[2]).name
        file.write_text("SECRET")
        return f"{found[1]}{file}"

    file = tmp_path / "config.yaml"
    file.write_text(SECRET_FILE.sub(to_a_file_that_is_there, snippet.text))
    environ = dict.fromkeys(re.findall(r"\$\{(\w+)\}", snippet.text), "SECRET")
    config = load(file, environ)
    assert config.instances or config.accounts or config.warnings  # of instance files that are not there


@pytest.mark.parametrize(
    ("key", "command"),
    [
        pytest.param(key, command, marks=pytest.mark.needs(command[0]))
        for key, command in {
            "scrape_configs": ("promtool", "check", "config", "--syntax-only"),
            "groups": ("promtool", "check", "rules"),
            "route": ("amtool", "check-config"),
        }.items()
    ],
)
def test_prometheus_and_alertmanager_take_what_is_for_them(
    key: str, command: tuple[str, ...], tmp_path: Path
) -> None:
    found = yaml_with(key)
    assert found
    for snippet in found:
        file = tmp_path / f"{snippet.file.stem}-{snippet.line}.yaml"
        file.write_text(snippet.text)
        run(*command, file)


@pytest.mark.needs("promtool")
def test_prometheus_understands_every_query(tmp_path: Path) -> None:
    rules = [{"record": f"a:query:{at}", "expr": each.text} for at, each in enumerate(snippets("promql"))]
    assert rules
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    run("promtool", "check", "rules", file)


def test_a_shell_understands_every_shell_snippet(tmp_path: Path) -> None:
    """Each is a file of its own: one that ends in the middle of a word would go on in the next."""
    for at, snippet in enumerate(snippets("sh")):
        (tmp_path / f"{at}.sh").write_text(snippet.text)
    check = 'for script in "$@"; do bash -n "$script" || bad=1; done; exit ${bad:-0}'
    run("bash", "-c", check, "bash", *sorted(tmp_path.glob("*.sh")))


def test_the_exporter_knows_every_flag_that_is_used() -> None:
    calls = list(commands("zapi-exporter"))
    assert calls
    assert [f"{snippet}: {arguments}" for snippet, arguments in calls if not is_understood(arguments)] == []


def is_understood(arguments: list[str]) -> bool:
    try:
        flags.parse(arguments)
    except SystemExit as end:
        return end.code == 0
    return True


def test_every_target_of_make_that_is_used_is_there() -> None:
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    calls = list(commands("make"))
    assert calls
    for snippet, arguments in calls:
        wanted = {word for word in arguments if "=" not in word}
        assert wanted, snippet
        assert wanted <= {*targets}, snippet


def links(document: Path) -> Iterator[str]:
    """What a document points at, but for other sites."""
    found = (each[1] or each[2] for each in LINK.finditer(document.read_text(encoding="utf-8")))
    yield from (link for link in found if not re.match(r"https?:|mailto:", link))


def anchors(document: Path) -> set[str]:
    """What ``#…`` may be behind the name of the document."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_file_and_section_that_is_linked_to_is_there() -> None:
    lost = []
    for document in documents():
        for link in links(document):
            path, _, anchor = link.partition("#")
            target = document.parent / path if path else document
            if not target.exists() or (anchor and anchor not in anchors(target)):
                lost.append(f"{document.relative_to(ROOT)}: {link}")
    assert lost == []
