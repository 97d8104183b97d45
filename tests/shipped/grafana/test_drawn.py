"""The dashboards as Grafana's own packages draw them: nothing is cut, nothing unknown is green.

``make draw-dashboards`` gives the pictures to look at, of whatever Prometheus has.
"""

import hashlib
import os
import shutil
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from exporter.model.poll_result import Reason
from harness.caches import cache
from harness.processes import Prometheus, prometheus
from tests.shipped.grafana.dashboards import FILES, load

if TYPE_CHECKING:
    from grafana.draw.drawing import Drawing, DrawnPanel

GREEN: Final = "#73BF69"
WIDTHS: Final = (1320, 1640)
FLEET: Final = next(file for file in FILES if file.stem == "zapi-fleet")
REASONS: Final = {reason.value for reason in Reason}
COLOURED: Final = {"stat", "bargauge", "state-timeline", "table"}
"""Kinds of panel whose colours judge; those of lines only tell one from another."""

pytestmark = [
    pytest.mark.needs("prometheus", "chromium"),
    pytest.mark.timeout(3600),
    pytest.mark.skipif(shutil.which("npm") is None, reason="Grafana's packages need Node.js with npm"),
    pytest.mark.skipif(sys.version_info < (3, 11), reason="the dashboards are built on Python 3.11 or later"),
]


@dataclass(frozen=True, slots=True)
class Studio:
    """The page that draws, in a browser."""

    browser: Any
    url: str

    def draw(self, file: Path, server: str, width: int, theme: str = "dark", **variables: str) -> "Drawing":
        from grafana.draw.drawing import Scene, draw

        now = time.time()
        scene = Scene(
            load(file), server, now - 120, now, theme, width, 1, {"name": "financeiro", **variables}
        )
        return draw(self.browser, self.url, scene)


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    from playwright.sync_api import sync_playwright

    from grafana.draw.drawing import served
    from grafana.draw.workspace import CannotBundle

    try:
        folder = _bundled(tmp_path_factory.mktemp("page"))
    except CannotBundle as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"Grafana's packages could not be had: {error}")
    with served(folder) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield Studio(browser, url)
        browser.close()


def _bundled(fresh: Path) -> Path:
    """The page that draws: from the cache, where one was bundled from the same sources before."""
    from grafana.draw.workspace import HERE, bundle

    fixed = ("package.json", "bundle.mjs", "workspace.py")
    sources = [*(HERE / name for name in fixed), *sorted((HERE / "page").rglob("*.ts*"))]
    digest = hashlib.sha256(b"\0".join(source.read_bytes() for source in sources))
    kept = cache() / f"drawing-{digest.hexdigest()[:16]}"
    if not kept.exists():
        bundle(fresh)
        unfinished = kept.with_suffix(f".{os.getpid()}")
        shutil.copytree(fresh, unfinished)
        try:
            unfinished.rename(kept)
        except OSError:  # another worker was first
            shutil.rmtree(unfinished)
    return kept


@contextmanager
def _empty(directory: Path) -> Iterator[str]:
    """A Prometheus that scrapes nothing and has no rules."""
    with prometheus(directory, "") as real:
        yield real.url


def test_nothing_is_cut_on_the_board_that_is_opened_first(studio: Studio, demo: Prometheus) -> None:
    """The others, and both widths, are drawn by night."""
    assert list(studio.draw(FLEET, demo.url, WIDTHS[0], rows="100").faults()) == []


@pytest.mark.nightly
def test_nothing_is_cut_and_every_override_changes_something(studio: Studio, demo: Prometheus) -> None:
    useless: dict[str, list[set[str]]] = defaultdict(list)
    faults = []
    for file in FILES:
        for width in WIDTHS:
            drawing = studio.draw(
                file, demo.url, width, "dark" if width == WIDTHS[0] else "light", rows="100"
            )
            faults += [f"{file.stem}, {width} px: {fault}" for fault in drawing.faults()]
            for panel in drawing.panels:
                if panel.rows:
                    useless[f"{file.stem}: {panel.title}"].append(set(panel.unmatched) - REASONS)
    assert faults == []
    assert {title: found for title, sets in useless.items() if (found := set.intersection(*sets))} == {}


@pytest.mark.parametrize(
    "file",
    [pytest.param(file, marks=[pytest.mark.nightly] * (file != FLEET)) for file in FILES],
    ids=[file.stem for file in FILES],
)
def test_what_is_not_known_is_not_green(studio: Studio, tmp_path: Path, file: Path) -> None:
    with _empty(tmp_path) as server:
        drawing = studio.draw(file, server, WIDTHS[0])
        assert list(drawing.faults()) == []
        assert [str(panel.title) for panel in drawing.panels if _is_green(panel)] == []


@pytest.mark.nightly
def test_an_instance_that_does_not_exist_is_not_green(studio: Studio, demo: Prometheus) -> None:
    for file in FILES:
        if "instance" in file.stem:
            drawing = studio.draw(file, demo.url, WIDTHS[0], name="nobody")
            assert list(drawing.faults()) == []
            assert [str(panel.title) for panel in drawing.panels if _is_green(panel)] == []


def _is_green(panel: "DrawnPanel") -> bool:
    return panel.kind in COLOURED and any(shown.color == GREEN for shown in panel.shown)
