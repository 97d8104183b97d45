"""Text that must never be shown, and is found wherever it stands."""

import itertools
import pickle
import unicodedata
from collections.abc import Callable

import pytest

from exporter.model.secret import Secret, SecretScanner, may_hold_token

CANARY = "c4n4ry"
TOKEN = "0A1B2C3D4E5F60718293A4B5"
CLIENT_TOKEN = "Fe56A0Ssegurança7b"


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


def encoded(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())


CHANGES: dict[str, Callable[[str], str]] = {
    "lower case": str.lower,
    "upper case": str.upper,
    "percent-encoded": encoded,
    "percent-encoded in lower case": lambda text: encoded(text).lower(),
    "percent-encoded in part": lambda text: text.replace("5", "%35"),
    "percent-encoded twice": lambda text: encoded(encoded(text)),
    "character references": lambda text: "".join(f"&#{ord(character)};" for character in text),
    "full width": lambda text: text.translate({code: code + 0xFEE0 for code in range(0x21, 0x7F)}),
    "zero-width spaces within": "\u200b".join,
    "soft hyphens within": "\u00ad".join,
    "decomposed": lambda text: unicodedata.normalize("NFD", text),
}


def test_a_secret_in_another_form_is_found(subtests: pytest.Subtests) -> None:
    scanner = SecretScanner(None, Secret(TOKEN), Secret(CLIENT_TOKEN))
    for (name, change), secret in itertools.product(CHANGES.items(), (TOKEN, CLIENT_TOKEN)):
        with subtests.test(name, secret=secret):
            assert scanner.finds_secret(f"https://app.example.com/{change(secret)}")


def test_a_name_may_hold_a_token_if_a_word_is_long_enough() -> None:
    names = ("loja 12", "loja " + "x" * 11, "loja " + "x" * 12, TOKEN)
    assert [may_hold_token(name) for name in names] == [False, False, True, True]


def test_text_that_only_resembles_a_secret_is_none() -> None:
    scanner = SecretScanner(Secret(TOKEN), Secret(CLIENT_TOKEN), None)
    for text in (f"{TOKEN[:-1]} 100% & co", "%252525252541", "a &amp;amp;amp;amp; b"):
        assert not scanner.finds_secret(text)
