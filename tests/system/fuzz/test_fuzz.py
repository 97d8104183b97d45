"""What fuzzing found stays mended, and a short fuzzing of each target finds nothing new."""

from pathlib import Path

import pytest

from tests.system.fuzz.__main__ import TARGETS
from tests.system.fuzz.mutation import any_bytes_like
from tests.system.fuzz.targets import FOUND, Target, targets

FILES = sorted(file for name in TARGETS for file in (FOUND / name).glob("*"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_what_fuzzing_found_is_mended(file: Path, tmp_path: Path) -> None:
    targets(tmp_path)[file.parent.name].check(file.read_bytes())


@pytest.mark.parametrize("name", TARGETS)
def test_the_seeds_are_taken_and_a_short_fuzzing_finds_nothing(name: str, tmp_path: Path) -> None:
    target = targets(tmp_path)[name]
    for seed in target.seeds:
        target.check(seed)
    assert any_bytes_like(target, examples=150, seed=1) is None


def test_fuzzing_finds_what_is_broken() -> None:
    def check(data: bytes) -> None:
        assert b"canary" not in data or b"}" in data

    broken = any_bytes_like(Target(check, (b'{"token": "canary"}',), ("a",)), examples=500, seed=1)
    assert broken is not None
    assert b"canary" in broken
