"""What ``/status`` says, in every form that is documented or must be reckoned with."""

import json
from typing import Any

import pytest

from exporter.model.poll_result import Failure, PhoneStatus, Reason, Session
from exporter.zapi.phone_status import read_phone_status


def read(reply: object) -> PhoneStatus | Failure:
    return read_phone_status(json.dumps(reply).encode())


@pytest.mark.parametrize(
    ("connected", "error", "session"),
    [
        (True, None, Session.CONNECTED),
        (True, "You are already connected", Session.CONNECTED),
        ("true", "You are already connected.", Session.CONNECTED),
        (True, "You need to restore the session.", Session.CONNECTED),
        (True, "words of tomorrow", Session.CONNECTED),
        (False, "You need to restore the session.", Session.RESTORABLE),
        ("false", "you need  to restore the session", Session.RESTORABLE),
        (False, "You are not connected.", Session.DISCONNECTED),
        (False, None, Session.DISCONNECTED),
        (False, "", Session.DISCONNECTED),
        (False, "words of tomorrow", Session.UNKNOWN),
        (False, "You are already connected", Session.UNKNOWN),
        (None, "You are not connected.", Session.DISCONNECTED),
        (None, "You are already connected", Session.CONNECTED),
    ],
)
def test_connected_counts_and_error_tells_what_it_needs(
    connected: Any, error: str | None, session: Session
) -> None:
    assert read({"connected": connected, "error": error}) == PhoneStatus(session, None)


@pytest.mark.parametrize(
    ("said", "online"),
    [(True, True), (False, False), ("TRUE", True), ("false", False), (None, None), (1, None), ("yes", None)],
)
def test_the_phone_is_online_only_where_that_is_readable(said: object, online: bool | None) -> None:
    reply = read({"connected": True, "smartphoneConnected": said})
    assert reply == PhoneStatus(Session.CONNECTED, online)


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ({"error": "Instance not found"}, Reason.NOT_FOUND),
        ({"connected": False, "error": "Client-Token canary not allowed"}, Reason.UNAUTHORIZED),
        (
            {"error": "To continue sending a message, you must subscribe to this instance again"},
            Reason.SUBSCRIPTION_ENDED,
        ),
        ({"error": "203.0.113.7 not allowed"}, Reason.IP_NOT_ALLOWED),
        ({}, Reason.INVALID_RESPONSE),
        ({"connected": "perhaps"}, Reason.INVALID_RESPONSE),
        ({"value": False}, Reason.INVALID_RESPONSE),
        ([], Reason.INVALID_RESPONSE),
    ],
)
def test_what_tells_no_state_is_a_failure(reply: object, reason: Reason) -> None:
    failure = read(reply)
    assert isinstance(failure, Failure)
    assert failure.reason is reason
    assert "canary" not in failure.detail
