"""The peers are set up to do what is compared, and what they did is told."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench import chain, polls, probers, report, results, scaling
from bench.goals import goals
from bench.instances import instance_id, me
from bench.spread import Spread
from exporter.model.me_fields import OPTIONAL_FIELDS

SPREAD = Spread.of([1.0])


def module(peer: str) -> Any:
    """What the peer is to do for ``/me``."""
    return yaml.safe_load(probers.configuration(peer, Path("/ca.pem")))["modules"]["me"]


def test_json_exporter_is_asked_for_every_field_of_the_reply_that_we_read() -> None:
    metrics = module(probers.JSON)["metrics"]
    paths = [path for metric in metrics for path in (metric["path"], *metric.get("labels", {}).values())]
    asked = [field for path in paths for field in re.findall(r"\{ \.(\w+) \}", path)]
    read = {"connected", *OPTIONAL_FIELDS} & json.loads(me(instance_id(0))).keys()
    assert sorted(asked) == sorted(read)
    assert len({metric["name"] for metric in metrics}) == len(read)


@pytest.mark.parametrize("peer", probers.COMMANDS)
def test_a_peer_checks_the_certificate_as_we_do(peer: str) -> None:
    settings = module(peer)
    tls = settings.get("http_client_config") or settings["http"]
    assert tls["tls_config"] == {"ca_file": "/ca.pem"}


@pytest.mark.parametrize("stream", ["", " >&2"])
def test_a_peer_says_its_version_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stream: str) -> None:
    program = tmp_path / "json_exporter"
    program.write_text(f"#!/bin/sh\necho 'json_exporter, version 1.2.3 (branch: HEAD)'{stream}\n")
    program.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert probers.version(probers.JSON) == "1.2.3"


def test_the_report_tells_only_what_measured_peers_were_asked() -> None:
    measured = results.load()
    assert measured.polls is not None
    json_alone = replace(
        measured.polls,
        micros={polls.OURS: SPREAD, probers.JSON: SPREAD},
        ratios={probers.JSON: SPREAD},
        versions={probers.JSON: "1.2.3"},
    )
    one, theirs = results.Chain(1.0, 1.0, 27), results.Chain(6.0, 2.0, 20)
    ways = {chain.ONE_SCRAPE: one, chain.way_of(probers.JSON): theirs}
    text = report.text(replace(measured, polls=json_alone, chain=ways))
    assert "| json_exporter 1.2.3 | 1 | 1 … 1 |" in text
    assert "the 15 fields" in text
    assert "takes 0.25 of the CPU of json_exporter with a probe for each instance, which reports all" in text
    assert "blackbox_exporter matches" not in text
    assert "of the CPU of blackbox_exporter" not in text


def test_a_peer_that_came_later_is_said_to_be_missing() -> None:
    measured = results.load()
    assert measured.polls is not None
    without = replace(measured, missing={}, polls=replace(measured.polls, ratios={}))
    told = {goal.measured for goal in goals(without) if goal.met is None}
    assert "not measured: it was not on the PATH when polls were measured" in told


def test_the_benchmarks_are_told_as_they_were_measured() -> None:
    assert report.FILE.read_text(encoding="utf-8") == report.text(results.load())


def test_the_numbers_of_the_scaling_plan_follow_from_the_measurements() -> None:
    assert scaling.FILE.read_text(encoding="utf-8") == scaling.text(results.load())


def test_a_goal_that_was_not_measured_says_why() -> None:
    for goal in goals(results.load()):
        assert goal.met is not None or goal.measured.startswith("not measured: ")
