"""The body of a ``/status`` reply → a :class:`PhoneStatus` or a :class:`Failure`. Pure."""

from collections.abc import Mapping
from typing import Any

from exporter.model.poll_result import Failure, PhoneStatus, Session
from exporter.zapi.failures import invalid_reply, is_empty, known_failure, session_of
from exporter.zapi.json_values import Bytes, Unreadable, boolean, decode_object


def read_phone_status(body: Bytes) -> PhoneStatus | Failure:
    """Read the body of a 200 answer to ``/status``.

    ``connected`` has precedence; ``error`` only says what a session that is not connected needs. Return a
    :class:`Failure` if neither names a state, or if ``error`` is a known failure.
    """
    try:
        reply = decode_object(body)
    except ValueError:
        return invalid_reply("the reply to /status is not a JSON object")
    failure = known_failure(reply)
    if failure is not None:
        return failure
    session = _session(reply, reply.get("error"))
    if session is None:
        return invalid_reply("the reply to /status does not say whether the session is connected")
    return PhoneStatus(session, _phone_online(reply))


def _session(reply: Mapping[str, Any], error: object) -> Session | None:
    said = session_of(error)
    try:
        connected = boolean(reply.get("connected"))
    except Unreadable:
        return said
    if connected:
        return Session.CONNECTED
    if is_empty(error):
        return Session.DISCONNECTED
    return Session.UNKNOWN if said in (None, Session.CONNECTED) else said


def _phone_online(reply: Mapping[str, Any]) -> bool | None:
    try:
        return boolean(reply.get("smartphoneConnected"))
    except Unreadable:
        return None
