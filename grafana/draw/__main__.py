"""``python -m grafana.draw --prometheus=URL`` draws the dashboards from a Prometheus that scrapes an exporter.

The Prometheus of ``make stack`` will do. Exit status 1: something is cut, or the browser complained; 2: the page that
draws could not be built.
"""

import argparse
import io
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PIL import Image
from playwright.sync_api import sync_playwright

from grafana.draw.drawing import Scene, draw, served
from grafana.draw.workspace import CannotBundle, bundle

_DASHBOARDS: Final = Path(__file__).resolve().parents[1] / "dashboards"
_COLOURS: Final = 96


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw each dashboard in each width and theme, and print what is wrong with it."""
    options = _parser().parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    end = options.end or time.time()
    faults = 0
    with tempfile.TemporaryDirectory(prefix="zapi-draw-") as folder, sync_playwright() as playwright:
        try:
            bundle(Path(folder))
        except CannotBundle as error:
            print(error, file=sys.stderr)
            return 2
        with served(Path(folder)) as url:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox"]
            )
            for file in options.dashboards:
                for width in options.width:
                    for theme in options.theme:
                        scene = Scene(
                            json.loads(file.read_text(encoding="utf-8")),
                            options.prometheus,
                            end - options.seconds,
                            end,
                            theme,
                            width,
                            options.scrape_interval,
                            {"name": options.name, "label": options.label},
                        )
                        drawing = draw(browser, url, scene)
                        picture = options.out / f"{file.stem}-{width}-{theme}.png"
                        picture.write_bytes(
                            _small(drawing.picture, options.crop) if options.crop else drawing.picture
                        )
                        print(picture)
                        for fault in drawing.faults():
                            faults += 1
                            print(f"  {fault}")
            browser.close()
    return 1 if faults else 0


def _small(picture: bytes, height: int) -> bytes:
    made = io.BytesIO()
    with Image.open(io.BytesIO(picture)) as image:
        top = image.convert("RGB").crop((0, 0, image.width, min(height, image.height)))
    top.quantize(_COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(
        made, "PNG", optimize=True
    )
    return made.getvalue()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m grafana.draw", description=__doc__)
    parser.add_argument("dashboards", nargs="*", type=Path, default=sorted(_DASHBOARDS.glob("*/*.json")))
    parser.add_argument("--prometheus", required=True, metavar="URL")
    parser.add_argument("--out", type=Path, default=Path("dist/dashboards"), metavar="FOLDER")
    parser.add_argument("--width", type=int, nargs="+", default=[1320, 1640], metavar="PIXELS")
    parser.add_argument("--theme", nargs="+", choices=("dark", "light"), default=["dark", "light"])
    parser.add_argument("--seconds", type=int, default=900, help="how much of the past to show (default 900)")
    parser.add_argument("--scrape-interval", type=int, default=15, metavar="SECONDS")
    parser.add_argument("--end", type=float, metavar="UNIX", help="until when to show (default now)")
    parser.add_argument("--label", default="team", help="by which to group (default team)")
    parser.add_argument(
        "--crop", type=int, metavar="PIXELS", help="only the top, in few colours, for a document"
    )
    parser.add_argument("--name", default="vendas", help="of the instance to show (default vendas)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
