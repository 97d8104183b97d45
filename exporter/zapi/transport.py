"""``requests`` over connections that obey a poll's limits.

One pool of kept-alive connections serves all instances. It has one TLS context: loading the trusted authorities
costs more than a poll does, so it is never done per connection.
"""

import base64
import ssl
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, cast
from urllib.parse import urlsplit

import requests.utils
import urllib3
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.util import Url, parse_url

from exporter.zapi.connection import LimitedPool, LimitedTlsPool
from exporter.zapi.environment import DEFAULT_PORTS
from exporter.zapi.limits import CurrentPoll, LimitedTlsSocket
from exporter.zapi.resolver import Resolver


class UnusableProxy(Exception):
    """The proxy that the environment names cannot be used. The text does not repeat it: it may hold a password."""


class _Response(requests.Response):
    """Without the jar for cookies that nobody wants, which takes longer to make than all the rest."""

    def __init__(self) -> None:
        self._content_consumed = False


class Adapter(HTTPAdapter):
    """Sends every request to one server, through one pool.

    ``requests`` would look the pool up anew for each request, hand it a list of authorities, parse its URL time and
    again, and let the server set cookies; none of that is wanted here. ``target`` is what stands before an absolute
    path in a request line: nothing, or where a proxy forwards to.
    """

    def __init__(self, base: str, target: str, pool: LimitedPool) -> None:
        super().__init__(pool_connections=1, pool_maxsize=1)
        self._base = base
        self._target = target
        self._pool = pool

    def prepare(self, path: str, headers: Mapping[str, str]) -> requests.PreparedRequest:
        """A GET of a path below the base URL, which is quoted already."""
        request = requests.PreparedRequest()
        request.method = "GET"
        request.url = self._base + path
        request.headers = cast("CaseInsensitiveDict[str]", headers)  # looked at by the pool alone
        return request

    def request_url(self, request: requests.PreparedRequest, proxies: Any) -> str:
        assert request.url is not None
        return self._target + request.url[len(self._base) :]

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> LimitedPool:
        return self._pool

    def cert_verify(self, *args: Any, **kwargs: Any) -> None:
        """The pool's TLS context verifies."""

    def build_response(self, req: requests.PreparedRequest, resp: Any) -> requests.Response:
        response = _Response()
        response.status_code = resp.status
        response.headers = resp.headers
        response.raw = resp
        response.request = req
        response.connection = self
        return response

    def close(self) -> None:
        self._pool.close()
        super().close()


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
    port = parts.port or DEFAULT_PORTS[parts.scheme]
    base = parse_url(base_url)
    own: dict[str, Any] = {"host_header": _host_header(base), "current": current, "resolver": resolver}
    classes: dict[str, Callable[..., LimitedPool]] = {
        "http": partial(LimitedPool, **own),
        "https": partial(LimitedTlsPool, **own),
    }
    options: dict[str, Any] = {"maxsize": concurrency, "block": False}
    proxy = requests.utils.select_proxy(base_url, proxies)
    if proxy is None:
        if parts.scheme == "https":
            options["ssl_context"] = tls
        return Adapter(base.url, base.path or "", classes[parts.scheme](parts.hostname, port, **options))
    manager = _proxy_manager(proxy, tls, options)
    manager.pool_classes_by_scheme = classes  # type: ignore[assignment]
    target = base.url if parts.scheme == "http" else base.path or ""
    pool = manager.connection_from_host(parts.hostname, port, parts.scheme)
    assert isinstance(pool, LimitedPool)
    return Adapter(base.url, target, pool)


def _host_header(base: Url) -> str:
    assert base.host is not None
    return base.host if base.port in (None, DEFAULT_PORTS[base.scheme or ""]) else f"{base.host}:{base.port}"


def _proxy_manager(proxy: str, tls: ssl.SSLContext, options: dict[str, Any]) -> urllib3.ProxyManager:
    url = proxy if "://" in proxy else f"http://{proxy}"
    try:
        if not urlsplit(url).hostname:
            raise ValueError("no host")
        return urllib3.ProxyManager(
            url, proxy_headers=_login(url), ssl_context=tls, proxy_ssl_context=tls, **options
        )
    except (urllib3.exceptions.HTTPError, ValueError):
        raise UnusableProxy(
            "the proxy in the environment (HTTPS_PROXY, HTTP_PROXY or ALL_PROXY) is not a usable http:// or "
            "https:// URL; correct it, or name the API's host in NO_PROXY"
        ) from None


def _login(proxy: str) -> dict[str, str]:
    """The header that tells the proxy the user and password in its URL, if it has any."""
    username, password = requests.utils.get_auth_from_url(proxy)
    if not username:
        return {}
    login = base64.b64encode(f"{username}:{password}".encode()).decode("ascii")
    return {"proxy-authorization": f"Basic {login}"}
