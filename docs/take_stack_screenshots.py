"""Takes the documents' pictures of the alerts, in both languages.

Run it at the root of the repository: `python docs/take_stack_screenshots.py`.

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
DOCUMENTS: Final = ROOT / "docs"
SPEED: Final = 30
COLOURS: Final = 64
SHOTS: Final = {
    "en": (("Messages", "images/messages.png", 45.0), ("Every", "images/prometheus-alerts.png", 105.0)),
    "pt-BR": (("Messages", "pt-BR/images/messages.png", 45.0),),
}
"""Language → first word of the line with the address, file, and for how many seconds more to wait.

The slowest of the demo's alerts takes an hour, at that speed two minutes.
"""


def main() -> None:
    """Write every picture, or those of the languages that are named."""
    for language in sys.argv[1:] or SHOTS:
        take(language)


def take(language: str) -> None:
    """Run the stack until there is something to show, and write the pictures of a language."""
    with stack(language) as urls, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 720}, locale=language)
        for line, name, wait in SHOTS[language]:
            page.wait_for_timeout(wait * 1000)
            page.goto(urls[line], wait_until="networkidle")
            for switch in page.get_by_text("Inactive (").all():
                switch.click()
            save(page, DOCUMENTS / name)
        browser.close()


@contextmanager
def stack(language: str) -> Iterator[dict[str, str]]:
    """The first word of each line that has an address → the address."""
    command = [sys.executable, "-m", "stack", f"--speed={SPEED}", f"--language={language}"]
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
