"""The documents say what the results in the repository say."""

from bench import report, results, scaling
from bench.goals import goals


def test_the_benchmarks_are_told_as_they_were_measured() -> None:
    assert report.FILE.read_text(encoding="utf-8") == report.text(results.load())


def test_the_numbers_of_the_scaling_plan_follow_from_the_measurements() -> None:
    assert scaling.FILE.read_text(encoding="utf-8") == scaling.text(results.load())


def test_a_goal_that_was_not_measured_says_why() -> None:
    for goal in goals(results.load()):
        assert goal.met is not None or goal.measured.startswith("not measured: ")
