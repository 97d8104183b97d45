"""An instance → what its ``/me`` says. The only place that speaks HTTP to Z-API."""

import ssl
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

import certifi
import requests

from exporter import __version__
from exporter.model.clock import Clock
from exporter.model.poll_result import Reading
from exporter.model.settings import Api, Instance
from exporter.zapi.answer import (
    MAX_BODY,
    Answer,
    BodyTooLarge,
    content_encoding,
    decoder,
    read_answer,
)
from exporter.zapi.errors import connection_was_lost, failure_of
from exporter.zapi.limits import CurrentPoll, PollLimits
from exporter.zapi.replies import Replies
from exporter.zapi.resolver import Resolver
from exporter.zapi.transport import make_adapter

MAX_WIRE: Final = 2 * MAX_BODY
"""Most bytes received for one poll: the body with its framing, the headers, and any interim answers."""

_BLOCK: Final = 64 * 1024


class ZapiClient:
    """Reads ``/me`` for any number of instances over one pool of kept-alive connections.

    Safe to use from many threads. :meth:`read` never raises and never takes longer than ``api.timeout``.
    """

    def __init__(
        self,
        api: Api,
        *,
        concurrency: int,
        clock: Clock,
        proxies: Mapping[str, str] | None = None,
        resolver: Resolver | None = None,
    ) -> None:
        """``proxies`` maps a scheme to a proxy's URL; see :func:`~exporter.zapi.environment.environment_proxies`.

        Raises :class:`~exporter.zapi.transport.UnusableProxy`, and :class:`OSError` or :class:`ssl.SSLError` for
        authorities that cannot be read.
        """
        self._api = api
        self._clock = clock
        self._replies = Replies()
        self._current = CurrentPoll()
        self._proxies = dict(proxies or {})
        self._headers = {
            "User-Agent": f"zapi-exporter/{__version__}",
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
        }
        self._adapter = make_adapter(
            api.base_url,
            concurrency=concurrency,
            tls=_client_context(api.ca_pem),
            proxies=self._proxies,
            current=self._current,
            resolver=resolver or Resolver(),
        )

    def read(self, instance: Instance) -> Reading:
        """Poll ``/me`` once."""
        limits = self._current.limits = PollLimits(self._clock, self._api.timeout, MAX_WIRE)
        outcome = self._outcome(instance, limits)
        if isinstance(outcome, Exception) and _was_stale(outcome, limits):
            limits.needs_new_connection = True
            outcome = self._outcome(instance, limits)
        if isinstance(outcome, Exception):
            return failure_of(outcome)
        return read_answer(outcome, instance.id, self._clock.time(), self._replies.read)

    def forget(self) -> None:
        """Forget what instances replied, as some may be gone; the next polls read it again."""
        self._replies.forget()

    def close(self) -> None:
        """Close the idle connections; polls in flight finish."""
        self._adapter.close()

    def _request(self, instance: Instance) -> requests.PreparedRequest:
        headers = self._headers
        if instance.client_token is not None:
            headers = {**headers, "Client-Token": instance.client_token.reveal()}
        instance_id, token = quote(instance.id, safe=""), quote(instance.token.reveal(), safe="")
        return self._adapter.prepare(f"/instances/{instance_id}/token/{token}/me", headers)

    def _outcome(self, instance: Instance, limits: PollLimits) -> Answer | Exception:
        """The answer, or what was raised: given back, so that it is no cause of what a second try may raise."""
        try:
            return self._send(self._request(instance), limits)
        except Exception as error:
            return error

    def _send(self, request: requests.PreparedRequest, limits: PollLimits) -> Answer:
        response = self._adapter.send(
            request, stream=True, timeout=limits.remaining(), verify=True, proxies=self._proxies
        )
        try:
            try:
                body = _read_body(response)
            except Exception:
                if 200 <= response.status_code < 300:
                    raise
                body = None  # the status alone says enough
            return Answer(response.status_code, body, response.headers.get("retry-after"))
        finally:
            response.close()


def _client_context(ca_pem: str | None) -> ssl.SSLContext:
    if ca_pem is None:
        return ssl.create_default_context(cafile=certifi.where())
    return ssl.create_default_context(cadata=ca_pem)


def _was_stale(error: Exception, limits: PollLimits) -> bool:
    """Whether the server had closed a connection that was kept alive before it heard of the request."""
    nothing_received = limits.bytes_left == MAX_WIRE
    return limits.on_used_connection and nothing_received and connection_was_lost(error)


def _read_body(response: requests.Response) -> bytes:
    length = response.headers.get("content-length", "")
    if length.isdigit() and int(length) > MAX_BODY:
        raise BodyTooLarge
    body, received = decoder(content_encoding(response.headers)), 0
    while block := response.raw.read(_BLOCK, decode_content=False):
        received += len(block)
        if received > MAX_BODY:
            raise BodyTooLarge
        body.take(block)
    return body.whole()
