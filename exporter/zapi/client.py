"""An instance → what its ``/me`` says. The only place that speaks HTTP to Z-API."""

import ssl
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

import certifi
import requests

from exporter import __version__
from exporter.model.clock import Clock
from exporter.model.poll_result import Reading
from exporter.model.settings import Api, Instance
from exporter.zapi.answer import Answer, read_answer
from exporter.zapi.errors import PollFailed
from exporter.zapi.proxy import choose_proxy
from exporter.zapi.replies import Replies
from exporter.zapi.resolver import Resolver
from exporter.zapi.transport import Adapter


class ZapiClient:
    """Reads ``/me`` for any number of instances over kept-alive connections. Safe to use from many threads."""

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
            response = self._adapter.send(self._request(instance), timeout=self._timeout)
        except PollFailed as failed:
            return failed.failure
        answer = Answer(response.status_code, response.content, response.headers.get("retry-after"))
        return read_answer(answer, instance, self._clock.time(), self._replies.read)

    def forget(self) -> None:
        """Forget what instances replied and where the API is, as either may have changed."""
        self._replies.forget()
        self._adapter.renew()

    def close(self) -> None:
        """Close the idle connections; polls in flight finish."""
        self._adapter.close()

    def _request(self, instance: Instance) -> requests.PreparedRequest:
        headers = self._headers
        if instance.client_token is not None:
            headers = {**headers, "Client-Token": instance.client_token.reveal()}
        instance_id, token = quote(instance.id, safe=""), quote(instance.token.reveal(), safe="")
        request = requests.PreparedRequest()
        request.method = "GET"
        request.url = f"{self._base_url}/instances/{instance_id}/token/{token}/me"
        request.headers = headers  # type: ignore[assignment]
        return request


def _client_context(ca_pem: str | None) -> ssl.SSLContext:
    if ca_pem is None:
        return ssl.create_default_context(cafile=certifi.where())
    return ssl.create_default_context(cadata=ca_pem)
