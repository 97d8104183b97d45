"""The unit tests of the rules, as the stories have them.

``python -m tests.shipped.prometheus.rule_tests`` writes them to ``prometheus/tests`` for ``promtool test rules``.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import yaml

from tests.shipped.prometheus.fleet_model import (
    STEP,
    Line,
    Query,
    Scenario,
    Text,
    beside_others,
    in_two_places,
    promtool_test,
    with_elsewhere,
)
from tests.shipped.prometheus.stories import (
    collectors,
    connections,
    exporters,
    listing,
    missing_files,
    polls,
    readers_first,
    sources,
    subscriptions,
    survival,
    thresholds,
    webhooks,
)
from tests.shipped.prometheus.stories.fleets import Topic
from tests.shipped.prometheus.tools import RULE_TESTS, parse

_Dumper: Final[type[yaml.SafeDumper]] = type(
    "_Dumper",
    (getattr(yaml, "CSafeDumper", yaml.SafeDumper),),
    {"ignore_aliases": lambda _, data: not isinstance(data, Query)},
)
"""Writes a query that many checks have once, and what is a ``Line`` on one."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(Query, lambda dumper, data: dumper.represent_str(str(data)))
_Dumper.add_representer(
    Line, lambda dumper, data: dumper.represent_mapping("tag:yaml.org,2002:map", data, flow_style=True)
)

_STORIES: Final = Path(__file__).with_name("stories")

FLEET: Final = ("zapi", "polls", "refusals", "readings", "subscriptions", "webhooks")
"""The files of rules that need no collector."""

COLLECTORS: Final = ("collectors", "phones", "sessions", "queues")
"""Those that do."""

_ABOUT_A_FLEET: Final = (
    connections.STORIES,
    survival.STORIES,
    listing.STORIES,
    subscriptions.STORIES,
    webhooks.STORIES,
    polls.STORIES,
    exporters.STORIES,
    thresholds.STORIES,
)

SUITES: Final[Mapping[str, tuple[Sequence[str], Sequence[Topic]]]] = {
    "thresholds_missing": (("reasons", *FLEET), (thresholds.NO_THRESHOLDS,)),
    "thresholds_of_others": (("reasons", *FLEET, "sources"), (thresholds.OWN_FILE, sources.OWN_FILE)),
    **{
        f"{missing}_missing": (
            ("thresholds", "reasons", *(name for name in FLEET if name != missing)),
            (missing_files.NO_FILE,),
        )
        for missing in FLEET[1:]
    },
    "zapi_missing": (("thresholds", "reasons", *FLEET[1:]), (missing_files.NO_FIRST_FILE,)),
    "reasons_missing": (("thresholds", *FLEET), (missing_files.NO_FILE,)),
    "sources_missing": (("thresholds", "reasons", *FLEET), (sources.NO_SOURCES,)),
    **{
        f"{missing}_missing": (
            ("thresholds", "reasons", *FLEET, *(name for name in COLLECTORS if name != missing)),
            (collectors.NO_COLLECTORS,),
        )
        for missing in COLLECTORS
    },
    "readers_first": (tuple(reversed(("thresholds", "reasons", *FLEET))), (readers_first.STORIES,)),
    "fleet": (("thresholds", "reasons", *FLEET), _ABOUT_A_FLEET),
    "collectors": (("thresholds", "reasons", *FLEET, *COLLECTORS), (collectors.STORIES,)),
    "sources": (("thresholds", "reasons", *FLEET, "sources"), (sources.STORIES,)),
}
"""The rule files that stories need, in the order of their evaluation, and the topics of these stories."""

