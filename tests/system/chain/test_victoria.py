"""The recipes for VictoriaMetrics, run as they are printed with the real programs of Debian sid."""

import json
import re
import shlex
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

from harness.newer_parts import directory
from harness.ports import own_address
from harness.processes import alertmanager, eventually, exporter, get, running
from stack import shipped
from tests.shipped.docs.documents import ROOT, snippets

INSTANCES = 12

pytestmark = [
    pytest.mark.nightly,
    pytest.mark.installs,
    pytest.mark.needs("prometheus-alertmanager"),
    pytest.mark.timeout(1800),
]


@pytest.fixture(scope="module")
def programs() -> Path:
    return directory("sid")


def printed(document: str, program: str) -> list[str]:
    """The line of the document that starts the program, as words."""
    text = "".join(one.text for one in snippets("sh") if one.file == ROOT / "docs" / document)
    (line,) = re.findall(rf"^{program} .*$", text, re.MULTILINE)
    return shlex.split(line.removesuffix(" &"))


def write_configuration(directory: Path, exporter_address: str) -> None:
    """The shipped configuration of Prometheus, whole, with another address."""
    text = (ROOT / "prometheus" / "prometheus.yaml").read_text(encoding="utf-8")
    assert "localhost:10917" in text
    text = text.replace("localhost:10917", exporter_address).replace("30s", "1s")
    (directory / "prometheus.yaml").write_text(text, encoding="utf-8")


@contextmanager
def started(programs: Path, words: list[str], work: Path, health: str) -> Iterator[str]:
    """Run the words in ``work``; gives the URL once the program answers."""
    address = own_address()
    command = [str(programs / words[0]), *words[1:], f"-httpListenAddr={address}"]
    inside = ["env", f"--chdir={work}", *command]
    log = work / f"{words[0]}.log"
    with log.open("wb") as output, running(inside, stdout=output, stderr=output) as process:

        def answers() -> bool:
            assert process.poll() is None, log.read_text()[-2000:]
            return bool(get(f"http://{address}{health}"))

        eventually(answers, 60)
        yield f"http://{address}"


def values(url: str, query: str) -> list[str]:
    answer = json.loads(get(f"{url}/api/v1/query?query={quote(query)}&time={time.time():.3f}"))
    return [one["value"][1] for one in answer["data"]["result"]]


def test_it_scrapes_with_the_configuration_of_prometheus(programs: Path, tmp_path: Path) -> None:
    with exporter(tmp_path, f"--demo={INSTANCES}") as running_exporter:
        write_configuration(tmp_path, running_exporter.url.removeprefix("http://"))
        words = printed("recipes.md", "victoria-metrics")
        with started(programs, words, tmp_path, "/health") as url:
            eventually(lambda: values(url, "zapi_exporter_instances") == [str(INSTANCES)], 120)


def test_vmalert_evaluates_every_rule_and_tells_alertmanager(programs: Path, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "prometheus" / "rules", tmp_path / "prometheus" / "rules")
    routes = shipped.alertmanager_config(tmp_path, "http://127.0.0.1:9/", 60)
    with (
        exporter(tmp_path, f"--demo={INSTANCES}") as running_exporter,
        alertmanager(tmp_path, routes) as told,
    ):
        write_configuration(tmp_path / "prometheus", running_exporter.url.removeprefix("http://"))
        with started(programs, printed("alerts.md", "victoria-metrics"), tmp_path, "/health") as stored:
            words = [
                word.replace("http://localhost:8428", stored).replace("http://localhost:9093", told)
                for word in printed("alerts.md", "vmalert")
            ]
            quicker = [word.replace("-evaluationInterval=30s", "-evaluationInterval=1s") for word in words]
            with started(programs, quicker, tmp_path, "/health") as evaluated:
                eventually(lambda: json.loads(get(f"{told}/api/v2/alerts")) != [], 180)
                groups = json.loads(get(f"{evaluated}/api/v1/rules"))["data"]["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    shipped_rules = "".join(file.read_text() for file in (ROOT / "prometheus" / "rules").glob("*.yaml"))
    assert len(rules) == len(re.findall(r"^ *- (?:alert|record): ", shipped_rules, re.MULTILINE))
    assert [(rule["name"], rule["lastError"]) for rule in rules if rule["lastError"]] == []
