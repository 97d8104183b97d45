"""What a word of a list can be."""

import pytest

from exporter.model.account_list import MAX_TEXT, is_word


@pytest.mark.parametrize("text", ["a", "3C67AB641C8AA0412F6A", "número", "a" * MAX_TEXT])
def test_a_word_is(text: str) -> None:
    assert is_word(text)


@pytest.mark.parametrize(
    "text", ["", "a" * (MAX_TEXT + 1), "a b", "a\u00a0b", " a", "a\n", "a\x00b", "a\u202eb"]
)
def test_no_word_is(text: str) -> None:
    assert not is_word(text)
