"""Which survivors of the mutation run count."""

from pathlib import Path

import pytest

from tests.mutation.judgement import Judgement, Mutant, read, unjudged
from tests.mutation.mutating import place_of
from tests.mutation.packages import PACKAGES

PLACE = "fleet.store.Fleet.expire"
SURVIVOR = Mutant(PLACE, "if now < a[0]:", "if now <= a[0]:")


@pytest.mark.parametrize(
    ("place", "mutant", "covered"),
    [
        (PLACE, "if now < a[0]: → if now <= a[0]:", True),
        ("fleet.*", "*now <* → *", True),
        ("fleet.store.Fleet.record", "if now < a[0]: → if now <= a[0]:", False),
        (PLACE, "if now < a[0]: → if now > a[0]:", False),
        (PLACE, "now < → now <=", False),
    ],
)
def test_a_judgement_covers_what_it_says(place: str, mutant: str, covered: bool) -> None:
    assert unjudged([SURVIVOR], [Judgement(place, mutant, "why")]) == ([] if covered else [SURVIVOR])


@pytest.mark.parametrize(
    ("before", "after", "counts"),
    [
        ('log("polls are late")', 'log("XXpolls are lateXX")', False),
        ('log("polls are late")', 'log("POLLS ARE LATE")', False),
        ('log("polls are late")', "log(None)", True),
        ('label("outcome")', 'label("XXoutcomeXX")', True),
        ('log("polls are late", 1)', 'log("POLLS ARE LATE", 2)', True),
        ('log("polls are late", "name")', 'log("polls are late", "NAME")', True),
    ],
)
def test_letters_of_a_sentence_need_no_judgement(before: str, after: str, counts: bool) -> None:
    assert bool(unjudged([Mutant(PLACE, before, after)], [])) == counts


@pytest.mark.parametrize(
    ("key", "place"),
    [
        ("exporter.fleet.store.xǁFleetǁ_fail__mutmut_12", "fleet.store.Fleet._fail"),
        ("exporter.fleet.store.xǁFleetǁ__init____mutmut_5", "fleet.store.Fleet.__init__"),
        ("exporter.model.shard.x_shard_of__mutmut_8", "model.shard.shard_of"),
        ("exporter.model.shard.x__jump__mutmut_2", "model.shard._jump"),
        ("exporter.cli.x_main__mutmut_1", "cli.main"),
    ],
)
def test_the_place_of_a_mutant_has_no_number(key: str, place: str) -> None:
    assert place_of(key) == place


def test_every_line_of_the_list_is_a_judgement_with_a_reason() -> None:
    assert all(judgement.why for judgement in read())


@pytest.mark.parametrize("line", ["a | b → c", "a | b | why", "a"])
def test_a_line_that_says_too_little_is_refused(tmp_path: Path, line: str) -> None:
    (tmp_path / "judged.txt").write_text(line + "\n")
    with pytest.raises(ValueError, match="expected 'place"):
        read(tmp_path / "judged.txt")


def test_every_package_is_mutated() -> None:
    exporter = Path(__file__).resolve().parents[3] / "exporter"
    assert {folder.name for folder in exporter.iterdir() if (folder / "__init__.py").exists()} - {"demo"} == (
        PACKAGES.keys() - {"top"}
    )
    for package in PACKAGES.values():
        assert list(exporter.parent.glob(package.sources))
        assert all((exporter.parent / name).exists() for name in (*package.tests, *package.elsewhere))
