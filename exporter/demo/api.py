"""Requests to the simulated Z-API → its replies."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple
from urllib.parse import parse_qs, unquote

from exporter.demo.faults import Exchange, Fault, message
from exporter.demo.instances import (
    SimulatedAccount,
    SimulatedInstance,
    count_reply,
    list_reply,
    me_body,
    page_reply,
    status_reply,
)
from exporter.model.clock import Clock

RESOURCES: Final = {"me": "GET", "status": "GET", "queue/count": "GET", "queue": "POST"}
"""What can be asked of an instance → the method it takes."""
LIST_PATH: Final = "/instances"

PARTNER_TOKEN_REFUSED: Final = b'{"error":"Unauthorized"}'
INSTANCE_NOT_FOUND: Final = b'{"error":"Instance not found"}'
CLIENT_TOKEN_MISSING: Final = b'{"error":"your client-token is not configured"}'
CLIENT_TOKEN_EMPTY: Final = b'{"error":"null not allowed"}'
METHOD_NOT_ALLOWED: Final = b'{"error":"Method Not Allowed"}'
NO_SUCH_RESOURCE: Final = b'{"error":"NOT_FOUND"}'


def client_token_refused(client_token: str) -> bytes:
    """Return the real API's answer to a wrong Client-Token: it repeats what it was sent."""
    return b'{"error":"Client-Token ' + client_token.encode("utf-8", "replace") + b' not allowed"}'


@dataclass(frozen=True, slots=True)
class SimulatedRequest:
    """A whole request. ``headers`` have lower-case names."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class SimulatedReply:
    """Whole bytes, or the steps of a fault, to send ``delay`` seconds after the request."""

    what: bytes | Iterator[object]
    delay: float = 0.0


class SimulatedRoute(NamedTuple):
    """What a request asks for: one of :data:`RESOURCES` of an instance."""

    instance_id: str
    token: str
    resource: str


class SimulatedApi:
    """Answers ``GET /instances/{id}/token/{token}/me``, ``/status`` and ``/queue``, and lists instances for accounts.

    ``clock`` drives the instances' timelines, which begin at :meth:`begin`. All methods may be called on any thread.
    Raise ValueError for two instances of one id.
    """

    def __init__(self, instances: Iterable[SimulatedInstance], clock: Clock) -> None:
        self._subjects: dict[str, _Subject] = {}
        self._clock = clock
        self._accounts: dict[str, SimulatedAccount] = {}
        self._began = 0.0
        for instance in instances:
            self.add(instance)

    def begin(self) -> None:
        """Begin the timelines now."""
        self._began = self._clock.monotonic()

    def add(self, instance: SimulatedInstance) -> None:
        """Serve one more instance. Raise ValueError for an id that it serves already."""
        if instance.id in self._subjects:
            raise ValueError(f"the simulated Z-API has two instances of the id {instance.id}: make it unique")
        self._subjects[instance.id] = _Subject(instance)

    def put(self, instance: SimulatedInstance) -> None:
        """Replace the instance of the same id. Raise KeyError for an id it does not serve."""
        self._subjects[instance.id].instance = instance

    def instance(self, instance_id: str) -> SimulatedInstance:
        """Return the instance as it is now. Raise KeyError for an id it does not serve."""
        return self._subjects[instance_id].instance

    def set_account(self, account: SimulatedAccount) -> None:
        """Add an account: requests with its partner token get its list of instances.

        It replaces an account with the same token.
        """
        self._accounts = {**self._accounts, account.partner_token: account}

    def account_of(self, request: SimulatedRequest) -> SimulatedAccount | None:
        """Return the account whose partner token a request has, or ``None``."""
        return self._accounts.get(request.headers.get("authorization", "").removeprefix("Bearer "))

    def route(self, request: SimulatedRequest) -> SimulatedRoute | None:
        """Return what a request asks of an instance that is served, or ``None``."""
        route = _route(request.target)
        return route if route is not None and route.instance_id in self._subjects else None

    def reply(self, request: SimulatedRequest, fault: Fault | None = None) -> SimulatedReply:
        """Answer a request; ``fault`` takes the place of the fault that the instance's timeline has now."""
        if request.target.partition("?")[0] == LIST_PATH:
            return self._list(request, fault)
        route = _route(request.target)
        subject = None if route is None else self._subjects.get(route.instance_id)
        if route is None or subject is None:
            return SimulatedReply(message(404, NO_SUCH_RESOURCE if route is None else INSTANCE_NOT_FOUND))
        instance = subject.instance
        phase = instance.timeline.at(self._clock.monotonic() - self._began)
        connected = instance.connected if phase.connected is None else phase.connected
        fault = fault or phase.fault
        if fault is not None:
            exchange = Exchange(
                path=request.target,
                client_token=request.headers.get("client-token", ""),
                body=me_body(instance, connected=connected),
                now=self._clock.time(),
            )
            return SimulatedReply(fault.play(exchange), instance.delay)
        refusal = _refusal(request, route, instance)
        return SimulatedReply(
            refusal or _resource(request, route.resource, subject, connected), instance.delay
        )

    def _list(self, request: SimulatedRequest, fault: Fault | None) -> SimulatedReply:
        account = self.account_of(request)
        if account is None:
            return SimulatedReply(message(401, PARTNER_TOKEN_REFUSED))
        number, size = page_of(request.target)
        served = [
            account.item(subject.instance) for subject in map(self._subjects.get, account.ids) if subject
        ]
        healthy = list_reply(served, number, size)
        exchange = Exchange(path=request.target, client_token="", body=healthy, now=self._clock.time())
        return SimulatedReply(message(200, healthy) if fault is None else fault.play(exchange))


class _Subject:
    """An instance and its latest healthy reply. Assigned whole from any thread, read on the loop's."""

    __slots__ = ("_cached", "instance")

    def __init__(self, instance: SimulatedInstance) -> None:
        self.instance = instance
        self._cached: tuple[SimulatedInstance, bool, bytes] | None = None

    def reply(self, instance: SimulatedInstance, connected: bool) -> bytes:
        """Return the healthy reply, made once per change."""
        cached = self._cached
        if cached is None or cached[0] is not instance or cached[1] != connected:
            cached = (instance, connected, message(200, me_body(instance, connected=connected)))
            self._cached = cached
        return cached[2]


def page_of(target: str) -> tuple[int, int]:
    """Return the number of the page that a request asks for, and its size."""
    query = parse_qs(target.partition("?")[2])

    def number(name: str, default: int) -> int:
        text = query.get(name, [""])[-1]
        return max(1, int(text)) if text.isdigit() else default

    return number("page", 1), number("pageSize", 20)


def _route(target: str) -> SimulatedRoute | None:
    path = target.partition("?")[0]
    parts = path.split("/", 5)
    if len(parts) != 6 or (parts[0], parts[1], parts[3]) != ("", "instances", "token"):
        return None
    return SimulatedRoute(unquote(parts[2]), unquote(parts[4]), parts[5]) if parts[5] in RESOURCES else None


def _resource(request: SimulatedRequest, resource: str, subject: _Subject, connected: bool) -> bytes:
    """Return the healthy reply."""
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


def _refusal(request: SimulatedRequest, route: SimulatedRoute, instance: SimulatedInstance) -> bytes | None:
    """Return what the real API answers to a request it refuses, or ``None`` if it serves it."""
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
