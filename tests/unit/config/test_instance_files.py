"""Instances come from files too: a bad one is left out or kept as it was, and never the others."""

import glob
import json
import os
from pathlib import Path

import pytest

from exporter.config.files import FileReader, Matches, UnreadableFile, find_matches
from exporter.config.load import ConfigFile, load
from exporter.config.problem import InvalidConfig
from exporter.model.secret import Secret
from exporter.model.settings import Config
from tests.counting import calls_of
from tests.unit.config.documents import MINIMAL

FILES = "instance_files: [teams/*.yaml, teams/*.json]\n"


def entry(name: str, more: str = "") -> str:
    return f"- {{name: {name}, id: ID-{name}, token: T{more}}}\n"


UNKNOWN_IN_FILE = 'unknown key; expected one of defaults, instances, or a key that begins with "x-"'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "teams").mkdir()
    return tmp_path


def loaded(folder: Path, main: str = FILES) -> Config:
    (folder / "config.yaml").write_text(main, encoding="utf-8")
    return load(folder / "config.yaml", {"TOKEN": "ENV"})


def names(config: Config) -> list[str]:
    return [instance.name for instance in config.instances]


def problems(config: Config, folder: Path) -> list[str]:
    told = [problem for source in config.sources for problem in source.problems]
    assert all(problem.startswith(f"{folder}/teams/") for problem in told)
    return [problem.removeprefix(f"{folder}/teams/") for problem in told]


def test_a_file_is_a_list_or_a_mapping_in_yaml_or_json(folder: Path) -> None:
    (folder / "teams/b.yaml").write_text(entry("list", ", labels: {team: b}"))
    (folder / "teams/a.yaml").write_text("x-any: {}\ninstances:\n" + entry("mapping"))
    instance = {"name": "Café 🎉 \\ud83c", "id": "J", "token": "T/", "labels": {"emoji": "\t🎉"}}
    (folder / "teams/c.JSON").write_text(json.dumps({"instances": [instance]}, indent="\t"))
    config = loaded(folder, FILES.replace("json", "JSON") + MINIMAL)
    assert names(config) == ["vendas", "mapping", "list", "Café 🎉 \\ud83c"]
    assert config.instances[3].labels == {"emoji": "\t🎉"}
    assert [one.source for one in config.instances] == [one.name for one in config.sources]
    assert [(source.name, len(source.instances), source.problems) for source in config.sources] == [
        ("config", 1, ()),
        (f"file:{folder}/teams/a.yaml", 1, ()),
        (f"file:{folder}/teams/b.yaml", 1, ()),
        (f"file:{folder}/teams/c.JSON", 1, ()),
    ]


def test_the_defaults_of_a_file_go_over_those_of_the_configuration(folder: Path) -> None:
    main = (
        "api: {client_token: C}\ndefaults: {labels: {team: none, zone: a}, expected_webhooks: [received]}\n"
    )
    (folder / "teams/a.yaml").write_text(
        "defaults: {labels: {team: sales}, expected_webhooks: [delivery]}\n"
        "instances:\n" + entry("one") + entry("two", ", labels: {team: own, zone: ''}")
    )
    one, two = loaded(folder, main + FILES).instances
    assert (one.labels, two.labels) == ({"team": "sales", "zone": "a"}, {"team": "own"})
    assert one.expected_webhooks == {"received": None, "delivery": None}
    assert one.client_token == Secret("C")


def test_secrets_come_from_files_beside_and_the_environment(folder: Path) -> None:
    (folder / "teams/secret").write_text("S")
    (folder / "teams/a.yaml").write_text(
        "- {name: a, id: A, token_file: secret}\n- {name: b, id: B, token: '${TOKEN}'}\n"
    )
    (folder / "teams/b.yaml").write_text(entry("c"))
    config = loaded(folder)
    assert [instance.token for instance in config.instances] == [Secret("S"), Secret("ENV"), Secret("T")]
    assert set(config.secret_files) == {folder / "teams/secret", folder / "teams/b.yaml"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("- {name: a, id: A, tokn: T}\n", ['1: instances[0].token: is missing; set token or token_file (instance "a")',
                                          '1: instances[0].tokn: unknown key; did you mean "token"? (instance "a")']),
        (entry("a", ", <<: x"), ["1: [0].<<: must be an alias of a mapping, or a list of such aliases"]),
        ("instances: x\n", ["1: instances: must be a list of instances"]),
        ("defaults: {}\n", ["1: instances: is missing"]),
        ("", ["1: instances: is missing"]),
        ("text", ["1: document: must be a mapping, not text"]),
        ("- [\n", ["1: document: is not valid YAML: did not find expected node content"]),
        ("polling: {}\ninstances: []\n", [f"1: polling: {UNKNOWN_IN_FILE}"]),
        (entry("one") + entry("one"), ['2: instances[1].name: duplicates the name "one" on line 1',
                                       '2: instances[1].id: duplicates the id of "one" on line 1 (instance "one")']),
        (entry("vendas"), ['1: instances[0].name: duplicates the name "vendas" on line 3 of the configuration']),
        (entry("x").replace("ID-x", "a1"),
         ['1: instances[0].id: duplicates the id of "vendas" on line 4 of the configuration (instance "x")']),
    ],
)  # fmt: skip
def test_a_wrong_file_is_left_out_and_the_others_are_taken(folder: Path, text: str, told: list[str]) -> None:
    (folder / "teams/bad.yaml").write_text(text)
    (folder / "teams/good.yaml").write_text(entry("good"))
    config = loaded(folder, FILES + MINIMAL)
    assert problems(config, folder) == [f"bad.yaml:{line}" for line in told]
    assert names(config) == ["vendas", "good"]


