import base64
import hashlib
import re
from importlib import resources
from urllib.parse import unquote
from xml.etree.ElementTree import fromstring

import pytest

from exporter.fleet.store import InstanceView
from exporter.model.poll_result import Reason
from exporter.web.status_page.selection import ROWS_PER_PAGE
from tests.builders import a_status, an_instance
from tests.unit.web.status_page.fleets import (
    HIDDEN,
    NOW,
    SECRETS,
    Elements,
    a_disconnected_view,
    a_failed_view,
    a_fleet,
    a_view,
    answer,
    hostile_fleet,
    page,
    the_page,
)


@pytest.mark.parametrize(
    ("views", "level", "english", "portuguese"),
    [
        ([a_view("a"), a_view("b")], "good", "All 2 instances are fine", "Todas as 2 instâncias estão bem"),
        ([a_view()], "good", "The one instance is fine", "A única instância está bem"),
        (
            [InstanceView(an_instance())],
            "waiting",
            "Waiting for the first polls",
            "Aguardando as primeiras consultas",
        ),
        ([a_view("a"), a_disconnected_view()], "bad", "1 of 2 needs attention", "1 de 2 precisa de atenção"),
        ([a_view(paid=False)], "warning", "1 of 1 needs attention", "1 de 1 precisa de atenção"),
        ([], "good", "No instance is configured here", "Nenhuma instância está configurada aqui"),
    ],
)
def test_the_headline_and_the_icon_answer_the_question(
    views: list[InstanceView], level: str, english: str, portuguese: str
) -> None:
    html = page(views)
    assert f"<h1>{english}</h1>" in html
    assert f'<div class="headline {level}">' in html
    in_trouble = int(level in ("bad", "warning"))
    assert f"<title>{in_trouble} need attention · zapi-exporter</title>" in html
    html_in_portuguese = page(views, language="pt-BR")
    assert f"<h1>{portuguese}</h1>" in html_in_portuguese
    assert f"<title>{in_trouble} com problema · zapi-exporter</title>" in html_in_portuguese
    colour = {"bad": "c8321f", "warning": "b26a00", "waiting": "66758a", "good": "1a7f4b"}[level]
    icon = unquote(str(Elements(html).all("link")[0]["href"]).removeprefix("data:image/svg+xml,"))
    assert f'<circle cx="8" cy="8" r="8" fill="#{colour}"/><g fill="none" stroke="#fff" ' in icon
    assert fromstring(icon).tag == "{http://www.w3.org/2000/svg}svg"


