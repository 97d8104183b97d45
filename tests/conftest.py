"""What all tests share."""

import os
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from harness.real_parts import missing, packages

settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("quick", parent=settings.get_profile("default"), max_examples=25)
settings.register_profile("fuzz", parent=settings.get_profile("default"), max_examples=50_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest: no worker waits at the end for the last long test of another."""
    longest: dict[Path, float] = defaultdict(float)
    for item in items:
        longest[item.path] = max(longest[item.path], _patience(item))
    items.sort(key=lambda item: longest[item.path], reverse=True)


def _patience(item: pytest.Item) -> float:
    """Seconds that a test may take, by its marks."""
    timeout = item.get_closest_marker("timeout")
    if timeout is not None:
        return float(timeout.args[0])
    marks = ("nightly", "needs", "installs", "slow")
    return 120.0 if any(item.get_closest_marker(name) for name in marks) else 0.0


def pytest_runtest_setup(item: pytest.Item) -> None:
    lacking = missing(command for mark in item.iter_markers("needs") for command in mark.args)
    if not lacking:
        return
    reason = f"{', '.join(lacking)} not found; on Debian: apt-get install {' '.join(packages(lacking))}"
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
