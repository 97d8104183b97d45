"""The shipped rules are valid, behave as their unit tests say, and keep to one form."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from exporter.model.poll_result import Reason
from tests.shipped.prometheus import rule_tests
from tests.shipped.prometheus.tools import (
    PROMETHEUS,
    RULE_TESTS,
    RULES,
    Rule,
    alerts,
    parse,
    promtool,
    rule_files,
    rules,
)

RUNBOOK_BASE = "https://github.com/zapi-exporter/zapi-exporter/blob/main/docs/runbooks/"

OF_NO_INSTANCE = {"ZapiInstancesVanished", "ZapiInstanceSourceFailing", "ZapiInstanceSourceIncomplete"}


@pytest.mark.needs("promtool")
def test_the_example_configuration_and_every_rule_file_are_valid() -> None:
    outcome = promtool("check", "config", PROMETHEUS / "prometheus.yaml")

    assert outcome.succeeded, outcome.output
    assert all(f"Checking {file}" in outcome.output for file in rule_files()), outcome.output


@pytest.mark.timeout(3600)
@pytest.mark.needs("promtool")
@pytest.mark.parametrize("file", sorted(RULE_TESTS.glob("*.yaml")), ids=lambda file: file.stem)
def test_the_rules_do_what_their_unit_tests_say(file: Path) -> None:
    outcome = promtool("test", "rules", file)

    assert outcome.succeeded, outcome.output


def test_an_alert_says_how_bad_it_is_what_happened_and_what_to_do() -> None:
    for rule in alerts():
        assert rule.body["labels"]["severity"] in {"critical", "warning", "info"}, rule.name
        assert rule.body["annotations"]["runbook_url"] == f"{RUNBOOK_BASE}{rule.name}.md"
        assert rule.body["annotations"]["summary"], rule.name
        assert rule.body["annotations"]["description"].rstrip().endswith((".", "}}")), rule.name


def of_an_instance() -> list[Rule]:
    return [
        rule for rule in alerts() if rule.name.startswith("ZapiInstance") and rule.name not in OF_NO_INSTANCE
    ]


def test_an_alert_about_an_instance_names_it_and_how_it_ended() -> None:
    """The last words of its summary, which Alertmanager's templates read, are those of an end only when it ended."""
    ends = ("again|now", "removed or renamed", "not watched any more", "has ended")
    assert of_an_instance()
    for rule in of_an_instance():
        summary = rule.body["annotations"]["summary"]
        assert summary.startswith("{{$labels.name}}"), rule.name
        active, *ended = words_by_ending(summary)
        assert re.search(rf" ({'|'.join(ends)})$", active) is None, rule.name
        assert [
            words for words, end in zip(ended[:4], ends, strict=True) if not re.search(rf" ({end})$", words)
        ] == []
        assert [words for words in ended[4:] if re.search(rf" ({'|'.join(ends[:3])})$", words)] == []


def words_by_ending(summary: str) -> list[str]:
    """What the summary of an alert about an instance says while it is active, and at each of its ends."""
    return re.findall(r'"([^"]+)"', summary.split("(print")[0])


def test_an_alert_about_an_instance_has_few_texts() -> None:
    """Prometheus parses each of them for each of 10,000 alerts at each evaluation: 100 µs."""
    for rule in of_an_instance():
        assert set(rule.body["annotations"]) == {"summary", "description", "runbook_url"}, rule.name
        assert set(rule.body["labels"]) == {"severity"}, rule.name


def test_no_rule_stands_on_what_prometheus_forgets() -> None:
    """A pending alert is lost at each restart and each lost scrape; what is recorded is not."""
    assert [rule.name for rule in rules() if {"for", "keep_firing_for"} & set(rule.body)] == []


def test_no_text_of_an_alert_per_instance_queries() -> None:
    """It would be asked for each of 10,000 alerts at each evaluation."""
    asking = [
        rule.name
        for rule in of_an_instance()
        if any("query" in str(text) for text in rule.body["annotations"].values())
    ]

    assert asking == []


@pytest.mark.slow
def test_the_unit_tests_are_those_of_the_stories() -> None:
    """``make rule-tests`` writes them."""
    written = dict(rule_tests.documents())

    assert {path: path.read_text() for path in RULE_TESTS.glob("*.yaml")} == written


def test_no_rule_knows_the_name_of_a_job_or_of_a_target() -> None:
    assert [rule.name for rule in rules() if re.search(r"\b(?:job|instance)\s*[=!]", rule.expr)] == []


