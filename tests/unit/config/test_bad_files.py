"""Each file in ``bad`` gives exactly the problems that its first lines expect, and no other."""

from pathlib import Path

import pytest

from tests.unit.config.documents import problems_of

BAD = Path(__file__).parent / "bad"
ENVIRON = {"CANARY": "canary", "EMPTY": ""}
EXPECT = "# expect "


@pytest.mark.parametrize("file", sorted(BAD.glob("*.yaml")), ids=lambda file: file.stem)
def test_a_bad_file_is_refused_with_what_is_wrong_in_it(file: Path) -> None:
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    expected = [line.removeprefix(EXPECT) for line in lines if line.startswith(EXPECT)]
    assert expected
    assert problems_of(file, ENVIRON) == expected


def test_no_message_repeats_what_may_be_a_secret() -> None:
    for file in BAD.glob("*.yaml"):
        messages = "\n".join(problems_of(file, ENVIRON))
        assert "SECRET" not in messages, file
        assert "canary" not in messages, file
