"""The page of messages."""

from stack.page import Message, render


def test_the_newest_message_comes_first_and_each_once() -> None:
    page = render(
        [
            Message("on-call", "[CRITICAL] vendas is disconnected", "Scan the code."),
            Message("sales", "[CRITICAL] vendas is disconnected", "Scan the code."),
            Message("on-call", "[RESOLVED] vendas is disconnected", "Resolved"),
        ]
    )
    assert page.count("<article") == 2
    assert page.index('class="resolved"') < page.index('class="critical"')
    assert "to on-call and sales" in page


def test_names_are_text_and_no_markup() -> None:
    assert "<script>" not in render([Message("<script>", "<script>", "<script>")])


def test_a_page_without_messages_says_so() -> None:
    assert "Nothing yet." in render([])


def test_the_page_speaks_portuguese_with_the_colours_of_the_severities() -> None:
    page = render(
        [Message(name, "[CRÍTICO] vendas", "Leia o QR code.") for name in ("plantão", "vendas")], "pt-BR"
    )
    assert '<html lang="pt-BR">' in page
    assert "para plantão e vendas" in page
    assert 'class="crítico"' in page
    assert ".critical, .crítico {" in page
