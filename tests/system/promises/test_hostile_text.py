"""Text made to break its surroundings, from the configuration and from Z-API, through the whole installed command."""

import json
import re
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import pytest
from prometheus_client import Metric
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from exporter.demo.scenario import ScenarioInstance
from exporter.model.settings import Polling
from exporter.web.status_page.sanitize import visible
from harness.processes import Exporter, exporter, get
from simulator.fleet import healthy_fleet
from tests.system.upstream import upstream
from tests.unit.web.status_page.fleets import HIDDEN, Elements

HOSTILE: Final = (
    "\"double\" and 'single' quotes",
    'back\\slash \\n \\" \\',
    'line\nzapi_instance_up{name="forged"} 1\nforged_metric 1',
    '"} 1\nforged_metric{name="',
    "carriage\rreturn\x0bfeed\x0c",
    "# HELP zapi_instance_up forged\n# TYPE forged_metric counter",
    "# EOF\n",
    "gnp\u202e.exe\u2066 \u200e",
    "\x1b[31mred\x07\x7f\x85next\u2028line",
    "<script>alert(\"forged\")</script><blink title='x'>&amp;",
    'a=b level=error msg="forged"\nts=2020-01-01T00:00:00.000Z level=error msg=forged',
    '{"forged": true}\n{"forged": true}',
    "${HOME} {{ 7*7 }} %s %(name)s {name}",
    "日本語 🎉 e\u0301 \ufeff \U000e0001",
    "../../-/reload?name=x#y&z=%00%2e",
    "NaN",
)
ONLY_UPSTREAM: Final = ("nul\0character", "\0")
INSTANCES: Final = len(HOSTILE) + len(ONLY_UPSTREAM)
_LOGFMT: Final = re.compile(
    r'[a-z_]+=(?:"(?:[^"\\]|\\.)*"|[^\s"=\\]+)(?: [a-z_]+=(?:"(?:[^"\\]|\\.)*"|[^\s"=\\]+))*'
)


@dataclass(frozen=True, slots=True)
class Scene:
    """The command that polls hostile instances. ``said`` maps each name to what Z-API says of it."""

    running: Exporter
    said: Mapping[str, str]


def hostile_members() -> Iterator[tuple[ScenarioInstance, str]]:
    texts = (*HOSTILE, *ONLY_UPSTREAM)
    for member, said, number in zip(
        healthy_fleet(INSTANCES, now=1.7e9), texts, range(INSTANCES), strict=True
    ):
        name = HOSTILE[-1 - number % len(HOSTILE)]
        name = name if number < len(HOSTILE) else f"{name} again"
        configured = replace(member.configured, name=name, labels={"team": HOSTILE[number % len(HOSTILE)]})
        simulated = replace(member.simulated, name=said, payment_status=said)
        yield replace(member, configured=configured, simulated=simulated), said


@pytest.fixture(scope="module", params=["logfmt", "json"])
def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    directory = tmp_path_factory.mktemp("hostile")
    members, texts = zip(*hostile_members(), strict=True)
    polling = Polling(interval=3600.0, concurrency=8, stale_after=7200.0)  # no slot is late on a busy machine
    flags = (
        f"--config.file={directory / 'config.yaml'}",
        "--log.level=debug",
        f"--log.format={request.param}",
    )
    with (
        upstream(directory, members, polling, timeout=60.0),
        exporter(directory, *flags) as running,
    ):
        names = (member.configured.name for member in members)
        yield Scene(running, dict(zip(names, texts, strict=True)))


def openmetrics_of(url: str) -> str:
    accept = {"Accept": "application/openmetrics-text;version=1.0.0"}
    with urllib.request.urlopen(urllib.request.Request(url, headers=accept)) as answer:
        assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
        return str(answer.read().decode())


def parsed(scene: Scene, target: str, fmt: str) -> dict[str, Metric]:
    url = scene.running.url + target
    read: Any = (
        openmetrics.text_string_to_metric_families if fmt == "openmetrics" else text_string_to_metric_families
    )
    return {family.name: family for family in read(openmetrics_of(url) if fmt == "openmetrics" else get(url))}


@pytest.mark.parametrize("fmt", ["text", "openmetrics"])
def test_every_text_reads_back_from_the_metrics_as_it_was(scene: Scene, fmt: str) -> None:
    found = parsed(scene, "/metrics", fmt)
    assert not any("forged" in name for name in found)
    info = {
        sample.labels["name"]: sample.labels["display_name"] for sample in found["zapi_instance_info"].samples
    }
    assert info == {name: said.strip() for name, said in scene.said.items()}
    teams = {sample.labels["team"] for sample in found["zapi_instance_up"].samples}
    assert teams == set(HOSTILE)
    statuses = {
        sample.labels["name"]: sample.labels["status"]
        for sample in found["zapi_instance_payment_status"].samples
        if sample.value
    }
    assert statuses == {name: said.strip().lower() for name, said in scene.said.items()}


@pytest.mark.parametrize("fmt", ["text", "openmetrics"])
def test_every_target_of_service_discovery_can_be_probed_by_its_name(scene: Scene, fmt: str) -> None:
    groups = json.loads(get(f"{scene.running.url}/sd"))
    names = [group["labels"]["__param_name"] for group in groups]
    assert sorted(names) == sorted(scene.said)
    assert [group["labels"]["instance"] for group in groups] == names
    for name in names:
        found = parsed(scene, f"/probe?{urllib.parse.urlencode({'name': name})}", fmt)
        assert {sample.labels["name"] for family in found.values() for sample in family.samples} == {name}
        assert [sample.value for sample in found["zapi_instance_up"].samples] == [1]


def test_the_page_shows_all_of_it_as_text(scene: Scene) -> None:
    html = get(f"{scene.running.url}/")
    page = Elements(html)
    assert HIDDEN.search(html) is None
    assert len(page.all("script")) == 1
    assert not page.all("blink")
    text = " ".join(page.text.split())
    for name, said in scene.said.items():
        assert " ".join(visible(name).split()) in text
        assert " ".join(visible(said.strip()).split()) in text


def test_no_text_forges_a_line_of_the_log(scene: Scene) -> None:
    lines = scene.running.log.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    assert all(line.isprintable() for line in lines)
    if lines[0].startswith("{"):
        records = [json.loads(line) for line in lines]
        assert not any("forged" in record for record in records)
        assert {record["level"] for record in records} <= {"debug", "info"}
        assert {record["instance"] for record in records if "instance" in record} == set(scene.said)
    else:
        assert all(_LOGFMT.fullmatch(line) for line in lines)
        assert {re.sub(r'"(?:[^"\\]|\\.)*"', "", line).split()[1] for line in lines} <= {
            "level=debug",
            "level=info",
        }
