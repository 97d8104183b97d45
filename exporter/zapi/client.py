"""An instance → what its ``/me`` says. The only place that speaks HTTP to Z-API."""

import ssl
from collections.abc import Callable, Mapping
from typing import Final, TypeVar
from urllib.parse import quote, urlsplit

import certifi
import requests

from exporter import __version__
from exporter.model.clock import Clock
from exporter.model.collected import Collected, Collector, MessageQueue
from exporter.model.listing import ListPage
from exporter.model.poll_result import Failure, Reading, Reason
from exporter.model.settings import Account, Api, Instance
from exporter.zapi.answer import Answer, failure_of_answer, read_answer
from exporter.zapi.errors import PollFailed
from exporter.zapi.instance_list import read_list_answer
from exporter.zapi.message_queue import read_count, read_oldest
from exporter.zapi.phone_status import read_phone_status
from exporter.zapi.proxy import choose_proxy
from exporter.zapi.replies import Replies
from exporter.zapi.resolver import Resolver
from exporter.zapi.transport import Adapter, WrittenRequest

T = TypeVar("T")

_SMALLEST_PAGE: Final = b'{"pageSize":1}'
_PAGE_HEADERS: Final = {
    "Accept-Encoding": "identity",
    "Content-Type": "application/json",
    "Content-Length": str(len(_SMALLEST_PAGE)),
}
_NOT_OFFERED: Final = frozenset({404, 405})
_CLEANSE_PLAINTEXT: Final = 0x2
"""OpenSSL's SSL_OP_CLEANSE_PLAINTEXT, which :mod:`ssl` has no name for: erase what was handed over (3.0 and newer)."""


class ZapiClient:
    """Reads ``/me`` and more for any number of instances over kept-alive connections. Safe to use from many threads."""

    def __init__(
        self,
        api: Api,
        *,
        clock: Clock,
        proxies: Mapping[str, str] | None = None,
        resolver: Resolver | None = None,
    ) -> None:
        """``proxies`` maps a scheme to a proxy's URL; see :func:`~exporter.zapi.environment.environment_proxies`.

        Raise :class:`~exporter.zapi.proxy.UnusableProxy`, and :class:`OSError` or :class:`ssl.SSLError` for
        authorities that cannot be read.
        """
        self._base_url = api.base_url
        self._timeout = api.timeout
        self._clock = clock
        self._replies = Replies()
        self._me_requests: dict[str, tuple[Instance, WrittenRequest]] = {}
        self._headers = {
            "User-Agent": f"zapi-exporter/{__version__}",
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
        }
        self._adapter = Adapter(
            api.base_url,
            clock=clock,
            tls=_client_context(api.ca_pem),
            proxy=choose_proxy(urlsplit(api.base_url).scheme, proxies or {}),
            resolver=resolver,
        )

    def read(self, instance: Instance) -> Reading:
        """Poll ``/me`` once, within ``api.timeout``."""
        try:
            answer = self._get(self._me_request(instance), self._timeout)
        except PollFailed as failed:
            return failed.failure
        return read_answer(answer, instance, self._clock.time(), self._replies.read)

    def collect(self, instance: Instance, collector: Collector, timeout: float) -> Collected:
        """Ask what one collector wants to know, within ``timeout`` seconds for all its requests."""
        try:
            if collector is Collector.STATUS:
                return self._ask(instance, "status", timeout, read_phone_status)
            return self._read_queue(instance, timeout)
        except PollFailed as failed:
            return failed.failure

    def list_page(self, account: Account, page: int) -> ListPage | Failure:
        """Ask for one page, counted from 1, of the instances that an account has, within ``api.timeout``."""
        request = requests.PreparedRequest()
        request.method = "GET"
        request.url = f"{self._base_url}/instances?page={page}&pageSize={account.page_size}"
        authorization = {"Authorization": f"Bearer {account.partner_token.reveal()}"}
        request.headers = {**self._headers, **authorization}  # type: ignore[assignment]
        try:
            response = self._adapter.send(request, timeout=self._timeout)
        except PollFailed as failed:
            return failed.failure
        answer = Answer(response.status_code, response.content, response.headers.get("retry-after"))
        return read_list_answer(answer, self._clock.time())

    def forget(self) -> None:
        """Forget what instances replied and where the API is, as either may have changed."""
        self._replies.forget()
        self._me_requests = {}
        self._adapter.renew()

    def close(self) -> None:
        """Close the idle connections; polls in flight finish."""
        self._adapter.close()

    def _ask(
        self, instance: Instance, path: str, timeout: float, read: Callable[[bytes, Instance], T]
    ) -> T | Failure:
        """Ask what Z-API may not offer for an instance whose ``/me`` is good. Raise :class:`PollFailed`."""
        answer = self._get(self._request(instance, path), timeout)
        if answer.status in _NOT_OFFERED:
            return _not_offered(answer.status)
        return read_answer(answer, instance, self._clock.time(), read)

    def _get(self, request: requests.PreparedRequest, timeout: float) -> Answer:
        """Raise :class:`PollFailed`."""
        response = self._adapter.send(request, timeout=timeout)
        return Answer(response.status_code, response.content, response.headers.get("retry-after"))

    def _read_queue(self, instance: Instance, timeout: float) -> MessageQueue | Failure:
        """Ask for the age of the oldest message only where any waits. Raise :class:`PollFailed`."""
        deadline = self._clock.monotonic() + timeout
        count = self._ask(instance, "queue/count", timeout, read_count)
        if isinstance(count, Failure):
            return count
        if count == 0:
            return MessageQueue(0, None)
        request = self._request(instance, "queue")
        request.method, request.body = "POST", _SMALLEST_PAGE
        request.headers = {**request.headers, **_PAGE_HEADERS}  # type: ignore[assignment]
        oldest = self._adapter.send_privately(request, deadline - self._clock.monotonic(), _read_page)
        return oldest if isinstance(oldest, Failure) else MessageQueue(count, oldest)

    def _me_request(self, instance: Instance) -> WrittenRequest:
        """Return the request for ``/me``, which is the same at each poll."""
        known = self._me_requests.get(instance.id)
        if known is None or known[0] is not instance:
            known = instance, self._adapter.write(self._request(instance, "me"))
            self._me_requests[instance.id] = known
        return known[1]

    def _request(self, instance: Instance, path: str) -> requests.PreparedRequest:
        headers = self._headers
        if instance.client_token is not None:
            headers = {**headers, "Client-Token": instance.client_token.reveal()}
        instance_id, token = quote(instance.id, safe=""), quote(instance.token.reveal(), safe="")
        request = requests.PreparedRequest()
        request.method = "GET"
        request.url = f"{self._base_url}/instances/{instance_id}/token/{token}/{path}"
        request.headers = headers  # type: ignore[assignment]
        return request


def _read_page(status: int, body: memoryview) -> float | Failure | None:
    """What is no success is an error of Z-API's and holds no message, so it may be copied."""
    if status in _NOT_OFFERED:
        return _not_offered(status)
    return read_oldest(body) if 200 <= status < 300 else failure_of_answer(status, bytes(body))


def _not_offered(status: int) -> Failure:
    return Failure(Reason.NOT_FOUND, f"Z-API does not offer this for the instance (HTTP {status})")


def _client_context(ca_pem: str | None) -> ssl.SSLContext:
    context = (
        ssl.create_default_context(cafile=certifi.where())
        if ca_pem is None
        else ssl.create_default_context(cadata=ca_pem)
    )
    context.options |= _CLEANSE_PLAINTEXT
    return context
