"""How fast the status page of ten thousand instances is, in Chromium."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

from playwright.sync_api import Page as Tab
from playwright.sync_api import sync_playwright

from bench.instances import name, write_config
from bench.results import Page
from bench.spread import Spread
from bench.upstream import Upstream
from harness.processes import exporter

INSTANCES: Final = 10_000
_FIRST_PAINT: Final = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
_FILTER: Final = """wanted => new Promise(done => {
  const field = document.getElementById("q");
  const began = performance.now();
  const rows = () => [...document.querySelectorAll("tbody tr")].map(row => row.innerText);
  const look = () => {
    const found = rows();
    if (found.length === 1 && found[0].includes(wanted)) done(performance.now() - began);
    else setTimeout(look, 1);
  };
  field.value = wanted;
  field.dispatchEvent(new InputEvent("input", { bubbles: true }));
  look();
})"""
"""Milliseconds from a change of the search field until its one row is all there is."""


def measure(directory: Path, upstream: Upstream, rounds: int, step: Callable[[], None]) -> Page:
    file = directory / "page.yaml"
    write_config(file, INSTANCES, upstream.fast, upstream.ca_file, "60s", 32)
    paints: list[float] = []
    filters: list[float] = []
    with (
        exporter(directory, f"--config.file={file}") as ours,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for number in range(rounds):
            tab: Tab = browser.new_page()
            tab.goto(f"{ours.url}/")
            tab.wait_for_selector("tbody tr")
            paints.append(tab.evaluate(_FIRST_PAINT))
            filters.append(tab.evaluate(_FILTER, name(1234 + number)))
            tab.close()
            step()
        browser.close()
    return Page(Spread.of(paints), Spread.of(filters))
