"""The client of Z-API: an instance → its poll result, its collectors, or a page of its account's list."""

import ssl
from collections.abc import Callable, Iterable
from typing import Final, TypeVar
from urllib.parse import quote

from requests.utils import DEFAULT_CA_BUNDLE_PATH

from exporter import __version__
from exporter.model.account_list import ListPage
from exporter.model.clock import Clock
from exporter.model.poll_result import Collected, Collector, Failure, MessageQueue, Reading, Reason, Status
from exporter.model.settings import Account, Api, Instance
from exporter.zapi.connection import Resolver, Route
from exporter.zapi.failures import PollFailed, refusal, refusal_of_collector
from exporter.zapi.instance_list import read_list_page, refusal_of_list
from exporter.zapi.json_values import Bytes
from exporter.zapi.me import read_me
from exporter.zapi.message_queue import read_count, read_oldest
from exporter.zapi.phone_status import read_phone_status
from exporter.zapi.proxy import Proxy, environment_proxy
from exporter.zapi.transport import Adapter, Request

T = TypeVar("T")
Refused = Callable[[int, Bytes, str | None, float], Failure]
"""From the status, the body, the header ``Retry-After`` and the unix time."""

MAX_KEPT: Final = 4096
"""Longest reply kept, in bytes. A usual one has 1 kB; without a bound, a hostile server decides what is kept."""

_SMALLEST_PAGE: Final = b'{"pageSize":1}'
_PAGE_HEADERS: Final = {
    "Accept-Encoding": "identity",
    "Content-Type": "application/json",
    "Content-Length": str(len(_SMALLEST_PAGE)),
}
_CLEANSE_PLAINTEXT: Final = 0x2
"""OpenSSL's SSL_OP_CLEANSE_PLAINTEXT, which :mod:`ssl` has no name for: erase what was handed over (3.0 and newer)."""


class KnownInstance:
    """An instance as it was configured, its request for ``/me``, and its last good reply if that is short.

    From one poll to the next hardly any reply changes, and reading one costs a seventh of a poll. The bytes are kept,
    1 kB an instance: comparing them takes a tenth of the time of a digest.
    """

    __slots__ = ("_last", "instance", "request")

    def __init__(self, instance: Instance, request: Request) -> None:
        self.instance, self.request = instance, request
        self._last: tuple[bytes, Status] | None = None

    def read(self, body: Bytes) -> Reading:
        """As :func:`~exporter.zapi.me.read_me`; equal bytes give the same object."""
        last = self._last
        if last is not None and last[0] == body:
            return last[1]
        reading = read_me(body, self.instance)
        if isinstance(reading, Status) and len(body) <= MAX_KEPT:
            self._last = bytes(body), reading
        return reading


class ZapiClient:
    """Reads ``/me`` and more for any number of instances over kept-alive connections. Safe to use from many threads."""

    def __init__(
        self, api: Api, *, clock: Clock, proxy: Proxy | None = None, resolver: Resolver | None = None
    ) -> None:
        """Raise :class:`OSError` or :class:`ssl.SSLError` for authorities that cannot be read."""
        self._api, self._clock = api, clock
        self._known: dict[str, KnownInstance] = {}
        self._headers = {
            "User-Agent": f"zapi-exporter/{__version__}",
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
        }
        self._route = Route(api.base_url, _client_context(api.ca_pem), proxy, resolver or Resolver())
        self._adapter = Adapter(self._route, clock)

    def read(self, instance: Instance) -> Reading:
        """Poll ``/me`` once, within ``api.timeout``."""
        known = self._known.get(instance.id)
        if known is None or known.instance is not instance:
            known = self._known[instance.id] = KnownInstance(instance, self._request(instance, "me"))
        return self._ask(known.request, self._api.timeout, known.read)

    def collect(self, instance: Instance, collector: Collector, timeout: float) -> Collected:
        """Run one collector: all its requests together take at most ``timeout`` seconds."""
        if collector is Collector.QUEUE:
            return self._read_queue(instance, timeout)
        return self._ask(self._request(instance, "status"), timeout, read_phone_status, refusal_of_collector)

    def list_page(self, account: Account, page: int) -> ListPage | Failure:
        """Ask for one page, counted from 1, of the instances that an account has, within ``api.timeout``."""
        url = f"{self._api.base_url}/instances?page={page}&pageSize={account.page_size}"
        authorization = {"Authorization": f"Bearer {account.partner_token.reveal()}"}
        request = Request(self._route, "GET", url, {**self._headers, **authorization})
        return self._ask(request, self._api.timeout, read_list_page, refusal_of_list)

    def keep(self, instances: Iterable[Instance]) -> None:
        """Forget the requests and last replies of all other instances."""
        for gone in self._known.keys() - {instance.id for instance in instances}:
            self._known.pop(gone, None)

    def forget(self) -> None:
        """Forget the last replies of all instances and close the idle connections: the address of the API may have
        changed."""
        self._known = {}
        self._adapter.close()

    def close(self) -> None:
        """Close the idle connections; polls in flight finish."""
        self._adapter.close()

    def _read_queue(self, instance: Instance, timeout: float) -> MessageQueue | Failure:
        """Request the age of the oldest message only if there are messages."""
        deadline = self._clock.monotonic() + timeout
        count = self._ask(self._request(instance, "queue/count"), timeout, read_count, refusal_of_collector)
        if isinstance(count, Failure):
            return count
        if count == 0:
            return MessageQueue(0, None)
        page = self._request(instance, "queue", _SMALLEST_PAGE)
        oldest = self._ask(page, deadline - self._clock.monotonic(), read_oldest, refusal_of_collector)
        return oldest if isinstance(oldest, Failure) else MessageQueue(count, oldest)

    def _ask(
        self, request: Request, timeout: float, read: Callable[[Bytes], T], refused: Refused = refusal
    ) -> T | Failure:
        """Return what ``read`` makes of the body of a success, or ``refused`` of any other answer.

        The body is erased afterwards.
        """
        try:
            with self._adapter.send(request, timeout=timeout) as response:
                status, body = response.status_code, response.content
                if not 200 <= status < 300:
                    return refused(status, body, response.headers.get("retry-after"), self._clock.time())
                result = read(body)
                if isinstance(result, Failure) and result.reason is Reason.WRONG_INSTANCE:
                    response.is_reusable = False  # it may be one reply behind, for every request to come
                return result
        except PollFailed as failed:
            return failed.failure

    def _request(self, instance: Instance, path: str, page: bytes = b"") -> Request:
        headers = {**self._headers, **_PAGE_HEADERS} if page else self._headers
        if instance.client_token is not None:
            headers = {**headers, "Client-Token": instance.client_token.reveal()}
        instance_id, token = quote(instance.id, safe=""), quote(instance.token.reveal(), safe="")
        url = f"{self._api.base_url}/instances/{instance_id}/token/{token}/{path}"
        return Request(self._route, "POST" if page else "GET", url, headers, page)


def make_client(api: Api, clock: Clock) -> ZapiClient:
    """Return a client that goes through the proxy of the environment, if there is one.

    Raise :class:`~exporter.zapi.proxy.UnusableProxy`.
    """
    return ZapiClient(api, clock=clock, proxy=environment_proxy(api.base_url))


def _client_context(ca_pem: str | None) -> ssl.SSLContext:
    own = DEFAULT_CA_BUNDLE_PATH if ca_pem is None else None
    context = ssl.create_default_context(cafile=own, cadata=ca_pem)
    context.options |= _CLEANSE_PLAINTEXT
    return context
