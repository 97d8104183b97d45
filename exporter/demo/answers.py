"""Replies that the demo gives when an API is in trouble."""

from collections.abc import Callable
from typing import Final

from exporter.demo.fault import Exchange, Fault, message

TOO_MANY: Final = b'{"error":"Too Many Requests"}'
HTML: Final = b"<!doctype html><html><head><title>%d</title></head><body><h1>%d</h1>cloudfront</body></html>"


def one_reply(name: str, reply: Callable[[Exchange], bytes]) -> Fault:
    """Make the fault that always sends one whole reply, made from the exchange."""
    return Fault(name, lambda exchange: iter((reply(exchange),)))


def answer(
    name: str,
    status: int,
    body: bytes,
    *,
    content_type: str = "application/json",
    headers: tuple[tuple[str, str], ...] = (),
) -> Fault:
    """Make the fault that always sends this reply."""
    return one_reply(name, lambda _: message(status, body, content_type=content_type, headers=headers))


def html_error(status: int) -> Fault:
    """Make the fault in which a content delivery network answers in place of the API."""
    return answer(f"{status} html", status, HTML % (status, status), content_type="text/html")


def rate_limited(retry_after: str | None, name: str | None = None) -> Fault:
    """Make the fault that answers 429; ``retry_after`` is the header's text, ``None`` for no header."""
    if retry_after is None:
        return answer(name or "429", 429, TOO_MANY)
    return answer(
        name or f"429 retry-after {retry_after}", 429, TOO_MANY, headers=(("Retry-After", retry_after),)
    )
