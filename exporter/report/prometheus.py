"""Prometheus' HTTP API, as far as the report needs it."""

import json
import math
import queue
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import requests
from requests.auth import HTTPBasicAuth

from exporter.process.logs import printable

_TIMEOUT: Final = 120.0
MAX_ANSWER: Final = 256 * 1024 * 1024
"""Most bytes of an answer; one of 10,000 numbers has 3 MB."""
_MAX_TEXT: Final = 300
_LARGEST: Final = 2.0**53
"""Above it a number of seconds is not exact, and no figure of a month comes near."""

_FOREIGN: Final = "expected the answer of a Prometheus server, found {}; check the URL"


class CannotAsk(Exception):
    """Says why Prometheus gave no answer, and what to do."""


@dataclass(frozen=True, slots=True)
class Sample:
    labels: Mapping[str, str]
    value: float


class Prometheus:
    """A Prometheus server, or one with the same API, such as VictoriaMetrics, Thanos or Mimir."""

    def __init__(
        self,
        url: str,
        *,
        username: str = "",
        password: str = "",
        ca_file: Path | None = None,
        timeout: float = _TIMEOUT,
    ) -> None:
        """``timeout`` is that of a query, in seconds.

        Raise :class:`CannotAsk` for a URL that cannot be one.
        """
        self._url = _checked(url)
        self._address = _address(url)
        self._timeout = timeout
        self.warnings: dict[str, None] = {}
        """What the server warned of, each once: an answer with a warning may lack series."""
        self._session = requests.Session()
        # Neither ~/.netrc nor REQUESTS_CA_BUNDLE may change what the flags say.
        self._session.trust_env = False
        self._session.verify = str(ca_file) if ca_file else True
        if username:
            self._session.auth = HTTPBasicAuth(username.encode(), password.encode())

    def query(self, expression: str, at: float) -> list[Sample]:
        """Return the samples of an instant query at a unix time. Raise :class:`CannotAsk`."""
        answer = self._post_in_time({"query": expression, "time": f"{at:.3f}"})
        data = answer.get("data")
        result = data.get("result") if isinstance(data, dict) else None
        if answer.get("status") != "success" or not isinstance(result, list):
            raise CannotAsk(f"Prometheus refused a query: {_shown(answer.get('error', 'no reason given'))}")
        warnings = answer.get("warnings")
        if isinstance(warnings, list):
            self.warnings |= dict.fromkeys(map(_shown, warnings))
        try:
            samples = [_sample(one) for one in result]
        except (KeyError, TypeError, ValueError, IndexError):
            raise CannotAsk(_FOREIGN.format("something else")) from None
        return [sample for sample in samples if math.isfinite(sample.value)]

    def _post_in_time(self, parameters: Mapping[str, str]) -> dict[str, Any]:
        """Post on a thread that is abandoned after the timeout: the timeout of ``requests`` starts again with every
        byte.
        """
        done: queue.SimpleQueue[dict[str, Any] | Exception] = queue.SimpleQueue()

        def post() -> None:
            try:
                done.put(self._post(parameters))
            except Exception as error:  # whoever waits for it must be told
                done.put(error)

        threading.Thread(target=post, name="query", daemon=True).start()
        try:
            answer = done.get(timeout=self._timeout)
        except queue.Empty:
            raise CannotAsk(f"Prometheus did not answer within {self._timeout:g} s") from None
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _post(self, parameters: Mapping[str, str]) -> dict[str, Any]:
        try:
            with self._session.post(
                f"{self._url}/api/v1/query",
                data=parameters,
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            ) as response:
                return _answer(response)
        except requests.exceptions.SSLError as error:
            if "WRONG_VERSION_NUMBER" in str(error):
                raise CannotAsk(
                    "Prometheus does not use TLS on this port; begin --prometheus.url with http://"
                ) from None
            raise CannotAsk(
                "the TLS handshake with Prometheus failed: its certificate is unknown, expired or for another host; "
                "give the certificate of its authority with --prometheus.ca-file"
            ) from None
        except requests.exceptions.Timeout:
            raise CannotAsk(f"Prometheus did not answer within {self._timeout:g} s") from None
        except (OSError, ValueError) as error:
            raise CannotAsk(
                f"cannot connect to Prometheus at {self._address}: {_reason(error)}; check --prometheus.url and that "
                "Prometheus runs"
            ) from None


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise CannotAsk("--prometheus.url: expected a URL such as http://localhost:9090")
    if parts.username or parts.password:
        raise CannotAsk(
            "--prometheus.url: expected no name or password in the URL; use --prometheus.username and "
            "--prometheus.password-file"
        )
    if parts.query or parts.fragment:
        raise CannotAsk("--prometheus.url: expected nothing after the path, found a query or a fragment")
    return url.rstrip("/")


def _address(url: str) -> str:
    """Return ``host:port`` of a valid URL."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _reason(error: BaseException) -> str:
    """Return in words why no connection was made; libraries wrap the error of the system several times."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, socket.gaierror):
            return "the host name cannot be resolved"
        if isinstance(cause, OSError) and cause.errno and cause.strerror:
            return cause.strerror.lower()
        cause = cause.__cause__ or cause.__context__
    return type(error).__name__


def _answer(response: requests.Response) -> dict[str, Any]:
    if response.status_code in {401, 403}:
        raise CannotAsk(
            f"Prometheus refused access (HTTP {response.status_code}); check --prometheus.username and "
            "--prometheus.password-file"
        )
    if 300 <= response.status_code < 400:
        raise CannotAsk(
            "Prometheus redirects elsewhere; give the address it redirects to as --prometheus.url"
        )
    try:
        answer = json.loads(_body(response))
    except (ValueError, RecursionError):
        found = f"HTTP {response.status_code} without JSON"
        raise CannotAsk(_FOREIGN.format(found)) from None
    if not isinstance(answer, dict):
        raise CannotAsk(_FOREIGN.format("other JSON"))
    return answer


def _body(response: requests.Response) -> bytes:
    body = bytearray()
    for chunk in response.iter_content(64 * 1024):
        body += chunk
        if len(body) > MAX_ANSWER:
            raise CannotAsk(_FOREIGN.format(f"more than {MAX_ANSWER // 1024 // 1024} MiB"))
    return bytes(body)


def _sample(one: Any) -> Sample:
    """Read one sample. Raise :class:`ValueError`, :class:`TypeError` or :class:`LookupError` if it is malformed."""
    labels, value = one["metric"], float(one["value"][1])
    if not isinstance(labels, dict) or not all(isinstance(text, str) for text in labels.values()):
        raise TypeError
    if math.isfinite(value) and abs(value) > _LARGEST:
        raise ValueError
    for text in labels.values():
        text.encode()
    return Sample(labels, value)


def _shown(text: object) -> str:
    """Return text of a server as one line without control characters."""
    return printable(str(text)[:_MAX_TEXT])