def test_a_token_of_another_file_or_of_the_configuration_is_no_name(folder: Path) -> None:
    (folder / "teams/a.yaml").write_text(entry("one", "OKEN-ONE"))
    (folder / "teams/b.yaml").write_text(
        "- {name: token-one, id: B, token: T-OF-TWO, labels: {t: TOKEN-MAIN}}\n"
    )
    config = loaded(folder, FILES + MINIMAL.replace("T1", "TOKEN-MAIN"))
    seen = (
        "contains a token of another instance or an account, but is visible on the status page and in metrics"
    )
    assert problems(config, folder) == [
        f"b.yaml:1: instances[0].name: {seen}; put a name here",
        f"b.yaml:1: instances[0].labels: {seen}; remove it from the labels",
    ]
    assert names(config) == ["vendas", "one"]


def test_a_duplicate_of_another_file_names_it(folder: Path) -> None:
    (folder / "teams/a.yaml").write_text(entry("one"))
    (folder / "teams/b.yaml").write_text(entry("two") + entry("one"))
    (folder / "teams/c.yaml").write_text(entry("two"))
    config = loaded(folder)
    where = f"on line 1 of {folder}/teams/a.yaml"
    assert problems(config, folder) == [
        f'b.yaml:2: instances[1].name: duplicates the name "one" {where}',
        f'b.yaml:2: instances[1].id: duplicates the id of "one" {where} (instance "one")',
    ]
    assert names(config) == ["one", "two"], "what is left out takes no name"


def test_what_is_no_regular_file_is_left_out(folder: Path) -> None:
    os.mkfifo(folder / "teams/pipe.yaml")
    (folder / "teams/folder.yaml").mkdir()
    (folder / "teams/good.yaml").write_text(entry("good"))
    config = loaded(folder)
    advice = "not a regular file; correct it, or have no pattern match it"
    assert problems(config, folder) == [
        f"folder.yaml:1: document: is a directory, {advice}",
        f"pipe.yaml:1: document: is a named pipe, {advice}",
    ]
    assert names(config) == ["good"]


