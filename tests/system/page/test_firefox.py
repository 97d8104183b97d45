"""The page in Firefox, driven by mouse and keyboard, and as users with other eyes set their browser."""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from exporter.web.status_page.selection import ROWS_PER_PAGE
from harness.firefox import DARK, PORTUGUESE, STILL, WHITE_ON_BLACK, Tab, firefox
from harness.waiting import wait_until
from tests.system.page.site import Site
from tests.unit.web.status_page.fleets import a_disconnected_view, a_fleet, a_long_view, a_view

pytestmark = pytest.mark.needs("firefox-esr")

ROWS = "document.querySelectorAll('tbody tr').length"
SEARCH = "document.querySelector('#q')"
FIRST = "document.querySelector('tbody th').innerText"
NARROWEST = """Math.min(...[...document.querySelectorAll('tbody tr > *')]
    .map(cell => cell.clientWidth).filter(width => width > 0))"""
"""Pixels of the narrowest cell that is shown."""
SIGN = """(({left, top, right, bottom}) => [left, top, right, bottom])(
    document.querySelector(".headline svg").getBoundingClientRect())"""
"""Where the sign of the whole fleet is."""
LOOKS: Mapping[str, Mapping[str, Any]] = {
    "as it comes": {},
    "dark, Portuguese": {**DARK, **PORTUGUESE},
    "forced colours, dark, still": {**WHITE_ON_BLACK, **STILL},
}


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    with firefox(tmp_path_factory.mktemp("firefox") / "profile", {}) as tab:
        tab.resize(1280, 800)
        yield tab


@pytest.fixture
def tab(browser: Tab) -> Iterator[Tab]:
    before = len(browser.complaints())
    yield browser
    assert browser.complaints()[before:] == []


def test_filters_search_and_back_work(tab: Tab, site: Site) -> None:
    tab.open(site.url)
    tab.click(".filters a[href*='show=disconnected']")
    tab.wait_for(f"{ROWS} === 2 && location.search === '?show=disconnected'")
    tab.click("#q")
    tab.type("recife")
    tab.wait_for(f"{ROWS} === 1 && location.search === '?show=disconnected&q=recife'")
    assert tab.evaluate(f"document.activeElement === {SEARCH} && {SEARCH}.value") == "recife"
    tab.back()
    tab.wait_for(f"{ROWS} === {ROWS_PER_PAGE} && location.search === ''")


def test_a_refresh_brings_what_changed_and_keeps_details_and_focus(tab: Tab, site: Site) -> None:
    site.views = [a_view("a"), a_view("b")]
    tab.open(site.url)
    tab.click("tr[data-key=a] summary")
    icon = tab.evaluate("document.querySelector('link[rel=icon]').href")
    site.views = [a_view("a"), a_disconnected_view("b")]
    tab.evaluate("Date.now = (now => () => now() + 60000)(Date.now), null")  # the time of a refresh has come
    tab.wait_for("document.querySelector('h1').innerText === '1 of 2 needs attention'")
    assert tab.evaluate("document.title") == "1 need attention · zapi-exporter"
    assert tab.evaluate("document.querySelector('link[rel=icon]').href") != icon
    keys = "[...document.querySelectorAll('tbody tr')].map(row => row.dataset.key)"
    assert tab.evaluate(keys) == ["b", "a"]
    summary = "document.querySelector('tr[data-key=a] summary')"
    assert tab.evaluate(f"{summary}.parentNode.open && document.activeElement === {summary}")


def test_the_keyboard_reaches_the_instances(tab: Tab, site: Site) -> None:
    tab.open(site.url)
    tab.press("Tab")
    tab.press("Enter")
    tab.wait_for("document.activeElement.id === 'instances'")
    tab.press("Tab")
    assert tab.evaluate("document.activeElement.closest('table') !== null")


@pytest.mark.parametrize("look", LOOKS)
def test_every_look_shows_everything(look: str, site: Site, tmp_path: Path) -> None:
    """On a phone, on a desk and enlarged to 200 % and 400 % nothing is cut or narrow, and the sign is seen."""
    site.views = [*a_fleet(22), a_long_view()]
    with firefox(tmp_path / "profile", LOOKS[look]) as tab:
        tab.open(site.url)
        for width, zoom in ((320, 1.0), (1280, 1.0), (1280, 2.0), (1280, 4.0)):
            tab.resize(width, 800, zoom)
            tab.click("summary")
            assert tab.evaluate("document.documentElement.scrollWidth") <= width / zoom
            assert tab.evaluate(NARROWEST) >= 50
            tab.evaluate("scrollTo(0, 0)")
            wait_until(partial(is_clear, tab, tmp_path / "page.png", zoom))
        assert tab.evaluate("matchMedia('(forced-colors: active)').matches") == ("forced" in look)
        assert tab.evaluate("matchMedia('(prefers-reduced-motion: reduce)').matches") == ("still" in look)
        assert tab.evaluate("document.getAnimations().length") == 0
        assert tab.evaluate("document.documentElement.lang") == ("pt-BR" if "Portuguese" in look else "en")
        ground = tab.evaluate("getComputedStyle(document.body).backgroundColor")  # rgb(…, …, …)
        assert (sum(map(int, ground[4:-1].split(","))) < 150) == ("dark" in look)
        assert tab.complaints() == []


def is_clear(tab: Tab, screenshot: Path, zoom: float) -> bool:
    """Return whether the sign of the whole fleet is seen: the two colours it has most of differ by 3 to 1 (WCAG 2)."""
    box = tab.evaluate(SIGN)
    tab.take_screenshot(screenshot)
    with Image.open(screenshot) as page:
        part = page.convert("RGB").crop([round(edge * zoom) for edge in box])
    colours = sorted(part.getcolors(part.width * part.height), reverse=True)[:2]
    if len(colours) < 2:  # the page is not painted yet
        return False
    dark, light = sorted(luminance(colour) for _, colour in colours)
    return (light + 0.05) / (dark + 0.05) >= 3


def luminance(colour: Iterable[int]) -> float:
    """Return the relative luminance of sRGB, as WCAG 2 defines it."""
    shares = (part / 255 for part in colour)
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return sum(weight * share for weight, share in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