def test_every_name_is_used_once() -> None:
    """An alert of two severities has a rule for each, and that rules are missing is told by two files of each other."""
    names = [
        (rule.name, rule.body.get("labels", {}).get("severity"))
        for rule in rules()
        if rule.name != "zapi:reason:info"
        and (rule.name, rule.file.stem) != ("ZapiThresholdsMissing", "polls")
    ]

    assert len(names) == len(set(names))


def test_every_alert_has_a_unit_test_that_sees_its_text() -> None:
    documents = [parse(file.read_text()) for file in RULE_TESTS.glob("*.yaml")]
    seen = {
        expected["alertname"]
        for document in documents
        for case in document["tests"]
        for expected in case.get("alert_rule_test", ())
        if expected.get("exp_alerts")
    }

    assert seen == {rule.name for rule in alerts()}


def test_every_case_of_a_summary_is_seen_by_a_unit_test() -> None:
    """What an alert says while it is active, and at each of its ends."""
    seen = {
        (name, alert["exp_labels"]["severity"], alert["exp_annotations"]["summary"])
        for name, alert in alerts_with_texts()
    }
    unseen = [
        (rule.name, case)
        for rule in alerts()
        for case in cases_of_its_summary(rule)
        if not any(
            (name, severity) == (rule.name, rule.body["labels"]["severity"]) and re.search(case, summary)
            for name, severity, summary in seen
        )
    ]

    assert unseen == []


def alerts_with_texts() -> list[tuple[str, Mapping[str, Any]]]:
    """The name of each alert that a story sees, and what it says as promtool expects it."""
    return [
        (check["alertname"], alert)
        for checks in rule_tests.texts().values()
        for check in checks
        for alert in check["exp_alerts"]
    ]


def test_every_text_is_of_a_story() -> None:
    titles = {title for _, topics in rule_tests.SUITES.values() for topic in topics for title in topic.plays}

    assert rule_tests.texts().keys() <= titles


def cases_of_its_summary(rule: Rule) -> list[str]:
    """As patterns, with anything where a template stands."""
    summary = " ".join(rule.body["annotations"]["summary"].split())
    if "(args " in summary:
        return [re.escape(words) + "$" for words in words_by_ending(summary)]
    cases = re.split(r"{{ (?:if|else if|else)\b.*?}}", re.sub(r"{{ end }}", "", summary))[1:]
    return [".*".join(re.escape(words) for words in re.split(r"{{.*?}}", case)) for case in cases]


def test_no_text_has_an_empty_list() -> None:
    """Neither while the alert is active nor at its end."""
    texts = [text for _, alert in alerts_with_texts() for text in alert["exp_annotations"].values()]

    assert [text for text in texts if re.search(r"[:,(] ?[.,;)]|[:,; ]$|  |%!|<no value>", text)] == []


def test_every_reason_has_words() -> None:
    worded = {rule.body["labels"]["reason"] for rule in rules() if rule.name == "zapi:reason:info"}

    assert worded == {reason.value for reason in Reason}


def test_numbers_to_compare_with_are_thresholds_of_their_own_file() -> None:
    thresholds = {rule.name for rule in rules() if rule.file == RULES / "thresholds.yaml"}
    used = {name for rule in rules() for name in re.findall(r"zapi:threshold:\w+", rule.expr)}

    assert used == thresholds
    for rule in alerts():
        assert set(re.findall(r"[<>=]=?\s*(\d[\d.]*)", rule.expr)) <= {"0", "1"}, rule.name


def test_a_number_behind_the_point_of_a_value_has_five_digits_at_most() -> None:
    """One more would change what is before the point; no story has 100,000 instances or takes eleven days."""
    for rule in rules():
        limits = re.findall(r",\s*(\d+)\s*\)\s*/ 1e5", rule.expr)
        assert limits == ["99999"] * rule.expr.count("99999"), rule.name
    # Codes of reasons, and a share of at most 1, need no limit.
    unlimited = {rule.name for rule in rules() if rule.expr.count("/ 1e5") > rule.expr.count("99999")}
    assert unlimited == {
        "job:zapi_instance_rate_limited:alert",
        "name:zapi_instance_credentials_refused:alert",
        "name:zapi_instance_polls_failing:alert",
        "name:zapi_instance_subscription_ended:alert",
        "name:zapi_instance_values_stale:alert",
        "name:zapi_instance_wrong_instance:alert",
    }
