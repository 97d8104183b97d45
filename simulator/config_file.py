"""A configuration → a file that the exporter reads back as the same configuration."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from exporter.model.secret import Secret
from exporter.model.settings import Config, Instance

_NOT_IN_YAML: Final = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
"""What JSON leaves as it is, but YAML refuses or takes for the end of a line."""


def write_config(config: Config, path: Path, *, ca_file: Path | None = None) -> None:
    """Write it as a configuration file, made-up secrets included, readable by its owner alone.

    ``ca_file`` holds the authorities to trust.

    Raises OSError where it cannot be written.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in _lines(config, ca_file))


def _lines(config: Config, ca_file: Path | None) -> Iterator[str]:
    accounts = {instance.client_token for instance in config.instances}
    account = accounts.pop() if len(accounts) == 1 else None
    yield "api:"
    yield f"  base_url: {_scalar(config.api.base_url)}"
    if account is not None:
        yield f"  client_token: {_scalar(account.reveal())}"
    yield f"  timeout: {_duration(config.api.timeout)}"
    if ca_file is not None:
        yield f"  ca_file: {_scalar(str(ca_file))}"
    yield "polling:"
    yield f"  interval: {_duration(config.polling.interval)}"
    yield f"  concurrency: {config.polling.concurrency}"
    yield f"  stale_after: {_duration(config.polling.stale_after)}"
    yield f"  probe_max_age: {_duration(config.polling.probe_max_age)}"
    yield "payment:"
    for key, statuses in (("paid", config.paid_statuses), ("unpaid", config.unpaid_statuses)):
        yield f"  {key}_statuses: [{', '.join(map(_scalar, sorted(statuses)))}]"
    yield "instances:"
    for instance in config.instances:
        yield from _instance(instance, account)


def _instance(instance: Instance, account: Secret | None) -> Iterator[str]:
    yield f"  - name: {_scalar(instance.name)}"
    yield f"    id: {_scalar(instance.id)}"
    yield f"    token: {_scalar(instance.token.reveal())}"
    if instance.client_token is not None and account is None:
        yield f"    client_token: {_scalar(instance.client_token.reveal())}"
    if instance.collect:
        yield f"    collect: [{', '.join(sorted(each.value for each in instance.collect))}]"
    yield "    labels:"
    for label, value in instance.labels.items():
        yield f"      {label}: {_scalar(value)}"
    yield "    expected_webhooks:"
    for webhook, url in instance.expected_webhooks.items():
        yield f"      {webhook}: {'null' if url is None else _scalar(url.reveal())}"


def _scalar(text: str) -> str:
    """A quoted YAML string that the exporter expands to just this text."""
    quoted = json.dumps(text.replace("$", "$$"), ensure_ascii=False)
    return _NOT_IN_YAML.sub(lambda match: f"\\u{ord(match[0]):04x}", quoted)


def _duration(seconds: float) -> str:
    return f"{round(seconds * 1000)}ms"
