"""What a word of a list can be, and the clocks of the system."""

import time

from exporter.model.account_list import MAX_TEXT, is_word
from exporter.model.clock import SystemClock


def test_a_word_has_no_space_and_an_end() -> None:
    words = ["a", "3C67AB641C8AA0412F6A", "número", "a" * MAX_TEXT]
    others = ["", "a" * (MAX_TEXT + 1), "a b", "a\u00a0b", " a", "a\n", "a\x00b", "a\u202eb"]
    assert list(filter(is_word, [*others, *words])) == words


def test_a_stepped_wall_clock_moves_no_age() -> None:
    clock = SystemClock()
    assert (clock.monotonic, clock.time) == (time.monotonic, time.time)
