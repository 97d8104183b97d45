"""The simulated Z-API for the tests and benchmarks: faults at will, and what it has seen."""

import asyncio
import ssl
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from types import TracebackType
from typing import Any

from exporter.demo.api import LIST_PATH, SimulatedApi, SimulatedReply, SimulatedRequest, page_of
from exporter.demo.faults import Fault
from exporter.demo.instances import SimulatedAccount, SimulatedInstance
from exporter.model.clock import Clock
from simulator.connection import HttpConnection
from simulator.counters import Counters
from simulator.list_faults import FaultyAccount
from simulator.listener_mode import ListenerMode, SpoiltConnection
from simulator.loop import LoopThread


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
        self._api = SimulatedApi(instances, clock)
        if tls is not None and mode is not ListenerMode.HTTP:
            raise ValueError(f"a simulated Z-API that {mode.value} takes no TLS context: leave it out")
        self._tls = tls
        self._latency = latency
        self._host = host
        self._mode = mode
        self._drip_interval = drip_interval
        self._faults: Mapping[tuple[str, str], Fault | None] = {}
        self._last_headers: dict[str, Mapping[str, str]] = {}
        self._list_requests: list[str] = []
        self._counters = Counters()
        self._thread = LoopThread(host, port, self._protocol, accepted=self._counters.connection, tls=tls)

    def start(self) -> None:
        """Listen, and serve from now on. Raises OSError where the address cannot be bound."""
        self._api.begin()
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
        self._api.instance(instance_id)
        self._faults = {**self._faults, (instance_id, resource): fault}

    def update(self, instance_id: str, **changes: Any) -> None:
        """Change fields of an instance, as :func:`dataclasses.replace` does, from the next answer on.

        Raises KeyError for an id it does not serve, ValueError for a change of the id and TypeError for a
        field that does not exist. Not for two threads that change one instance at once.
        """
        if "id" in changes:
            raise ValueError("an instance keeps its id: answer with another one by a fault")
        self._api.put(replace(self._api.instance(instance_id), **changes))

    def instance(self, instance_id: str) -> SimulatedInstance:
        """The instance as it is now. Raises KeyError for an id it does not serve."""
        return self._api.instance(instance_id)

    def set_account(self, account: SimulatedAccount) -> None:
        """List the instances of an account to whom sends its partner token, or list them differently from now on."""
        self._api.set_account(account)

    def add(self, instance: SimulatedInstance) -> None:
        """Serve one more instance. Raises ValueError for an id that it serves already."""
        self._api.add(instance)

    @property
    def list_requests(self) -> tuple[str, ...]:
        """The targets of all requests for a list, in order."""
        return tuple(self._list_requests)

    @property
    def requests(self) -> Mapping[str, int]:
        """How many requests each instance had, by id; one that had none counts 0."""
        return self._counters.requests

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
        self._api.instance(instance_id)
        return self._last_headers.get(instance_id, {})

    def wait_for(
        self, what: str, condition: Callable[["SimulatedZapi"], bool], timeout: float = 120.0
    ) -> None:
        """Wait until ``condition`` holds; it is given this server, and asked at each change of a counter.

        Raises TimeoutError, naming ``what``, after ``timeout`` seconds.
        """
        self._counters.wait_for(what, lambda: condition(self), timeout)

    def _protocol(
        self, loop: asyncio.AbstractEventLoop, live: set[asyncio.Transport]
    ) -> HttpConnection | SpoiltConnection:
        if self._mode.serves:
            return HttpConnection(loop, self._attend, live, self._counters)
        return SpoiltConnection(loop, self._mode, self._drip_interval, live)

    def _attend(self, request: SimulatedRequest) -> SimulatedReply:
        route = self._api.route(request)
        fault = None
        if route is None:
            if request.target.partition("?")[0] == LIST_PATH:
                self._list_requests.append(request.target)
                fault = self._list_fault(request)
        else:
            self._last_headers[route.instance_id] = request.headers
            self._counters.request(route.instance_id)
            fault = self._faults.get((route.instance_id, route.resource))
        reply = self._api.reply(request, fault)
        return replace(reply, delay=reply.delay + self._latency) if self._latency else reply

    def _list_fault(self, request: SimulatedRequest) -> Fault | None:
        account = self._api.account_of(request)
        return account.fault_of(page_of(request.target)[0]) if isinstance(account, FaultyAccount) else None
