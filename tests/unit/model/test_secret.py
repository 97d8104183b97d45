"""Text that must never be shown."""

import pickle

import pytest

from exporter.model.secret import Secret

CANARY = "c4n4ry"


def test_no_way_of_writing_it_shows_the_text() -> None:
    secret = Secret(CANARY)
    assert {str(secret), repr(secret), f"{secret}", f"{secret!r}", "%s" % secret} == {"<secret>"}  # noqa: UP031
    assert f"{secret:>10}" == "  <secret>"
    assert CANARY not in str([secret]) + str({"token": secret})


def test_it_is_not_pickled() -> None:
    with pytest.raises(TypeError, match="a secret is not pickled"):
        pickle.dumps(Secret(CANARY))


def test_secrets_of_one_text_are_equal_and_others_are_not() -> None:
    assert Secret(CANARY) == Secret(CANARY)
    assert hash(Secret(CANARY)) == hash(Secret(CANARY))
    assert len({hash(Secret(str(number))) for number in range(100)}) > 90
    assert Secret(CANARY) != Secret("another")
    assert Secret(CANARY) != CANARY


def test_secrets_are_compared_even_if_they_are_no_unicode_text() -> None:
    half_a_pair = "https://hooks.example.com/\ud800"
    assert Secret(half_a_pair) == Secret(half_a_pair)
    assert Secret(half_a_pair) != Secret(CANARY)
