"""Takes the README's pictures of the alerts: `python docs/take_stack_screenshots.py`, from the root of the repository.

They show `make stack` once every alert that the demo gives reason for has fired: Chromium, Prometheus and Alertmanager
have to be on the PATH.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from PIL import Image
from playwright.sync_api import Page, sync_playwright

ROOT: Final = Path(__file__).resolve().parents[1]
IMAGES: Final = ROOT / "docs" / "images"
SPEED: Final = 30
COLOURS: Final = 64
SHOTS: Final = (("Messages", "messages", 45.0), ("Every", "prometheus-alerts", 105.0))
"""First word of the line with the address, file name, and for how many seconds more to wait.

The slowest of the demo's alerts takes an hour, at that speed two minutes.
"""


def main() -> None:
    """Run the stack until there is something to show, and write both pictures."""
    with stack() as urls, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 720}, locale="en-US")
        for line, name, wait in SHOTS:
            page.wait_for_timeout(wait * 1000)
            page.goto(urls[line], wait_until="networkidle")
            for switch in page.get_by_text("Inactive (").all():
                switch.click()
            save(page, IMAGES / f"{name}.png")
        browser.close()


@contextmanager
def stack() -> Iterator[dict[str, str]]:
    """The first word of each line that has an address → the address."""
    command = [sys.executable, "-m", "stack", f"--speed={SPEED}"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            urls: dict[str, str] = {}
            for line in process.stdout:
                urls.update(re.findall(r"^(\w+)\b.* (http://\S+)", line))
                if "Ctrl+C" in line:
                    break
            yield urls
        finally:
            process.terminate()
            process.communicate()


def save(page: Page, file: Path) -> None:
    """One picture, with few colours."""
    page.screenshot(path=file)
    with Image.open(file) as image:
        small = image.convert("RGB").quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    small.save(file, optimize=True)


if __name__ == "__main__":
    main()
