"""The page in Chromium: with and without its script, for eyes, hands and screen readers."""

import re
from collections.abc import Iterator
from dataclasses import replace
from importlib import resources
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from exporter.web.status_page.selection import ROWS_PER_PAGE
from harness.processes import PATIENCE
from tests.system.page.site import Site
from tests.unit.web.status_page.fleets import (
    NOW,
    a_disconnected_view,
    a_fleet,
    a_long_view,
    a_view,
    hostile_fleet,
)

pytestmark = pytest.mark.needs("chromium")

DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 360, "height": 740}


class Tabs:
    """Opens tabs and keeps what they complain of."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self.complaints: list[str] = []

    def open(self, url: str, **options: Any) -> Page:
        context = self._browser.new_context(**{"locale": "en-US", "viewport": DESKTOP, **options})
        context.set_default_timeout(PATIENCE * 1000)
        self._contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.clock.install()
        page.goto(url)
        return page

    def close(self) -> None:
        for context in self._contexts:
            context.close()


@pytest.fixture
def tabs(chromium: Browser) -> Iterator[Tabs]:
    expect.set_options(timeout=PATIENCE * 1000)  # 5 s are few on a busy machine
    tabs = Tabs(chromium)
    yield tabs
    tabs.close()


def rows(page: Page) -> list[str | None]:
    return [row.get_attribute("data-key") for row in page.locator("tbody tr").all()]


def violations(page: Page) -> list[str]:
    """What axe finds wrong: each rule with the elements that break it."""
    page.evaluate(resources.files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate("axe.run({ resultTypes: ['violations'] })")
    assert len(found["passes"]) > 20
    return [
        f"{violation['id']}: {node['html']}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


def refresh(page: Page) -> None:
    """Let the time of one refresh pass, and wait for what it brings."""
    with page.expect_response(lambda response: True):
        page.clock.run_for(16_000)


@pytest.mark.parametrize(("scheme", "viewport"), [("light", DESKTOP), ("dark", PHONE)], ids=["light", "dark"])
def test_axe_finds_nothing_wrong(tabs: Tabs, site: Site, scheme: str, viewport: dict[str, int]) -> None:
    site.views = [view for number, view in enumerate(a_fleet(22)) if number in (0, 1, 4, 7, 9, 15, 21)]
    page = tabs.open(site.url, color_scheme=scheme, viewport=viewport)
    page.locator("summary").first.click()
    assert violations(page) == []


def test_axe_finds_nothing_wrong_in_portuguese_after_a_search_in_vain(tabs: Tabs, site: Site) -> None:
    page = tabs.open(f"{site.url}?q=nada", locale="pt-BR")
    expect(page.get_by_role("status")).to_have_text("Nenhuma instância encontrada.")
    assert violations(page) == []


def test_nothing_breaks_the_policy_and_nothing_else_is_asked_for(tabs: Tabs, site: Site) -> None:
    site.views = hostile_fleet()
    page = tabs.open(site.url)
    page.get_by_role("searchbox").fill("script")
    expect(page.get_by_role("status")).to_contain_text("of 4,")
    refresh(page)
    assert tabs.complaints == []
    assert {request.path for request in site.requests} == {"/"}


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_filters_search_and_back_work_and_live_in_the_url(tabs: Tabs, site: Site, script: bool) -> None:
    page = tabs.open(site.url, java_script_enabled=script)
    page.get_by_role("link", name="Disconnected").click()
    expect(page).to_have_url(f"{site.url}?show=disconnected")
    expect(page.locator("tbody tr")).to_have_count(2)
    page.get_by_role("searchbox").fill("recife")
    page.get_by_role("button", name="Search").click()
    expect(page).to_have_url(f"{site.url}?show=disconnected&q=recife")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.go_back()
    page.go_back()
    expect(page.locator("tbody tr")).to_have_count(ROWS_PER_PAGE)
    page.goto(f"{site.url}?show=unpaid")
    expect(page.locator("tbody tr")).to_have_count(2)


def test_times_are_those_of_the_browser_with_utc_in_the_title(tabs: Tabs, site: Site) -> None:
    for locale, moment, zone in (
        ("en-US", "2025-11-24 13:00:00", "Times are those of America/Sao_Paulo"),
        ("pt-BR", "24/11/2025 13:00:00", "Horários de America/Sao_Paulo"),
    ):
        page = tabs.open(site.url, locale=locale, timezone_id="America/Sao_Paulo")
        for _ in range(2):
            updated = page.locator(".updated time")
            expect(updated).to_have_text(moment)
            expect(updated).to_have_attribute("title", re.compile(rf"^{moment} \(.* 16:00:00 UTC\)$"))
            expect(page.locator("#times")).to_contain_text(zone)
            refresh(page)


def test_of_many_quick_choices_the_last_one_is_shown_whole(tabs: Tabs, site: Site) -> None:
    page = tabs.open(site.url)
    asked = ["?show=connected", "?q=recife", "./", "?show=unpaid", "?q=team%3Dsales", "./", "?sort=-name"]
    for url in asked:
        page.evaluate(
            "url => { history.pushState(null, '', url); dispatchEvent(new PopStateEvent('popstate')) }", url
        )
    expect(page.get_by_role("columnheader", name="Instance")).to_have_attribute("aria-sort", "descending")
    expect(page.locator("tbody tr")).to_have_count(ROWS_PER_PAGE)
    by_script = rows(page)
    page.reload()
    assert rows(page) == by_script


def test_a_refresh_keeps_filter_search_focus_and_opened_details(tabs: Tabs, site: Site) -> None:
    page = tabs.open(f"{site.url}?show=connected&q=team%3Dsales")
    summary = page.locator("tbody tr").nth(4).locator("summary")
    summary.focus()
    summary.press("Enter")
    key = page.locator("tbody tr").nth(4).get_attribute("data-key")
    site.views = [replace(view, last_poll=NOW) for view in reversed(site.views)]
    site.views[30] = replace(site.views[30], paid=False, payment_status="overdue")
    refresh(page)
    row = page.locator(f'tbody tr[data-key="{key}"]')
    expect(row).to_contain_text("0 s ago")
    expect(row.locator("details")).to_have_attribute("open", "")
    expect(row.locator("summary")).to_be_focused()
    expect(page.get_by_role("searchbox")).to_have_value("team=sales")
    assert dict(site.requests[-1].query) == {"show": "connected", "q": "team=sales"}


def test_a_refresh_does_not_move_what_is_being_read(tabs: Tabs, site: Site) -> None:
    page = tabs.open(site.url)
    row = page.locator("tbody tr").nth(20)
    key = row.get_attribute("data-key")
    row.evaluate("row => row.scrollIntoView()")
    before = row.bounding_box()
    site.views = [*site.views, *(a_disconnected_view(f"new {number}") for number in range(5))]
    refresh(page)
    expect(page.locator('tbody tr[data-key="new 4"]')).to_have_count(1)
    after = page.locator(f'tbody tr[data-key="{key}"]').bounding_box()
    assert before is not None
    assert after is not None
    assert after["y"] == pytest.approx(before["y"], abs=1)


def test_focus_on_a_row_that_vanishes_stays_with_the_table(tabs: Tabs, site: Site) -> None:
    site.views = [a_view("a"), a_disconnected_view("b")]
    page = tabs.open(site.url)
    page.locator("tbody summary").first.focus()
    site.views = [a_view("a")]
    refresh(page)
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("#instances")).to_be_focused()


def test_a_paused_page_stays_as_it_is(tabs: Tabs, site: Site) -> None:
    page = tabs.open(site.url)
    page.get_by_role("link", name="Pause refresh").click()
    expect(page.get_by_role("link", name="Resume refresh")).to_be_visible()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.clock.run_for(60_000)
    assert page.evaluate("document.body.hasAttribute('data-paused')")
    assert asked == []
    page.get_by_role("link", name="Resume refresh").click()
    expect(page.get_by_role("link", name="Pause refresh")).to_be_focused()
    refresh(page)


def test_an_exporter_that_is_gone_is_said_until_it_is_back(tabs: Tabs, site: Site) -> None:
    page = tabs.open(site.url)
    alert = page.get_by_text("The exporter does not answer.")
    expect(alert).to_be_hidden()
    site.down = True
    refresh(page)
    expect(alert).to_be_visible()
    site.down = False
    refresh(page)
    expect(alert).to_be_hidden()


def test_nothing_is_wider_than_the_screen(tabs: Tabs, site: Site) -> None:
    site.views = [*a_fleet(20), *hostile_fleet(), a_long_view()]
    for locale in ("en-US", "pt-BR"):
        page = tabs.open(site.url, locale=locale)
        for summary in page.locator("summary").all()[:3]:
            summary.click()
        for width in (320, 360, 768, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_no_heading_is_broken_within_a_word(tabs: Tabs, site: Site) -> None:
    """At every width with columns, in both languages; a narrower screen shows cards."""
    broken = """() => [...document.querySelectorAll("thead th")].filter(one => {
      one.style.overflowWrap = "normal";
      return one.clientWidth > 1 && one.scrollWidth > one.clientWidth;
    }).map(one => one.textContent)"""
    for locale in ("en-US", "pt-BR"):
        page = tabs.open(site.url, locale=locale)
        for width in range(960, 1361, 20):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate(broken) == [], width


def test_the_keyboard_reaches_everything(tabs: Tabs, site: Site) -> None:
    page = tabs.open(site.url)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the instances")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#instances")).to_be_focused()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('table') !== null")
    page.get_by_role("link", name="Unpaid").focus()
    page.keyboard.press("Enter")
    expect(page.locator("tbody tr")).to_have_count(2)
    expect(page.get_by_role("link", name="Unpaid")).to_be_focused()


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_screen_reader_hears_a_table(tabs: Tabs, site: Site, viewport: dict[str, int]) -> None:
    site.views = [a_disconnected_view("loja")]
    page = tabs.open(site.url, viewport=viewport)
    table = page.get_by_role("table", name="Instances")
    expect(table.get_by_role("columnheader")).to_have_count(7)
    expect(table.get_by_role("rowheader")).to_have_text("loja")
    expect(table.get_by_role("cell").first).to_contain_text("Disconnected")