def test_the_headers_allow_exactly_the_style_and_script_of_the_page() -> None:
    the_page.cache_clear()
    response = answer([*a_fleet(90), a_disconnected_view("<i>")], language="pt-BR,en;q=0.5")
    html, digests = response.body.decode(), []
    for tag, name in (("style", "style.css"), ("script", "script.js")):
        (block,) = re.findall(rf"<{tag}[^>]*>(.*?)</{tag}>", html, re.DOTALL)
        assert block == resources.files("exporter.web.status_page").joinpath(name).read_text(encoding="utf-8")
        assert "</" not in block
        assert "<!--" not in block
        digests.append(base64.b64encode(hashlib.sha256(block.encode()).digest()).decode())
    policy = (
        f"default-src 'none'; style-src 'sha256-{digests[0]}'; script-src 'sha256-{digests[1]}'; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
    assert (response.status, response.content_type) == (200, "text/html; charset=utf-8")
    assert '<html lang="pt-BR" data-version="1.2.3">' in html
    assert "&lt;i&gt;" in html
    assert "<i>" not in html
    assert '<a href="intern/metrics">' in html
    assert dict(response.headers) == {
        "Content-Security-Policy": policy,
        "Content-Language": "pt-BR",
        "Vary": "Accept-Language",
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }


def test_nothing_is_loaded_from_elsewhere_and_links_are_relative() -> None:
    elements = Elements(page(a_fleet(300), {"page": "2"}))
    for tag, attributes in elements.elements:
        assert tag not in ("img", "iframe", "object", "embed", "base")
        assert attributes.keys().isdisjoint({"src", "style"})
        assert not any(name.startswith("on") for name in attributes)
        if tag == "link":
            assert str(attributes["href"]).startswith("data:image/svg+xml,")
    assert {str(link["href"])[:1] for link in elements.all("a")} == {*"?.#i"}  # i of intern/metrics


@pytest.mark.parametrize("language", ["en", "pt-BR"])
def test_no_secret_is_on_the_page(language: str) -> None:
    views = [*a_fleet(90), *(a_failed_view(reason.value, reason) for reason in Reason)]
    html = page(views, language=language)
    assert "recife-00001" in html
    for secret in (*SECRETS, "CANARY", "canary.example", "<secret>", "&lt;secret&gt;"):
        assert secret not in html


def test_hostile_text_adds_no_element_and_no_attribute() -> None:
    harmless = [a_view(instance=an_instance(f"x{n}", labels={"team": "t"})) for n in range(3)]
    hostile = Elements(page(hostile_fleet()))
    views = [*a_fleet(90), *(a_failed_view(f"down {number}", Reason.CONNECT) for number in range(30))]
    known = {(tag, name) for tag, attributes in Elements(page(views)).elements for name in attributes}
    assert {(tag, name) for tag, attributes in hostile.elements for name in attributes} <= known
    assert len(hostile.all("script")) == len(Elements(page(harmless)).all("script")) == 1
    assert len(hostile.all("style")) == 1


def test_hostile_text_is_shown_as_text_and_its_links_only_search() -> None:
    html = page(hostile_fleet())
    elements = Elements(html)
    for hostile in (
        *('"><script>alert(1)</script>', "{{ 7*7 }} {n} {when}", "`code` & <b>bold</b>", "gnp⟨U+202E⟩.exe"),
        *("nul␀bell␇", "line␊zapi_instance_up{name="),
    ):
        assert hostile in elements.text
    assert HIDDEN.search(html) is None
    assert HIDDEN.search(page(hostile_fleet(), {"q": "a\u202eb\0c\n"})) is None
    for link in elements.all("a"):
        assert re.fullmatch(r"\?[A-Za-z0-9%+=&._*~-]+|\./|#instances|intern/metrics", str(link["href"]))


def test_text_of_others_is_isolated_in_its_direction() -> None:
    view = a_view(
        instance=an_instance("عربي", labels={"فريق": "מכירות"}),
        status=a_status(display_name="متجر"),
        payment_status="מאוחר",
        paid=False,
    )
    html = page([view])
    for text, places in (("عربي", 1), ("فريق", 1), ("מכירות", 1), ("متجر", 1), ("מאוחר", 2)):
        assert html.count(f"<bdi>{text}</bdi>") == places
    assert '<span class="wrong">Unpaid</span>' in html


@pytest.mark.parametrize(
    ("query", "fields", "links"),
    [
        ({"q": '"><b>x'}, {"q": '"><b>x'}, {"?show=unpaid&q=%22%3E%3Cb%3Ex", "./"}),
        (
            {"show": "unpaid", "q": "santos", "paused": "1"},
            {"show": "unpaid", "paused": "1", "q": "santos"},
            {"?show=webhooks&q=santos&paused=1", "?show=unpaid&paused=1"},
        ),
        (
            {"team": "sales", "sort": "due", "by": "environment"},
            {"team": "sales", "sort": "due", "by": "environment", "q": ""},
            {"?team=sales&show=unpaid&sort=due&by=environment", "?sort=due&by=environment"},
        ),
    ],
)
def test_the_form_and_the_links_keep_the_rest_of_the_query(
    query: dict[str, str], fields: dict[str, str], links: set[str]
) -> None:
    html = page(a_fleet(90), query)
    elements = Elements(html)
    assert [(field["name"], field["value"]) for field in elements.all("input")] == list(fields.items())
    assert links <= {link["href"] for link in elements.all("a")}
    assert "<b>x" not in html


def test_a_chip_leads_to_the_instances_with_its_label() -> None:
    html = page(a_fleet(90))
    assert 'href="?team=sales"><bdi>team</bdi>=<bdi>sales</bdi>' in html
    assert "<bdi>environment</bdi>=" not in html
    assert "<bdi>team</bdi>=" not in page(a_fleet(90), {"team": "sales"})


def test_groups_have_headings_with_their_sizes() -> None:
    html = page(a_fleet(45), {"by": "team"})
    headings = re.findall(r'class="group".*?<bdi>(.*?)</bdi> <span class="note">(.*?)</span>', html)
    assert headings == [("billing", "15"), ("sales", "15"), ("support", "15")]
    assert '<a href="./"><bdi>Do not group</bdi></a> <a href="?by=team" aria-current="true">' in html


def test_the_head_of_a_column_sorts_and_says_how_it_is_sorted() -> None:
    heads = re.findall(r'scope="col" class="([\w-]+)"[^>]*>(?:<a href="\?sort=([\w-]+)")?', page([a_view()]))
    assert " ".join(map("=".join, heads)) == (
        "instance=name state=state to-do=-worst due=due payment=payment webhooks= last-poll=poll"
    )
    for sort, order, link in (("due", "ascending", "?sort=-due"), ("-due", "descending", "?sort=due")):
        head = f'class="due" aria-sort="{order}"><a href="{link}">Due</a>'
        assert head in page([a_view()], {"sort": sort})


def test_one_cause_of_many_is_told_once_and_leads_to_them() -> None:
    views = [a_failed_view(f"n{number}", Reason.CONNECT) for number in range(20)] + [a_view("fine")]
    html = page(views)
    told = re.sub(r"<[^>]+>", "", html[html.index('<section class="banner bad">') : html.index("</section>")])
    assert "20 of 21 cannot be polled for the same reason. Z-API cannot be reached." in told
    assert "(the connection was refused)" in told
    assert 'href="?show=unreachable">Show these instances</a>' in html
    assert re.findall(r'data-key="([^"]+)"', html) == ["fine"]
    assert "<h1>20 of 21 need attention</h1>" in html
    assert ">1 to 1 of 1, worst first<" in html
    rows = page(views, {"show": "unreachable"})
    assert rows.count("data-key=") == 20
    assert "banner" in rows
    assert "Show these instances" not in rows
    assert "pelo mesmo motivo" in page(views, language="pt-BR")
    assert "(a conexão foi recusada)" in page(views, language="pt-BR")


def test_a_page_of_nothing_but_one_cause_says_no_more() -> None:
    html = page([a_failed_view(f"n{number}", Reason.TLS) for number in range(20)], {"show": "problems"})
    assert "<table" not in html
    assert "No instance matches" not in html
    for nothing in (html, page([])):
        assert ">Show all instances<" not in nothing
        assert 'role="status"></p>' in nothing


def test_moments_are_for_machines_and_in_utc_for_people_without_a_script() -> None:
    html = page([a_view(status=a_status(due=NOW + 200 * 86_400))])
    due = '<time datetime="2026-06-12T16:00:00Z" title="2026-06-12 16:00:00 UTC" data-shows="day">2026-06-12</time>'
    assert due in html
    assert 'title="2025-11-24 16:00:00 UTC" data-shows="moment">2025-11-24 16:00:00 UTC</time>' in html
    assert ">All times are UTC.</p>" in html


@pytest.mark.parametrize(
    ("query", "language", "shown"),
    [
        ({}, "", "Shown: All"),
        ({"show": "unpaid", "team": "sales", "q": "x"}, "", "Shown: Unpaid · team=sales · “x”"),
        ({"show": "disconnected"}, "pt", "Mostrando: Desconectadas"),
        ({"equipe": "sales"}, "", "Shown: All"),
    ],
)
def test_a_print_says_what_is_on_it(query: dict[str, str], language: str, shown: str) -> None:
    html = page(a_fleet(90), query, language)
    assert f'<p class="shown">{shown}</p>' in html
    asked = 'href="?show=unpaid&amp;q=x" title="Also show instances with another team"'
    assert ('class="asked"' in html, asked in html, "<bdi>team=sales</bdi>" in html) == ("team" in query,) * 3


@pytest.mark.parametrize("show", ["connected", "waiting"])
def test_the_chosen_filter_is_marked(show: str) -> None:
    links = Elements(page([a_view()], {"show": show})).all("a")
    assert [link["href"] for link in links if "aria-current" in link] == [f"?show={show}"]
    assert "?show=waiting" not in page([a_view()]), "nobody waits"
    filters = re.findall(r'<li><a class="(\w+)" href=', page(a_fleet(90)))
    assert filters == ["all", "warning", "bad", "bad", "warning", "warning", "warning", "good", "waiting"]


@pytest.mark.parametrize(
    ("number", "links"),
    [
        ("1", {"next": "?q=loja&page=2"}),
        ("2", {"prev": "?q=loja", "next": "?q=loja&page=3"}),
        ("3", {"prev": "?q=loja&page=2"}),
    ],
)
def test_pages_are_linked_without_a_script(number: str, links: dict[str, str]) -> None:
    views = [a_view(f"loja-{number}") for number in range(3 * ROWS_PER_PAGE)]
    html = page(views, {"page": number, "q": "loja"})
    assert {link["rel"]: link["href"] for link in Elements(html).all("a") if "rel" in link} == links
    assert f"<span>Page {number} of 3</span>" in html
    assert html.count("data-key=") == ROWS_PER_PAGE
    assert 'class="pages"' not in page(views[:ROWS_PER_PAGE])


def test_the_page_refreshes_itself_without_a_script_unless_paused() -> None:
    html, paused = page([a_view()]), page([a_view()], {"paused": "1", "q": "nobody"})
    assert '<noscript><meta http-equiv="refresh"' in html
    assert '<a id="refresh-switch" href="?paused=1">' in html
    assert "http-equiv" not in paused
    assert '<a id="refresh-switch" href="?q=nobody">' in paused
    assert '<a href="?paused=1">Show all instances</a>' in paused


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({}, "1 to 3 of 3, worst first"),
        ({"sort": "name"}, "1 to 3 of 3"),
        ({"sort": "-worst"}, "1 to 3 of 3"),
        ({"by": "team"}, "1 to 3 of 3"),
        ({"by": "team"}, "Without team"),
        ({"q": "1"}, "1 to 1 of 1, worst first"),
        ({"q": "4"}, "No instance matches."),
        ({"q": "4"}, "No instance matches"),
        ({"q": "4"}, "Show all instances"),
    ],
)
def test_the_page_says_which_rows_are_on_it_and_in_what_order(parameters: dict[str, str], said: str) -> None:
    assert re.search(rf">\s*{said}\s*<", page([a_view(f"fine-{number}") for number in (1, 2, 3)], parameters))
