"""How the list of an account may misbehave: each way under its name, as an account that lists some instances so."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from exporter.demo.api import PARTNER_TOKEN_REFUSED
from exporter.demo.faults import Exchange, Fault, answer, html_error, message, one_reply, rate_limited
from exporter.demo.instances import SimulatedAccount
from simulator.wire_faults import reset_before_reply, reset_within_body, short_body, silence

Page = dict[str, Any]


@dataclass(frozen=True, slots=True)
class FaultyAccount(SimulatedAccount):
    """An account whose ``faults`` spoil the page of a number, or with ``None`` every page."""

    faults: Mapping[int | None, Fault] = field(default_factory=dict)

    def fault_of(self, page: int) -> Fault | None:
        """What spoils a page, or ``None``."""
        return self.faults.get(page) or self.faults.get(None)


Spoil = Callable[[str, Sequence[str]], SimulatedAccount]
"""Makes a list that misbehaves, of a partner token and the ids of the instances."""


def list_faults() -> Mapping[str, Spoil]:
    """Name → a list that cannot be taken: whoever reads it keeps the last good one."""
    answers = (
        answer("401", 401, PARTNER_TOKEN_REFUSED),
        answer("401 without a body", 401, b""),
        answer("403", 403, b'{"error":"Forbidden"}'),
        answer("403 html", 403, b"<html></html>", content_type="text/html"),
        answer("404", 404, b'{"error":"NOT_FOUND"}'),
        answer("405", 405, b'{"error":"Method Not Allowed"}'),
        answer("redirect", 302, b"", headers=(("Location", "http://127.0.0.1:9/instances"),)),
        answer("error with 200", 200, b'{"error":"not today"}'),
        answer("no json", 200, b"<html></html>", content_type="text/html"),
        answer("an array", 200, b"[]"),
        answer("no total", 200, b'{"content":[]}'),
        answer("no content", 200, b'{"total":3,"totalPage":1}'),
        rate_limited("1"),
        rate_limited(None),
        html_error(500),
        html_error(502),
        html_error(522),
        silence(),
        reset_before_reply(),
        reset_within_body(),
        short_body(),
    )
    pages = (
        _edited("empty pages", lambda page: {**page, "content": []}),
        _edited("empty list", lambda page: {**page, "total": 0, "totalPage": 0, "content": []}),
        _edited("short pages", lambda page: {**page, "content": page["content"][:-1]}),
        _edited("total too large", lambda page: {**page, "total": page["total"] + 1}),
        _edited("total too small", lambda page: {**page, "total": page["total"] - 1}),
        _edited("endless", lambda page: {**page, "total": 100_000, "totalPage": 100_000}),
        _edited("no ids", lambda page: {**page, "content": [{"id": None}] * len(page["content"])}),
        _edited("one id for all", lambda page: {**page, "content": page["content"][:1] * 3}),
    )
    faults = {fault.name: _always(fault) for fault in (*answers, *pages)}
    return MappingProxyType({**faults, "an error on the second page": _on_page(2, html_error(502))})


def tolerable_lists() -> Mapping[str, Spoil]:
    """Name → a list that is strange, but whole."""
    return MappingProxyType(
        {
            "created": _always(one_reply("201", lambda exchange: message(201, exchange.body))),
            "numbers as text": _always(
                _edited(
                    "numbers as text",
                    lambda page: {**page, "total": str(page["total"]), "totalPage": str(page["totalPage"])},
                )
            ),
            "no number of pages": _always(
                _edited(
                    "no number of pages",
                    lambda page: {key: value for key, value in page.items() if key != "totalPage"},
                )
            ),
            "one page too many": _always(
                _edited("one page too many", lambda page: {**page, "totalPage": page["totalPage"] + 1})
            ),
            "an error past the end": _past_the_end,
            "ids in lower case": lambda token, ids: SimulatedAccount(
                token, ids, change=lambda item: {**item, "id": item["id"].lower()}
            ),
            "nulls": lambda token, ids: SimulatedAccount(
                token, ids, change=lambda item: {key: item[key] if key in _NEEDED else None for key in item}
            ),
        }
    )


_NEEDED: Final = ("id", "token", "name")


def _edited(name: str, edit: Callable[[Page], Page]) -> Fault:
    """The right page with a change."""
    return one_reply(
        name, lambda exchange: message(200, json.dumps(edit(json.loads(exchange.body))).encode())
    )


def _always(fault: Fault) -> Spoil:
    return lambda token, ids: FaultyAccount(token, ids, faults={None: fault})


def _on_page(number: int, fault: Fault) -> Spoil:
    return lambda token, ids: FaultyAccount(token, ids, faults={number: fault})


def _past_the_end(token: str, ids: Sequence[str]) -> SimulatedAccount:
    """A page that has nothing to show is an error."""

    def play(exchange: Exchange) -> Iterator[bytes]:
        is_past = not json.loads(exchange.body)["content"]
        yield message(404, b'{"error":"NOT_FOUND"}') if is_past else message(200, exchange.body)

    return FaultyAccount(token, ids, faults={None: Fault("an error past the end", play)})
