"""The simulated Z-API: a real HTTP server on a thread of its own."""

import asyncio
import ssl
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from types import TracebackType
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

from exporter.demo.accounts import (
    LIST_PATH,
    PARTNER_TOKEN_REFUSED,
    SimulatedAccount,
    list_reply,
    page_of,
)
from exporter.demo.connection import HttpConnection, Reply, Request
from exporter.demo.counters import Counters
from exporter.demo.fault import Exchange, Fault, message
from exporter.demo.instances import SimulatedInstance, me_body
from exporter.demo.listener_mode import ListenerMode, SpoiltConnection
from exporter.demo.loop import LoopThread
from exporter.demo.resources import RESOURCES, count_reply, page_reply, status_reply
from exporter.model.clock import Clock

INSTANCE_NOT_FOUND: Final = b'{"error":"Instance not found"}'
CLIENT_TOKEN_MISSING: Final = b'{"error":"your client-token is not configured"}'
CLIENT_TOKEN_EMPTY: Final = b'{"error":"null not allowed"}'
METHOD_NOT_ALLOWED: Final = b'{"error":"Method Not Allowed"}'
NO_SUCH_RESOURCE: Final = b'{"error":"NOT_FOUND"}'


def client_token_refused(client_token: str) -> bytes:
    """The real API's answer to a wrong Client-Token: it repeats what it was sent."""
    return b'{"error":"Client-Token ' + client_token.encode("utf-8", "replace") + b' not allowed"}'


class SimulatedZapi:
    """Answers ``GET /instances/{id}/token/{token}/me``, ``/status`` and ``/queue`` for some instances, rightly or as
    its faults tell it, and lists them for their accounts.

    ``latency`` is the seconds every answer takes; ``drip_interval`` is for ``mode``, see :class:`ListenerMode`.
    ``clock`` drives the instances' timelines, which begin at :meth:`start`. All methods may be called on any
    thread. Raises ValueError for two instances of one id, or a TLS context with a mode that has no use for it.
    """

    def __init__(
        self,
        instances: Iterable[SimulatedInstance],
        *,
        clock: Clock,
        tls: ssl.SSLContext | None = None,
        latency: float = 0.0,
        host: str = "127.0.0.1",
        port: int = 0,
        mode: ListenerMode = ListenerMode.HTTP,
        drip_interval: float = 1.0,
    ) -> None:
        self._subjects: dict[str, _Subject] = {}
        for instance in instances:
            if instance.id in self._subjects:
                raise ValueError(
                    f"the simulated Z-API has two instances of the id {instance.id}: make it unique"
                )
            self._subjects[instance.id] = _Subject(instance)
        if tls is not None and mode is not ListenerMode.HTTP:
            raise ValueError(f"a simulated Z-API that {mode.value} takes no TLS context: leave it out")
        self._clock = clock
        self._tls = tls
        self._latency = latency
        self._host = host
        self._mode = mode
        self._drip_interval = drip_interval
        self._accounts: dict[str, SimulatedAccount] = {}
        self._list_requests: list[str] = []
        self._counters = Counters()
        self._started = 0.0
        self._thread = LoopThread(host, port, self._protocol, self._counters.connection, tls)

    def start(self) -> None:
        """Listen, and serve from now on. Raises OSError where the address cannot be bound."""
        self._started = self._clock.monotonic()
        self._thread.start()

    def close(self) -> None:
        """Stop listening and drop every connection, whatever is in flight. Closing twice is no error."""
        self._thread.close()

    def __enter__(self) -> "SimulatedZapi":
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def base_url(self) -> str:
        scheme = "https" if self._tls is not None or self._mode.is_tls else "http"
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{scheme}://{host}:{self.port}"

    @property
    def port(self) -> int:
        """The port it listens on. Raises RuntimeError before it was started."""
        return self._thread.port

    def set_fault(self, instance_id: str, fault: Fault | None, resource: str = "me") -> None:
        """Spoil every answer of a resource from the next one on, or with ``None`` stop doing so; goes before the
        timeline's faults. Raises KeyError for an id it does not serve."""
        subject = self._subjects[instance_id]
        subject.faults = {**subject.faults, resource: fault}

    def update(self, instance_id: str, **changes: Any) -> None:
        """Change fields of an instance, as :func:`dataclasses.replace` does, from the next answer on.

        Raises KeyError for an id it does not serve, ValueError for a change of the id and TypeError for a
        field that does not exist. Not for two threads that change one instance at once.
        """
        if "id" in changes:
            raise ValueError("an instance keeps its id: answer with another one by a fault")
        subject = self._subjects[instance_id]
        subject.instance = replace(subject.instance, **changes)

    def instance(self, instance_id: str) -> SimulatedInstance:
        """The instance as it is now. Raises KeyError for an id it does not serve."""
        return self._subjects[instance_id].instance

    def set_account(self, account: SimulatedAccount) -> None:
        """List the instances of an account to whom sends its partner token, or list them differently from now on."""
        self._accounts = {**self._accounts, account.partner_token: account}

    def add(self, instance: SimulatedInstance) -> None:
        """Serve one more instance. Raises ValueError for an id that it serves already."""
        if instance.id in self._subjects:
            raise ValueError(f"the simulated Z-API serves {instance.id} already")
        self._subjects[instance.id] = _Subject(instance)

    @property
    def list_requests(self) -> tuple[str, ...]:
        """The targets of all requests for a list, in order."""
        return tuple(self._list_requests)

    @property
    def requests(self) -> Mapping[str, int]:
        """How many requests each instance had, by id; one that had none counts 0."""
        return self._counters.requests

    @property
    def strays(self) -> int:
        """Requests that named no instance it serves."""
        return self._counters.strays

    @property
    def connections(self) -> int:
        """TCP connections accepted so far."""
        return self._counters.connections

    @property
    def handshakes(self) -> int:
        """TLS handshakes completed so far."""
        return self._counters.handshakes

    @property
    def in_flight(self) -> int:
        """Requests whose reply is not complete."""
        return self._counters.in_flight

    @property
    def max_in_flight(self) -> int:
        return self._counters.max_in_flight

    @property
    def open_connections(self) -> int:
        """Connections open now; over TLS, those past their handshake."""
        return self._thread.open_connections

    @property
    def unexpected(self) -> tuple[str, ...]:
        """Errors of the server itself: types and places, for a test to find none."""
        return self._thread.unexpected

    def last_headers(self, instance_id: str) -> Mapping[str, str]:
        """The headers of the instance's latest request, names in lower case; empty before the first."""
        return self._subjects[instance_id].last_headers

    def wait_for(
        self, what: str, condition: Callable[["SimulatedZapi"], bool], timeout: float = 10.0
    ) -> None:
        """Wait until ``condition`` holds; it is given this server, and asked at each change of a counter.

        Raises TimeoutError, naming ``what``, after ``timeout`` seconds.
        """
        self._counters.wait_for(what, lambda: condition(self), timeout)

    def _protocol(
        self, loop: asyncio.AbstractEventLoop, live: set[asyncio.Transport]
    ) -> HttpConnection | SpoiltConnection:
        if self._mode.serves:
            return HttpConnection(loop, self._attend, self._counters, live)
        return SpoiltConnection(loop, self._mode, self._drip_interval, live)

    def _attend(self, request: Request) -> Reply:
        if request.target.partition("?")[0] == LIST_PATH:
            return self._list(request)
        route = _route(request.target)
        subject = None if route is None else self._subjects.get(route.instance_id)
        if route is None or subject is None:
            self._counters.stray()
            return Reply(
                message(404, NO_SUCH_RESOURCE if route is None else INSTANCE_NOT_FOUND), self._latency
            )
        subject.last_headers = request.headers
        self._counters.request(route.instance_id)
        instance = subject.instance
        phase = instance.timeline.at(self._clock.monotonic() - self._started)
        delay = self._latency + instance.delay
        connected = instance.connected if phase.connected is None else phase.connected
        fault = subject.faults.get(route.resource) or phase.fault
        if fault is not None:
            exchange = Exchange(
                path=request.target,
                client_token=request.headers.get("client-token", ""),
                body=me_body(instance, connected=connected),
                now=self._clock.time(),
            )
            return Reply(fault.play(exchange), delay)
        refusal = _refusal(request, route, instance)
        return Reply(refusal or _resource(request, route.resource, subject, connected), delay)

    def _list(self, request: Request) -> Reply:
        self._list_requests.append(request.target)
        self._counters.stray()
        account = self._accounts.get(request.headers.get("authorization", "").removeprefix("Bearer "))
        if account is None:
            return Reply(message(401, PARTNER_TOKEN_REFUSED), self._latency)
        number, size = page_of(request.target)
        served = [
            account.item(subject.instance) for subject in map(self._subjects.get, account.ids) if subject
        ]
        healthy = list_reply(served, number, size)
        exchange = Exchange(path=request.target, client_token="", body=healthy, now=self._clock.time())
        fault = account.fault_of(number)
        return Reply(message(200, healthy) if fault is None else fault.play(exchange), self._latency)


