"""Reload after reload while 200 instances are polled and scraped without a pause: nobody notices."""

import itertools
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.error import HTTPError

from exporter.model.clock import SystemClock
from harness.processes import Exporter, exporter, get, post, write_at_once
from harness.waiting import wait_until
from simulator.server import SimulatedZapi
from tests.builders import a_simulated

STEADY: Final = [f"loja-{number}" for number in range(200)]
"""In every configuration, unchanged."""

WAVERING: Final = [f"filial-{number}" for number in range(10)]
"""Come, go, and have now the right token and now a wrong one."""

INTERVAL: Final = 2
RELOADS: Final = 50
ROUNDS: Final = 2
"""Polls of each steady instance; reloads go on at least until all were made."""

COUNTER: Final = re.compile(r'^(zapi_instance_\w+_total)\{name="([^"]+)"\} (\S+)$', re.MULTILINE)


def document(base_url: str, wavering: Mapping[str, str], more: str = "") -> str:
    tokens = {**dict.fromkeys(STEADY, "TOKEN"), **wavering}
    instances = (f"- {{name: {name}, id: ID-{name}, token: {token}}}\n" for name, token in tokens.items())
    polling = f"polling: {{interval: {INTERVAL}s}}\n"
    return f"api: {{base_url: '{base_url}', timeout: 5s}}\n{polling}instances:\n{''.join(instances)}{more}"


def documents(base_url: str) -> Iterator[tuple[bool, str]]:
    """Whether it is valid, and the text, again and again."""
    right, wrong = dict.fromkeys(WAVERING, "TOKEN"), dict.fromkeys(WAVERING, "WRONG")
    return itertools.cycle(
        [
            (True, document(base_url, {})),
            (False, "instances: ["),
            (False, "- a list"),
            (True, document(base_url, right)),
            (False, document(base_url, right, "- {name: loja-0, id: another, token: T}\n")),
            (False, ""),
            (True, document(base_url, wrong)),
            (False, "pollling: {interval: 1s}"),
        ]
    )


@dataclass
class Scraper:
    """Scrapes without a pause, and finds what must never be."""

    url: str
    wrong: list[str] = field(default_factory=list)
    first: dict[tuple[str, str], float] = field(default_factory=dict)
    last: dict[tuple[str, str], float] = field(default_factory=dict)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self.stop.is_set():
            self._scrape()

    def _scrape(self) -> None:
        try:
            self._look(get(f"{self.url}/metrics"))
        except OSError as error:
            self.wrong.append(f"a scrape failed: {error}")

    def _look(self, text: str) -> None:
        found = [((metric, name), float(value)) for metric, name, value in COUNTER.findall(text)]
        now = {key: value for key, value in found if key[1].startswith("loja")}
        if len(now) != 3 * len(STEADY) or not text.endswith("\n"):
            self.wrong.append(f"{len(now)} counters in a scrape")
        self.wrong += [f"{key} went back" for key, value in self.last.items() if now.get(key, 0) < value]
        self.first = self.first or now
        self.last = now


@dataclass
class Reloader:
    """Writes one document after the other and asks for it, by POST or by SIGHUP."""

    running: Exporter
    file: Path
    wrong: list[str] = field(default_factory=list)

    def run(self, base_url: str, enough: Callable[[], bool]) -> None:
        """Go on for so many reloads, and until it is ``enough``."""
        for number, (valid, text) in enumerate(documents(base_url)):
            if number >= RELOADS and enough():
                return
            write_at_once(self.file, text)
            if number % 5 == 4:
                self.running.process.send_signal(signal.SIGHUP)
            elif self.post() != (200 if valid else 400):
                self.wrong.append(f"reload {number} was answered wrongly")

    def post(self) -> int:
        try:
            post(f"{self.running.url}/-/reload")
            return 200
        except HTTPError as error:
            error.close()
            return error.code


def test_no_scrape_fails_no_slot_is_missed_and_no_counter_goes_back(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    with SimulatedZapi(map(a_simulated, STEADY + WAVERING), clock=SystemClock()) as zapi:
        file.write_text(document(zapi.base_url, {}))
        with exporter(tmp_path, f"--config.file={file}") as running:
            scraper, reloader = Scraper(running.url), Reloader(running, file)
            scraping = threading.Thread(target=scraper.run)
            scraping.start()
            began, before = time.monotonic(), {name: zapi.requests[f"ID-{name}"] for name in STEADY}
            reloader.run(
                zapi.base_url,
                lambda: all(zapi.requests[f"ID-{name}"] >= polls + ROUNDS for name, polls in before.items()),
            )
            scraper.stop.set()
            scraping.join()
            slots = (time.monotonic() - began) // INTERVAL
            write_at_once(file, document(zapi.base_url, dict.fromkeys(WAVERING, "TOKEN")))
            assert reloader.post() == 200
            up = [f'zapi_instance_up{{name="{name}"}} 1.0' for name in WAVERING]
            wait_until(lambda: all(line in running.metrics() for line in up))
            metrics, log = running.metrics(), running.log.read_text()
    assert (scraper.wrong, reloader.wrong) == ([], [])
    assert len(re.findall("the configuration was (?:not )?reloaded", log)) >= RELOADS
    polls = [
        scraper.last[key] - first for key, first in scraper.first.items() if key[0].endswith("_polls_total")
    ]
    assert len(polls) == len(STEADY)
    assert max(polls) <= slots + 2
    assert max(polls) - min(polls) <= 2
    assert float(metrics.partition("\nprocess_open_fds ")[2].partition("\n")[0]) < 200
