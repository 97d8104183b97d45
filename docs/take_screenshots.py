"""Takes the documents' pictures of the status page: `python docs/take_screenshots.py`, with Chromium on the PATH.

They show the demo after it has run for a while, so that instances have been in their state for some time.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

DOCUMENTS: Final = Path(__file__).parent
COLOURS: Final = 128
"""Enough for a page of text and few colours, at half of the size."""
SHOTS: Final[dict[str, dict[str, Any]]] = {
    "images/status-page": {"viewport": {"width": 1280, "height": 720}},
    "images/status-page-dark": {"viewport": {"width": 1280, "height": 720}, "color_scheme": "dark"},
    "pt-BR/images/status-page": {"viewport": {"width": 1280, "height": 720}, "locale": "pt-BR"},
    "images/status-page-phone": {"viewport": {"width": 390, "height": 720}, "device_scale_factor": 2},
    "pt-BR/images/status-page-phone": {
        "viewport": {"width": 390, "height": 720},
        "device_scale_factor": 2,
        "locale": "pt-BR",
    },
}
"""File name → how the browser is set up."""


def main() -> None:
    """Start the demo, wait until it has something to show, and write every picture."""
    settle = float(sys.argv[1]) if len(sys.argv) > 1 else 150.0
    with demo() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        browser.new_page().wait_for_timeout(settle * 1000)
        for name, options in SHOTS.items():
            take(browser, url, DOCUMENTS / f"{name}.png", options)
        browser.close()


@contextmanager
def demo() -> Iterator[str]:
    """The demo on a free port."""
    command = [
        str(Path(sys.executable).with_name("zapi-exporter")),
        "--demo",
        "--web.listen-address=127.0.0.1:0",
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            said = (re.search(r"address=(\S+)", line) for line in process.stderr)
            found = next(filter(None, said), None)
            assert found is not None, "the demo said no address"
            yield f"http://{found[1]}/"
        finally:
            process.terminate()


def take(browser: Browser, url: str, file: Path, options: dict[str, Any]) -> None:
    """One picture, with few colours."""
    context = browser.new_context(**{"locale": "en-US", **options})
    page = context.new_page()
    page.goto(url)
    page.screenshot(path=file)
    context.close()
    with Image.open(file) as image:
        small = image.convert("RGB").quantize(COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    small.save(file, optimize=True)


if __name__ == "__main__":
    main()
