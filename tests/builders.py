"""Configurations, readings and TLS with everything filled in that a test does not care about."""

import ssl
from collections.abc import Mapping
from typing import Any

import trustme

from exporter.demo.instances import SimulatedInstance
from exporter.model.me_fields import WEBHOOK_FIELDS
from exporter.model.poll_result import Collector, Failure, Reason, Status
from exporter.model.secret import Secret
from exporter.model.settings import Api, Config, Instance, Polling


def an_instance(
    name: str = "vendas",
    *,
    instance_id: str | None = None,
    token: str = "TOKEN",
    client_token: str | None = None,
    labels: Mapping[str, str] | None = None,
    expected_webhooks: Mapping[str, Secret | None] | None = None,
    collect: frozenset[Collector] = frozenset(),
) -> Instance:
    return Instance(
        name=name,
        id=f"ID-{name}" if instance_id is None else instance_id,
        token=Secret(token),
        client_token=None if client_token is None else Secret(client_token),
        labels=labels or {},
        expected_webhooks=expected_webhooks or {},
        collect=collect,
    )


def a_simulated(name: str = "vendas", /, **fields: Any) -> SimulatedInstance:
    """What :func:`an_instance` of this name asks for, at the simulated Z-API."""
    return SimulatedInstance(
        **{"id": f"ID-{name}", "token": "TOKEN", "due": 1.9e9, "created": 1.6e9, **fields}
    )


def some_polling(
    interval: float = 60.0,
    concurrency: int = 32,
    stale_after: float = 300.0,
    probe_max_age: float = 0.0,
) -> Polling:
    return Polling(interval, concurrency, stale_after, probe_max_age)


def a_config(
    *instances: Instance,
    base_url: str = "http://127.0.0.1:1",
    timeout: float = 10.0,
    ca_pem: str | None = None,
    polling: Polling | None = None,
) -> Config:
    return Config(
        api=Api(base_url=base_url, timeout=timeout, ca_pem=ca_pem),
        polling=polling or some_polling(),
        paid_statuses=frozenset({"paid"}),
        unpaid_statuses=frozenset({"unpaid", "overdue"}),
        instances=instances,
        files=(),
    )


def a_status(connected: bool = True, **fields: Any) -> Status:
    webhooks: Mapping[str, Secret | None] = dict.fromkeys(list(WEBHOOK_FIELDS)[:7])
    return Status(
        connected=connected, **{"webhooks": webhooks, "settings": {}, "payment_status": "paid", **fields}
    )


def a_failure(reason: Reason = Reason.TIMEOUT, retry_after: float | None = None) -> Failure:
    return Failure(reason, "a phrase", retry_after)


def server_tls(authority: trustme.CA, *names: str, **validity: Any) -> ssl.SSLContext:
    """TLS of a server with a certificate of the authority, for 127.0.0.1 unless other names are given."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*(names or ("127.0.0.1",)), **validity).configure_cert(context)
    return context


def client_tls(authority: trustme.CA, certificate: trustme.LeafCert | None = None) -> ssl.SSLContext:
    """TLS of a client that trusts the authority, and has a certificate of its own if it is given one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(context)
    if certificate is not None:
        certificate.configure_cert(context)
    return context
