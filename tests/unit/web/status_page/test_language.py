import pytest

from exporter.web.status_page.texts import texts_for


@pytest.mark.parametrize(
    ("header", "tag"),
    [
        ("", "en"),
        ("pt-BR", "pt-BR"),
        ("pt", "pt-BR"),
        ("PT-pt", "pt-BR"),
        ("pt-BR,pt;q=0.9,en;q=0.8", "pt-BR"),
        ("en-US,en;q=0.9,pt-BR;q=0.8", "en"),
        ("en;q=0.5, pt;q=0.7", "pt-BR"),
        ("de, pt;q=0.3", "pt-BR"),
        ("de, fr;q=0.3", "en"),
        ("pt;q=0", "en"),
        ("pt ; q=0.2, en;q=0.1", "pt-BR"),
        ("*, pt;q=0.5", "en"),
        ("pt, *;q=0.1", "pt-BR"),
        ("portuguese, ptx, ;;;, pt;q=2x, pt;q=nan", "en"),
    ],
)
def test_the_language_is_the_one_that_is_liked_best(header: str, tag: str) -> None:
    assert texts_for(header).tag == tag