def test_a_pattern_that_matches_nothing_is_a_warning(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    config = loaded(folder, "\n" + FILES)
    why = "matches no file; check the pattern (a relative one starts at the directory of this file)"
    assert config.warnings == tuple(f"{folder}/config.yaml:2: instance_files[{n}]: {why}" for n in (0, 1))
    assert config.instances == ()
    ConfigFile(folder / "config.yaml", {}).load()
    assert [vars(record)["problem"] for record in caplog.records] == list(config.warnings)


def test_a_file_that_two_patterns_match_is_read_once(folder: Path) -> None:
    (folder / "teams/a.yaml").write_text(entry("one"))
    config = loaded(folder, f"instance_files: ['teams/*', '{folder}/teams/a.yaml', 't*/a.yaml']\n")
    assert (names(config), problems(config, folder)) == (["one"], [])


@pytest.fixture
def source(folder: Path) -> ConfigFile:
    (folder / "teams/a.yaml").write_text(entry("one"))
    (folder / "teams/b.yaml").write_text(entry("two"))
    (folder / "config.yaml").write_text(FILES + MINIMAL)
    config = ConfigFile(folder / "config.yaml", {})
    assert names(config.load()) == ["vendas", "one", "two"]
    assert config.holds() == config.held
    return config


def test_a_file_that_goes_bad_keeps_its_last_good_content(
    folder: Path, source: ConfigFile, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "teams/a.yaml").write_text("- {")
    (folder / "teams/b.yaml").write_text(entry("three"))
    for _ in range(2):
        assert names(source.load()) == ["vendas", "one", "three"]
    told = [(record.getMessage(), vars(record)["problem"]) for record in caplog.records]
    assert {message for message, _ in told if message.startswith("an instance")} == {
        "an instance file keeps its last good content"
    }
    for text in (entry("four"), "- {"):
        (folder / "teams/a.yaml").write_text(text)
        assert names(source.load()) == ["vendas", "four", "three"]


def test_a_name_that_is_not_text_is_shown_with_escapes(folder: Path) -> None:
    """It is on a metric and on the page, which are UTF-8."""
    file = Path(os.fsdecode(os.fsencode(folder / "teams") + b"/\xff.yaml"))
    (folder / "config.yaml").write_text(FILES)
    source = ConfigFile(folder / "config.yaml", {})
    for text, told in (
        (entry("one"), []),
        ("- 1", ["\\xff.yaml:1: instances[0]: must be a mapping, not a number"]),
    ):
        file.write_text(text)
        config = source.load()
        assert source.holds() == source.held
        assert (names(config), problems(config, folder)) == (["one"], told)
        assert [one.name for one in config.sources[1:]] == [f"file:{folder}/teams/\\xff.yaml"]


def test_what_is_kept_yields_to_what_another_file_says_now(folder: Path, source: ConfigFile) -> None:
    (folder / "teams/a.yaml").write_text("- {")
    (folder / "teams/b.yaml").write_text(entry("one"))
    config = source.load()
    assert names(config) == ["vendas", "one", "two"]
    assert problems(config, folder)[1:] == [
        f"b.yaml:1: instances[0].{key} of {folder}/teams/a.yaml{whose}"
        for key, whose in (("name: duplicates the name", ""), ("id: duplicates the id", ' (instance "one")'))
    ]
    (folder / "config.yaml").write_text(FILES + MINIMAL.replace("vendas", "one"))
    assert names(source.load()) == ["one", "two"]
    (folder / "teams/b.yaml").write_text("- {")
    (folder / "config.yaml").write_text(FILES + MINIMAL.replace("A1", "id-TWO"))
    assert names(source.load()) == ["vendas"]


def test_a_bad_configuration_forgets_no_file(folder: Path, source: ConfigFile) -> None:
    (folder / "config.yaml").write_text("nonsense")
    with pytest.raises(InvalidConfig):
        source.load()
    (folder / "config.yaml").write_text(FILES)
    (folder / "teams/a.yaml").write_text("- {")
    assert names(source.load()) == ["one", "two"]


def test_a_folder_that_does_not_answer_loses_no_instance(
    folder: Path, source: ConfigFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = FileReader.call

    def refuse(reader: FileReader, work: object) -> object:
        if "find_matches" in repr(work):
            raise UnreadableFile("did not answer")
        return asked(reader, work)  # type: ignore[arg-type]

    monkeypatch.setattr(FileReader, "call", refuse)
    for _ in range(2):
        config = source.load()
        assert names(config) == ["vendas", "one", "two"]
        assert problems(config, folder) == [
            f"{file}: instance_files[{number}]: did not answer"
            for file, number in (("a.yaml", 0), ("b.yaml", 0), ("*.yaml", 0), ("*.json", 1))
        ]


def test_a_folder_that_cannot_be_listed_loses_no_instance(folder: Path, source: ConfigFile) -> None:
    """It is a link to itself: root, which may list every folder, cannot list it either."""
    (folder / "teams").rename(folder / "away")
    (folder / "teams").symlink_to("teams")
    (folder / "more").mkdir()
    (folder / "more/c.yaml").write_text(entry("three"))
    (folder / "config.yaml").write_text("instance_files: [teams/*.yaml, more/*.yaml]\n" + MINIMAL)
    for _ in range(2):
        config = source.load()
        assert sorted(names(config)) == ["one", "three", "two", "vendas"]
        assert len({one.name for one in config.sources}) == len(config.sources)
    assert problems_of(config, "file:" + str(folder / "teams/a.yaml"))
    (folder / "teams").unlink()
    assert source.holds() != source.held
    assert names(source.load()) == ["vendas", "three"]


@pytest.mark.parametrize("pattern", ["teams/*.yaml", "teams/a.yaml", "*/a.yaml"])
def test_a_folder_that_cannot_be_read_at_the_start_is_told(folder: Path, pattern: str) -> None:
    (folder / "teams").rmdir()
    (folder / "teams").symlink_to("teams")
    config = loaded(folder, f"instance_files: [{pattern!r}]\n" + MINIMAL)
    (problem,) = problems_of(config, f"file:{folder}/{pattern}")
    assert problem.startswith(f"{folder}/{pattern}: instance_files[0]: {folder}/teams")
    assert problem.endswith("Too many levels of symbolic links")


def problems_of(config: Config, source: str) -> tuple[str, ...]:
    return next(each.problems for each in config.sources if each.name == source)


@pytest.mark.parametrize(
    "pattern",
    [
        *("*", "*.yaml", ".*", "**", "[ab].yaml", "sub/*", "*/c.yaml", "a.yaml", "none/*", "a.yaml/*"),
        *("./*", "sub/../?.yaml"),
    ],
)
def test_a_pattern_matches_what_a_shell_would(tmp_path: Path, pattern: str) -> None:
    (tmp_path / "sub").mkdir()
    for name in ("a.yaml", "b.yaml", ".hidden", "sub/c.yaml", "[ab].yaml"):
        (tmp_path / name).touch()
    expected = Matches(tuple(sorted(map(Path, glob.glob(str(tmp_path / pattern))), key=str)))
    assert find_matches(tmp_path / pattern) == expected


def test_many_files_cost_about_what_one_costs(folder: Path) -> None:
    entries = [entry(f"n{number}") for number in range(500)]

    def calls(files: int) -> int:
        for number in range(files):
            (folder / f"teams/{number}.yaml").write_text("".join(entries[number::files]))
        return calls_of(lambda: loaded(folder))

    one = calls(1)
    assert calls(50) < 1.5 * one
