"""The report on A4 paper, as a browser prints it."""

from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser

from exporter.report.figures import Figures, Report, Share
from exporter.report.page import LANGUAGES, write_page
from exporter.report.period import Month, time_zone
from harness.processes import PATIENCE

_WIDTH: Final = int((210 - 2 * 14) / 25.4 * 96)
"""Pixels between the margins of an A4 page."""
_MONTH: Final = Month.parse("2026-10", time_zone("America/Sao_Paulo"))
_OUTSIDE: Final = """width => [...document.querySelectorAll('td, th, h1, h2, p, svg, .tile')]
    .filter(one => one.getBoundingClientRect().right > width + 1 || one.scrollWidth > one.clientWidth + 1)
    .filter(one => one.getClientRects().length && getComputedStyle(one).display !== 'inline')
    .map(one => one.outerHTML.slice(0, 200))"""


def _report(numbers: int) -> Report:
    days = _MONTH.days(_MONTH.end)

    def row(name: str, group: str, count: int = 1) -> Figures:
        spans = [Share(86400.0 * count, 80000.0 * count, 70000.0 * count) for _ in days]
        total = Share(31 * 86400.0 * count, 31 * 80000.0 * count, 31 * 70000.0 * count)
        return Figures(group, "zapi", "production", name, count, total, spans, 1234, 1234, 98765.0, 2222222.0)

    names = [f"{'centraldeatendimento' * 4}{number}" for number in range(numbers)]
    group = "equipe_com_um_nome_muito_comprido_e_sem_nenhum_espaço"
    rows = [row(name, group) for name in names]
    return Report(days, row("", "", numbers), [row("", group, numbers)], rows, 744, 744)


@pytest.mark.needs("chromium")
@pytest.mark.parametrize("language", list(LANGUAGES))
def test_nothing_is_cut_at_the_edge_of_the_paper(chromium: Browser, language: str, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_bytes(write_page(_report(60), _MONTH, "team", language, _MONTH.end))
    page = chromium.new_page(viewport={"width": _WIDTH, "height": 1000})
    page.set_default_timeout(PATIENCE * 1000)
    page.emulate_media(media="print")
    page.goto(file.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= _WIDTH
    assert page.evaluate(_OUTSIDE, _WIDTH) == []
    printed = page.pdf(prefer_css_page_size=True)
    page.close()
    assert b"/MediaBox [0 0 594.95996 841.91998]" in printed, "A4 in points, as Chromium rounds it"
    assert 2 <= printed.count(b"/Type /Page\n") <= 12