BESIDE_OTHERS: Final = {
    "all_vanished_and_listed_again",
    "clock_wrong",
    "disconnected",
    "due_moved",
    "exporters_that_die",
    "expiry",
    "exporters_taken_away",
    "failing",
    "flapping",
    "mass_event",
    "never_connected",
    "other_trouble_after_refusals",
    "rate_limited_until_an_outage",
    "refused_address_removed",
    "refused_and_dropped_with_other_labels_at_half_of_a_pair",
    "removed_in_an_outage",
    "removed_in_trouble",
    "restarting_less_than_the_threshold",
    "told_before_the_event",
    "two_ids",
    "uninstalled_in_troubles_of_jobs",
    "webhooks",
    "webhooks_that_are_not_expected_any_more",
    "collector_that_never_answered",
    "collectors_after_a_dead_exporter",
    "collectors_that_are_not_asked_any_more",
    "queue_of_a_silent_exporter",
    "queues_of_another_label",
    "session_lost",
    "source_failing",
    "source_incomplete",
    "source_incomplete_of_a_pair",
    "source_of_a_pair_with_lost_scrapes",
    "source_removed",
    "source_unreadable_at_a_start",
}
"""Stories beside which another job and another namespace have the same names, and no trouble."""

IN_TWO_PLACES: Final = {
    "all_at_once",
    "clock_ahead_through_an_outage",
    "dropped_in_a_silence",
    "exporters_taken_away",
    "expiry",
    "failing_after_a_silence",
    "flapping",
    "other_label",
    "rate_limited_until_an_outage",
    "refused_and_dropped_with_other_labels_at_half_of_a_pair",
    "removed_in_trouble",
    "told_before_the_event",
    "two_ids",
    "webhooks",
    "collector_failing_of_a_removed_number",
    "collector_that_never_answered",
    "collectors_after_a_dead_exporter",
    "collectors_that_are_not_asked_any_more",
    "session_lost",
    "source_failing",
    "source_incomplete",
}
"""Stories that also happen to the same names in two jobs, and in two namespaces, at once."""


_MOST: Final = 900_000
"""The largest run, by ``Story.size``. Twice as large, one took 210 s, and the other worker waited for it."""


def texts() -> Mapping[str, Sequence[Text]]:
    """Title of a story → what its alerts say at which moment, as ``alert_rule_test``."""
    return {
        title: checks
        for file in sorted(_STORIES.glob("*.yaml"))
        for title, checks in parse(file.read_text()).items()
    }


def documents() -> Iterator[tuple[Path, str]]:
    """Each file of ``prometheus/tests`` with its text: stories that are played at once, each in a namespace."""
    said = texts()
    for suite, (names, topics) in SUITES.items():
        plays = {title: play for topic in topics for title, play in topic.plays.items()}
        scenarios = [
            Scenario(play.__name__, title, *play(), said.get(title, ())) for title, play in plays.items()
        ]
        scenarios += [
            each
            for title, play in plays.items()
            if play.__name__ in IN_TWO_PLACES
            for each in in_two_places(play.__name__, title, play)
        ]
        runs = _runs(scenarios)
        for number, run in enumerate(runs, start=1):
            document = {
                "rule_files": [f"../rules/{name}.yaml" for name in names],
                "evaluation_interval": f"{STEP}s",
                "group_eval_order": ["zapi" if name == "zapi" else f"zapi-{name}" for name in names],
                "tests": [promtool_test([each for one in run for each in _with_others(one)])],
            }
            head = "# Written by `make rule-tests` from the stories in tests/shipped/prometheus.\n"
            body = yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=1000, allow_unicode=True)
            yield RULE_TESTS / (f"{suite}_{number}.yaml" if len(runs) > 1 else f"{suite}.yaml"), head + body


def _with_others(scenario: Scenario) -> list[Scenario]:
    return beside_others(scenario) if scenario.key in BESIDE_OTHERS else with_elsewhere(scenario)


def _runs(scenarios: Sequence[Scenario]) -> list[list[Scenario]]:
    """Stories that are played at once, the longest first: evaluating all rules costs more than another small fleet."""
    runs: list[list[Scenario]] = []
    for scenario in sorted(scenarios, key=lambda one: -one.story.seconds):
        fitting = (run for run in runs if _fits(scenario, run))
        run = next(fitting, None)
        if run is None:
            runs.append([scenario])
        else:
            run.append(scenario)
    return runs


def _fits(scenario: Scenario, run: Sequence[Scenario]) -> bool:
    size = sum(one.story.size for one in (scenario, *run))
    return size <= _MOST and all(scenario.can_be_played_with(other) for other in run)


if __name__ == "__main__":
    for old in RULE_TESTS.glob("*.yaml"):
        old.unlink()
    for path, text in documents():
        path.write_text(text)
