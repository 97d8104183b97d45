"""Sections → :class:`Config`: defaults filled in, secrets read, what is inherited merged."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from exporter.config.files import NamedFiles
from exporter.config.sections import (
    ApiSection,
    DefaultsSection,
    Document,
    ExpectedWebhooks,
    InstanceSection,
    PaymentSection,
    PollingSection,
)
from exporter.model.secret import Secret
from exporter.model.settings import Api, Config, Instance, Polling


def config(document: Document, path: Path, files: NamedFiles, *, holds_secret: bool) -> Config:
    """The configuration that a document without problems says. Relative names begin at the folder of ``path``.

    ``holds_secret`` says that a secret is written out in the document.
    """
    api = document.api or ApiSection()
    polling = document.polling or PollingSection()
    payment = document.payment or PaymentSection()
    defaults = document.defaults or DefaultsSection()
    paid_statuses = frozenset(payment.paid_statuses)
    client_token = _secret(api.client_token, api.client_token_file, files)
    return Config(
        api=Api(
            base_url=api.base_url,
            timeout=api.timeout,
            ca_file=None if api.ca_file is None else path.parent / api.ca_file,
        ),
        polling=Polling(
            interval=polling.interval, concurrency=polling.concurrency, stale_after=polling.stale_after
        ),
        paid_statuses=paid_statuses,
        # The rules refuse a status in both lists as written: what is left to take out is of the default list.
        unpaid_statuses=frozenset(payment.unpaid_statuses) - paid_statuses,
        instances=tuple(_instance(section, defaults, client_token, files) for section in document.instances),
        files=(path, *files.of_secrets),
        secret_files=((path,) if holds_secret else ()) + files.of_secrets,
    )


def _instance(
    section: InstanceSection, defaults: DefaultsSection, client_token: Secret | None, files: NamedFiles
) -> Instance:
    token = _secret(section.token, section.token_file, files)
    assert token is not None, "the rules let no instance pass without a token"
    labels = {**(defaults.labels or {}), **(section.labels or {})}
    return Instance(
        name=section.name,
        id=section.id,
        token=token,
        client_token=_secret(section.client_token, section.client_token_file, files) or client_token,
        labels=MappingProxyType({label: value for label, value in labels.items() if value}),
        expected_webhooks=MappingProxyType(
            {**_by_webhook(defaults.expected_webhooks), **_by_webhook(section.expected_webhooks)}
        ),
    )


def _secret(given: Secret | None, file: str | None, files: NamedFiles) -> Secret | None:
    return given if file is None else Secret(files.secret(file))


def _by_webhook(expected: ExpectedWebhooks | None) -> Mapping[str, Secret | None]:
    if isinstance(expected, dict):
        return expected
    return dict.fromkeys(expected or ())
