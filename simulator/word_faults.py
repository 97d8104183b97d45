"""Replies told apart by whose words they are: Z-API's own, at any status, or those of what stands in front of it."""

import json
from typing import Final

from exporter.demo.faults import HTML, Fault, answer

_SUBSCRIBE: Final = "To continue sending a message, you must subscribe to this instance again"
_CHALLENGE: Final = (("cf-mitigated", "challenge"),)


def words() -> tuple[Fault, ...]:
    """Z-API's own words with statuses, spacing and full stops in which they may come."""
    return (
        _said("400 subscribe again", 400, _SUBSCRIBE),
        _said("200 subscribe again with a full stop", 200, f"{_SUBSCRIBE}."),
        _said("503 subscribe again in capitals", 503, _SUBSCRIBE.upper()),
        _said("403 address not allowed", 403, "203.0.113.7 not allowed"),
        _said("200 address not allowed with a full stop", 200, "203.0.113.7 not allowed."),
        _said("401 ipv6 address not allowed", 401, "2001:db8::7 not allowed"),
        _said("403 client-token null not allowed", 403, "Client-Token null not allowed"),
        _said("500 client-token not allowed oddly spaced", 500, " client-token  null\tnot  allowed . "),
        _said("500 instance not found", 500, "Instance not found"),
        _said("404 instance not found in capitals", 404, "INSTANCE NOT FOUND."),
    )


def states() -> tuple[Fault, ...]:
    """What Z-API says of the connection where other failures stand."""
    return (
        _state("200 not connected", "You are not connected.", connected=False),
        _state("200 already connected", "You are already connected", connected=True),
        _state("200 restore the session", "You need to restore the session", connected=False),
        _said("400 not connected", 400, "You are not connected."),
    )


def fronts() -> tuple[Fault, ...]:
    """What a content delivery network, a firewall or a captive portal says in place of Z-API."""
    pages = (401, 403, 404, 408, 511, *range(520, 531))
    return (
        *(_page(f"{status} html", status) for status in pages),
        _page("403 challenge", 403, _CHALLENGE),
        answer("403 empty", 403, b""),
        answer("401 empty", 401, b"", headers=(("WWW-Authenticate", "Basic"),)),
        answer("403 json of a firewall", 403, b'{"message":"Forbidden"}'),
        answer("404 json of a gateway", 404, b'{"message":"no Route matched with those values"}'),
    )


def other_statuses() -> tuple[Fault, ...]:
    return tuple(
        answer(f"{status} with a body", status, b'{"message":"odd"}') for status in (300, 408, 421, 425)
    )


def _said(name: str, status: int, text: str) -> Fault:
    return answer(name, status, json.dumps({"error": text}).encode())


def _state(name: str, text: str, *, connected: bool) -> Fault:
    return answer(name, 200, json.dumps({"connected": connected, "error": text}).encode())


def _page(name: str, status: int, headers: tuple[tuple[str, str], ...] = ()) -> Fault:
    return answer(name, status, HTML % (status, status), content_type="text/html", headers=headers)
