"""``requests`` over connections that obey a poll's limits.

One pool of kept-alive connections serves all instances. It has one TLS context: loading the trusted authorities
costs more than a poll does, so it is never done per connection.
"""

import socket
import ssl
from collections.abc import Callable
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

import requests.utils
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from exporter.zapi.limits import CurrentPoll, LimitedSocket, LimitedTlsSocket
from exporter.zapi.resolver import Address, Resolver

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class UnusableProxy(Exception):
    """The proxy that the environment names cannot be used. The text does not repeat it: it may hold a password."""


class Adapter(HTTPAdapter):
    """Sends every request through one pool.

    ``requests`` would look the pool up anew for each request, hand it a list of authorities, and let the server
    set cookies; none of that is wanted here.
    """

    def __init__(self, pool: HTTPConnectionPool) -> None:
        super().__init__(pool_connections=1, pool_maxsize=1)
        self._pool = pool

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> HTTPConnectionPool:
        return self._pool

    def cert_verify(self, *args: Any, **kwargs: Any) -> None:
        """The pool's TLS context verifies."""

    def build_response(self, req: requests.PreparedRequest, resp: Any) -> requests.Response:
        response = requests.Response()
        response.status_code = resp.status
        response.headers = resp.headers
        response.raw = resp
        response.request = req
        response.connection = self
        return response

    def close(self) -> None:
        self._pool.close()
        super().close()


class _LimitedConnection(HTTPConnection):
    """Connects within the limits of the thread's current poll, and passes them on to its socket."""

    def __init__(self, *args: Any, current: CurrentPoll, resolver: Resolver, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._current = current
        self._resolver = resolver
        self._has_served = False

    def _new_conn(self) -> socket.socket:
        limits = self._current.limits
        self._has_served = False
        addresses = self._resolver.resolve(self._dns_host, self.port, limits.remaining())
        failure: OSError = OSError("no address")
        for tried, (family, kind, protocol, _, address) in enumerate(addresses):
            sock = LimitedSocket(family, kind, protocol)
            sock.limits = limits
            try:
                _connect(sock, address, limits.remaining() / (len(addresses) - tried))
            except OSError as error:
                sock.close()
                failure = error
                continue
            sock.settimeout(limits.remaining())
            return sock
        raise failure

    def request(self, *args: Any, **kwargs: Any) -> None:
        limits = self._current.limits
        limits.on_used_connection = self._has_served
        self._has_served = True
        if isinstance(self.sock, (LimitedSocket, LimitedTlsSocket)):
            self.sock.limits = limits
        super().request(*args, **kwargs)


class _LimitedTlsConnection(_LimitedConnection, HTTPSConnection):
    """The same over TLS."""


class _LimitedPool(HTTPConnectionPool):
    """Keeps connections alive; gives a new one to a poll that needs it."""

    def __init__(self, *args: Any, current: CurrentPoll, resolver: Resolver, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._current = current
        self.ConnectionCls = partial(self.connection_class, current=current, resolver=resolver)  # type: ignore[assignment]

    connection_class: type[_LimitedConnection] = _LimitedConnection

    def _get_conn(self, timeout: float | None = None) -> Any:
        connection = super()._get_conn(timeout)
        if self._current.limits.needs_new_connection:
            connection.close()  # it connects again when it is used
        return connection


class _LimitedTlsPool(_LimitedPool, HTTPSConnectionPool):
    """The same over TLS."""

    connection_class = _LimitedTlsConnection


def make_adapter(
    base_url: str,
    *,
    concurrency: int,
    tls: ssl.SSLContext,
    proxies: dict[str, str],
    current: CurrentPoll,
    resolver: Resolver,
) -> Adapter:
    """An adapter for ``base_url``, through the proxy that ``proxies`` names for it, if any.

    Raises :class:`UnusableProxy`.
    """
    tls.sslsocket_class = LimitedTlsSocket
    parts = urlsplit(base_url)
    assert parts.hostname is not None
    port = parts.port or _DEFAULT_PORTS[parts.scheme]
    classes: dict[str, Callable[..., _LimitedPool]] = {
        "http": partial(_LimitedPool, current=current, resolver=resolver),
        "https": partial(_LimitedTlsPool, current=current, resolver=resolver),
    }
    options: dict[str, Any] = {"maxsize": concurrency, "block": False}
    proxy = requests.utils.select_proxy(base_url, proxies)
    if proxy is None:
        if parts.scheme == "https":
            options["ssl_context"] = tls
        return Adapter(classes[parts.scheme](parts.hostname, port, **options))
    manager = _proxy_manager(proxy, tls, options)
    manager.pool_classes_by_scheme = classes  # type: ignore[assignment]
    return Adapter(manager.connection_from_host(parts.hostname, port, parts.scheme))


def _proxy_manager(proxy: str, tls: ssl.SSLContext, options: dict[str, Any]) -> urllib3.ProxyManager:
    url = proxy if "://" in proxy else f"http://{proxy}"
    username, password = requests.utils.get_auth_from_url(url)
    headers = urllib3.make_headers(proxy_basic_auth=f"{username}:{password}") if username else None
    try:
        return urllib3.ProxyManager(
            url, proxy_headers=headers, ssl_context=tls, proxy_ssl_context=tls, **options
        )
    except (urllib3.exceptions.HTTPError, ValueError):
        raise UnusableProxy(
            "the proxy in the environment (HTTPS_PROXY, HTTP_PROXY or ALL_PROXY) is not a usable http:// or "
            "https:// URL; correct it, or name the API's host in NO_PROXY"
        ) from None


def _connect(sock: LimitedSocket, address: Address, timeout: float) -> None:
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.settimeout(timeout)
    sock.connect(address)
