"""Prometheus' HTTP API, as far as the report needs it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import requests
from requests.auth import HTTPBasicAuth

_TIMEOUT: Final = 120.0
_MAX_FILE: Final = 64 * 1024


class CannotAsk(Exception):
    """Says why Prometheus gave no answer, and what to do."""


@dataclass(frozen=True, slots=True)
class Sample:
    labels: Mapping[str, str]
    value: float


class Prometheus:
    """A Prometheus server, or what speaks its API, such as VictoriaMetrics, Thanos or Mimir."""

    def __init__(
        self, url: str, *, username: str = "", password: str = "", ca_file: Path | None = None
    ) -> None:
        """Raises :class:`CannotAsk` for a URL that cannot be one."""
        self._url = _checked(url)
        self._session = requests.Session()
        # Neither ~/.netrc nor REQUESTS_CA_BUNDLE may change what the flags say.
        self._session.trust_env = False
        self._session.verify = str(ca_file) if ca_file else True
        if username:
            self._session.auth = HTTPBasicAuth(username.encode(), password.encode())

    def query(self, expression: str, at: float) -> list[Sample]:
        """The samples of an instant query at a unix time. Raises :class:`CannotAsk`."""
        answer = self._post({"query": expression, "time": f"{at:.3f}"})
        result = answer.get("data", {}).get("result") if isinstance(answer.get("data"), dict) else None
        if answer.get("status") != "success" or not isinstance(result, list):
            raise CannotAsk(
                f"Prometheus refused a query: {str(answer.get('error', 'no reason given'))[:300]}"
            )
        try:
            samples = [Sample(one["metric"], float(one["value"][1])) for one in result]
        except (KeyError, TypeError, ValueError, IndexError):
            raise CannotAsk(
                "expected the answer of a Prometheus server, found something else; check the URL"
            ) from None
        return [sample for sample in samples if math.isfinite(sample.value)]

    def _post(self, parameters: Mapping[str, str]) -> dict[str, Any]:
        try:
            with self._session.post(
                f"{self._url}/api/v1/query", data=parameters, timeout=_TIMEOUT, allow_redirects=False
            ) as response:
                return _answer(response)
        except requests.exceptions.SSLError:
            raise CannotAsk(
                "the TLS handshake with Prometheus failed: its certificate is unknown, expired or for another host; "
                "give the authority's with --prometheus.ca-file"
            ) from None
        except requests.exceptions.Timeout:
            raise CannotAsk(f"Prometheus did not answer within {_TIMEOUT:g} s") from None
        except (requests.exceptions.RequestException, OSError) as error:
            kind = type(error).__name__
            raise CannotAsk(f"Prometheus could not be reached ({kind}); check --prometheus.url") from None


def read_secret(file: Path, flag: str) -> str:
    """The first line of a file. Raises :class:`CannotAsk`."""
    try:
        with file.open("rb") as opened:
            text = opened.read(_MAX_FILE).decode()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise CannotAsk(f"{flag}: {file} could not be read: {reason}") from None
    secret = text.rstrip("\r\n")
    if not secret:
        raise CannotAsk(f"{flag}: {file} is empty")
    return secret


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
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
        raise CannotAsk("--prometheus.url: expected nothing behind the path, found a query or a fragment")
    return url.rstrip("/")


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
        answer = response.json()
    except ValueError:
        raise CannotAsk(
            f"expected the answer of a Prometheus server, found HTTP {response.status_code} without JSON; check the URL"
        ) from None
    if not isinstance(answer, dict):
        raise CannotAsk("expected the answer of a Prometheus server, found other JSON; check the URL")
    return answer
