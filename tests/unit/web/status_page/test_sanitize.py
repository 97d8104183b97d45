import pytest

from exporter.web.status_page.sanitize import MAX_SHOWN, shortened, visible


@pytest.mark.parametrize("text", ["vendas", "são paulo", "売上", "a b", "👩‍👧", "it's <b>", ""])
def test_text_without_hidden_characters_stays_as_it_is(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("a\nb", "a␊b"),
        ("a\r\tb", "a␍␉b"),
        ("\0", "␀"),
        ("\x7f", "␡"),
        ("\x85", "⟨U+0085⟩"),
        ("a\u202eb", "a⟨U+202E⟩b"),
        ("\u2066\u2069\u200f", "⟨U+2066⟩⟨U+2069⟩⟨U+200F⟩"),
        ("\u2028\ufeff\u00ad", "⟨U+2028⟩⟨U+FEFF⟩⟨U+00AD⟩"),
        ("\ud800", "⟨U+D800⟩"),
        ("\U000e0041", "⟨U+E0041⟩"),
    ],
)
def test_a_hidden_character_is_drawn(text: str, seen: str) -> None:
    assert visible(text) == seen


def test_a_very_long_text_is_cut() -> None:
    assert shortened("x" * 5000) == "x" * (MAX_SHOWN - 1) + "…"
    assert shortened("x" * MAX_SHOWN) == "x" * MAX_SHOWN
