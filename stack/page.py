"""A page with every message so far, the newest first, for whoever would rather look than read a terminal."""

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from string import Template
from typing import Final


@dataclass(frozen=True, slots=True)
class Message:
    """One notification. ``receiver`` is the name that Alertmanager's configuration gives whoever is told."""

    receiver: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Words:
    """What the page itself says in a language."""

    title: str
    to: str
    join: str
    none: str


LANGUAGES: Final = {
    "en": Words("What people were told", "to", " and ", "Nothing yet."),
    "pt-BR": Words("O que as pessoas receberam", "para", " e ", "Nada ainda."),
}
"""A language of the templates → the page's words in it."""

_PAGE: Final = Template("""<!doctype html>
<html lang="$language">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="5">
<title>$title</title>
<style>
  body { font: 15px/1.45 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
         background: #f6f7f9; color: #1c2330 }
  article { background: #fff; border-left: 5px solid #8a94a6; border-radius: 4px; padding: .7rem 1rem;
            margin: .8rem 0; box-shadow: 0 1px 2px #0002 }
  .critical, .crítico { border-color: #c4314b } .warning, .aviso { border-color: #d98c00 }
  .resolved, .ended, .resolvido, .encerrado { border-color: #2e8b57 }
  h1 { font-size: 1.3rem } h2 { font-size: 1rem; margin: 0 }
  p { margin: .3rem 0 0; white-space: pre-line; overflow-wrap: anywhere }
  .to { color: #5a6477; margin: 0 }
</style>
<h1>$title</h1>
$articles
</html>
""")
_ARTICLE: Final = Template("""<article class="$kind">
<p class="to">$to $receivers</p>
<h2>$title</h2>
<p>$text</p>
</article>
""")


def render(messages: Iterable[Message], language: str = "en") -> str:
    """The page as HTML. What several receivers were told in the same words stands there once."""
    words = LANGUAGES[language]
    told: dict[tuple[str, str], list[str]] = {}
    for message in messages:
        told.setdefault((message.title, message.text), []).append(message.receiver)
    articles = [
        _ARTICLE.substitute(
            kind=title[1:].partition("]")[0].lower() if title.startswith("[") else "",
            to=words.to,
            receivers=escape(words.join.join(sorted(receivers))),
            title=escape(title),
            text=escape(text.strip()),
        )
        for (title, text), receivers in told.items()
    ]
    return _PAGE.substitute(
        language=language,
        title=words.title,
        articles="".join(reversed(articles)) or f"<p>{words.none}</p>",
    )
