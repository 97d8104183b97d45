"""Each file in ``bad`` gives exactly the problems that its first lines expect, and no other."""

from pathlib import Path

import pytest

from tests.unit.config.documents import problems_of

BAD = Path(__file__).parent / "bad"
ENVIRON = {"CANARY": "canary", "EMPTY": "", "RAW": "\udcff"}
EXPECT = "# expect "


def test_a_bad_file_is_refused_with_what_is_wrong_in_it(subtests: pytest.Subtests) -> None:
    """And no message repeats what may be a secret."""
    for file in sorted(BAD.glob("*.yaml")):
        with subtests.test(file.stem):
            lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
            expected = [line.removeprefix(EXPECT) for line in lines if line.startswith(EXPECT)]
            assert expected
            told = problems_of(file, ENVIRON)
            assert told == expected
            assert "SECRET" not in str(told)
            assert "canary" not in str(told)
