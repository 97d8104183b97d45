"""What the page says of the places that instances come from."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from exporter.fleet.store import InstanceView
from exporter.model.settings import InstanceSource
from tests.builders import an_instance
from tests.unit.web.status_page.fleets import NOW, a_view, answer

CONFIG = InstanceSource("config", ())
FAILED = "Z-API failed to answer (HTTP 503)"


def from_source(name: str, source: str) -> InstanceView:
    return a_view(instance=replace(an_instance(name), source=source))


def account(**fields: Any) -> InstanceSource:
    return InstanceSource(
        "account:matriz", fields.pop("instances", (an_instance(),)), refresh=600.0, **fields
    )


def text(sources: Sequence[InstanceSource], *views: InstanceView, language: str = "en") -> str:
    """The text of the page, without its elements."""
    html = answer(views, language=language, sources=sources).body.decode()
    return " ".join(re.sub("<[^>]*>", "", html.partition("<main>")[2]).split())


def test_rows_say_where_an_instance_comes_from() -> None:
    views = [*map(from_source, "abc", ("config", "file:teams/x.yaml", "account:Matriz"))]
    shown = text((CONFIG, InstanceSource("file:teams/x.yaml", ())), *views)
    for origin in ("From the configuration", "From the file teams/x.yaml", "From the account Matriz"):
        assert shown.count(origin) == 1
    assert "Da conta Matriz" in text((CONFIG, account(last_success=NOW)), *views, language="pt-BR")


def test_rows_say_nothing_where_all_come_from_the_configuration() -> None:
    assert "From the configuration" not in text((CONFIG,), a_view())


def test_sources_that_are_well_are_not_told() -> None:
    well = InstanceSource("file:a.yaml", ()), account(last_success=NOW - 1500), account(is_read=False)
    shown = text((CONFIG, *well), a_view())
    assert "list of the account" not in shown
    assert "The file" not in shown


@pytest.mark.parametrize(
    ("source", "english", "portuguese"),
    [
        (
            account(problems=(FAILED,), last_success=NOW - 7200),
            "The list of the account matriz was last read 2 hours ago. The instances in it are still polled: 1. Newer "
            "instances are not. (Z-API failed to answer (HTTP 503))",
            "A lista da conta matriz foi lida pela última vez há 2 horas. As instâncias dela continuam sendo "
            "consultadas: 1. As criadas depois, não. (a Z-API não conseguiu responder (HTTP 503))",
        ),
        (
            account(problems=(FAILED,), instances=()),
            "The list of the account matriz cannot be read; none of its instances is polled. (Z-API failed",
            "A lista da conta matriz não pode ser lida; nenhuma instância dela é consultada. (a Z-API não",
        ),
        (
            account(problems=("the list is not complete: it has 29 instances and says 31",), instances=()),
            "(the list is not complete: it has 29 instances and says 31)",
            "(a lista está incompleta: traz 29 instâncias e informa 31)",
        ),
        (
            account(problems=(FAILED,), last_success=NOW + 9),  # the clock stepped back
            "was last read 0 s ago.",
            "foi lida pela última vez há 0 s.",
        ),
        (
            account(last_success=NOW - 1501),
            "The list of the account matriz was last read 25 min ago.",
            "A lista da conta matriz foi lida pela última vez há 25 min.",
        ),
        (
            account(last_success=NOW, skipped=3),
            "The list of the account matriz has instances without a token, which cannot be polled: 3.",
            "A lista da conta matriz tem instâncias sem token, que não podem ser consultadas: 3.",
        ),
        (
            InstanceSource("file:a.yaml", (), ("a.yaml:1: document: is empty",)),
            "The file a.yaml has an error and is ignored; none of its instances is polled. (a.yaml:1: document: is "
            "empty)",
            "O arquivo a.yaml tem um erro e foi ignorado; nenhuma instância dele é consultada. (a.yaml:1: document:",
        ),
        (
            InstanceSource("file:a.yaml", (an_instance(),), ("a.yaml:1: document: is empty",)),
            "The file a.yaml has an error. Its last valid content stays in use.",
            "O arquivo a.yaml tem um erro. O último conteúdo válido dele continua em uso.",
        ),
    ],
)
def test_a_source_that_is_unwell_is_told_first(source: InstanceSource, english: str, portuguese: str) -> None:
    shown = text((CONFIG, source), a_view())
    assert english in shown
    assert shown.index(english) < shown.index("vendas")
    assert portuguese in text((CONFIG, source), a_view(), language="pt-BR")
    for language, tags in (("en", 0), ("pt-BR", source.name.count("file:"))):
        html = answer([a_view()], language=language, sources=(source,)).body.decode()
        assert (html.count('class="detail" lang="en"'), html.count('class="detail" lang=')) == (tags, tags)


def test_an_account_may_be_called_anything() -> None:
    hostile = InstanceSource("account:<script>{n}\u202e", (), ("x",))
    html = answer([a_view()], sources=(CONFIG, hostile)).body.decode()
    assert "account <bdi>&lt;script&gt;{n}⟨U+202E⟩</bdi> cannot be read" in html