class _Route(NamedTuple):
    instance_id: str
    token: str
    resource: str


class _Subject:
    """An instance with what a test has done to it. Assigned whole from any thread, read on the loop's."""

    __slots__ = ("_cached", "faults", "instance", "last_headers")

    def __init__(self, instance: SimulatedInstance) -> None:
        self.instance = instance
        self.faults: Mapping[str, Fault | None] = {}
        self.last_headers: Mapping[str, str] = {}
        self._cached: tuple[SimulatedInstance, bool, bytes] | None = None

    def reply(self, instance: SimulatedInstance, connected: bool) -> bytes:
        """The healthy reply, made once per change."""
        cached = self._cached
        if cached is None or cached[0] is not instance or cached[1] != connected:
            cached = (instance, connected, message(200, me_body(instance, connected=connected)))
            self._cached = cached
        return cached[2]


def _route(target: str) -> _Route | None:
    path = target.partition("?")[0]
    parts = path.split("/", 5)
    if len(parts) != 6 or (parts[0], parts[1], parts[3]) != ("", "instances", "token"):
        return None
    return _Route(unquote(parts[2]), unquote(parts[4]), parts[5]) if parts[5] in RESOURCES else None


def _resource(request: Request, resource: str, subject: _Subject, connected: bool) -> bytes:
    """The healthy reply."""
    instance = subject.instance
    if resource == "status":
        return status_reply(
            connected=connected, restorable=instance.restorable, phone_online=instance.phone_online
        )
    if resource == "queue/count":
        return count_reply(instance.queue)
    if resource == "queue":
        return page_reply(instance.queue, instance.id, request.body)
    return subject.reply(instance, connected)


def _refusal(request: Request, route: _Route, instance: SimulatedInstance) -> bytes | None:
    """What the real API says to a request it does not serve, ``None`` if it serves it."""
    if request.method != RESOURCES[route.resource]:
        return message(405, METHOD_NOT_ALLOWED)
    if route.token != instance.token:
        return message(404, INSTANCE_NOT_FOUND)
    if instance.client_token is None:
        return None
    sent = request.headers.get("client-token")
    if sent is None:
        return message(400, CLIENT_TOKEN_MISSING)
    if sent == "":
        return message(403, CLIENT_TOKEN_EMPTY)
    if sent != instance.client_token:
        return message(403, client_token_refused(sent))
    return None
