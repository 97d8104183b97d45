"""The search for secrets can find them."""

import base64
import json
from urllib.parse import quote

import pytest

from tests.system.faults.canaries import canary, canary_url, leaks

TOKEN = canary("token")


@pytest.mark.parametrize(
    "said",
    [
        f"GET /instances/A/token/{TOKEN}/me",
        TOKEN.upper(),
        TOKEN[:8],
        TOKEN[-8:],
        quote(canary_url("webhook"), safe=""),
        json.dumps({"url": canary_url("webhook")}),
        *(base64.b64encode(f"{before}{TOKEN}".encode()).decode() for before in ("", "u", "us", "user:")),
    ],
)
def test_a_secret_is_found_whole_in_part_and_encoded(said: str) -> None:
    assert [leak.split(" holds")[0] for leak in leaks([("a log", said.encode())])] == ["a log"]


def test_nothing_is_found_where_nothing_is() -> None:
    assert not list(leaks([("a log", b"level=warning msg=connected token=<secret>"), ("a page", b"")]))
