"""What all tests share."""

import os

import pytest
from hypothesis import HealthCheck, settings

from harness.real_parts import missing, packages

settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("quick", parent=settings.get_profile("default"), max_examples=25)
settings.register_profile("fuzz", parent=settings.get_profile("default"), max_examples=50_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def pytest_runtest_setup(item: pytest.Item) -> None:
    lacking = missing(command for mark in item.iter_markers("needs") for command in mark.args)
    if not lacking:
        return
    reason = f"{', '.join(lacking)} not found; on Debian: apt-get install {' '.join(packages(lacking))}"
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
