"""What the installed command logs: one line for each event, in both formats, that nobody else can write."""

import json
import re
import signal
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from exporter.demo.faults import answer
from exporter.demo.instances import SimulatedInstance
from exporter.model.clock import SystemClock
from harness.processes import exporter
from harness.waiting import wait_until
from simulator.server import SimulatedZapi

FORGED = "\n\r\x1b[2K\u2028\u202e\u0085ts=x level=error msg=forged instance=ghost"
NAME = f"loja {FORGED}"
PAIR = re.compile(r'([a-z_]+)=("(?:[^"\\]|\\["\\/bfnrt]|\\u[0-9a-f]{4})*"|[^\s"=\\]+)(?: |$)')
COMMON = ["ts", "level", "msg"]


def fields(line: str, fmt: str) -> Mapping[str, object]:
    """One line, taken apart by the rules of its format."""
    assert line.isprintable(), line
    if fmt == "json":
        parsed: dict[str, object] = json.loads(line)
        return parsed
    pairs = PAIR.findall(line)
    assert "".join(match[0] for match in PAIR.finditer(line)) == line, line
    assert len(dict(pairs)) == len(pairs), line
    return {key: json.loads(value) if value.startswith('"') else value for key, value in pairs}


@pytest.mark.parametrize("fmt", ["logfmt", "json"])
def test_every_event_is_one_line_that_cannot_be_forged(tmp_path: Path, fmt: str) -> None:
    """Every event is one line that tells whom it is about and cannot be forged."""

    instance = SimulatedInstance(
        id="A", token="CANARY-TOKEN", name=FORGED, due=1_900_000_000.0, created=1_600_000_000.0
    )
    with SimulatedZapi([instance], clock=SystemClock()) as zapi:
        config = tmp_path / "config.yaml"
        config.write_text(
            f"api: {{base_url: '{zapi.base_url}'}}\npolling: {{interval: 200ms, stale_after: 2s}}\n"
            f"instances: [{{name: {json.dumps(NAME)}, id: A, token: CANARY-TOKEN}}]\n"
        )
        config.chmod(0o600)
        log = ("--log.level=debug", f"--log.format={fmt}")
        with exporter(tmp_path, f"--config.file={config}", *log) as running:

            def told(message: str) -> None:
                wait_until(lambda: any(line.get("msg") == message for line in lines()))

            def lines() -> list[Mapping[str, object]]:
                text = running.log.read_bytes().decode()
                return [fields(line, fmt) for line in text[: text.rfind("\n") + 1].split("\n")[:-1]]

            zapi.update("A", connected=False, payment_status=f"OVERDUE{FORGED}")
            told("payment status changed")
            zapi.set_fault("A", answer("broken", 503, f'{{"error": "CANARY-BODY {FORGED}"}}'.encode()))
            told("polls are failing")
            zapi.set_fault("A", None)
            told("polls succeed again")
            running.process.send_signal(signal.SIGTERM)
            assert running.process.wait(30) == 0
            seen = lines()

    assert all(list(line)[:3] == COMMON for line in seen)
    assert {line["instance"] for line in seen if "instance" in line} == {NAME}
    levels = {(line["msg"], line["level"]) for line in seen}
    assert levels >= {
        ("connected", "info"),
        ("disconnected", "warning"),
        ("polls are failing", "warning"),
        ("polls succeed again", "info"),
        ("polled", "debug"),
    }
    assert all(level != "error" for _, level in levels)
    failed = next(line for line in seen if line["msg"] == "polls are failing")
    assert failed["reason"] == "server_error"
    assert "HTTP 503" in str(failed["detail"])
    polls = [line for line in seen if line["msg"] == "polled"]
    assert all(re.fullmatch(r"\d+\.\d{3}s", str(line["duration"])) for line in (failed, *polls))
    assert Counter(str(line["outcome"]) for line in polls).keys() == {"success", "server_error"}
    assert "CANARY" not in running.log.read_text()
