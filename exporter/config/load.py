"""A file → :class:`Config`, or every problem with its line."""

import difflib
import re
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeVar
from urllib.parse import urlsplit

from exporter.config.document import ListNode, MapNode, Node, Reader, Scalar
from exporter.config.duration import parse_duration
from exporter.config.model import Api, Config, Instance, Polling
from exporter.config.problem import InvalidConfig
from exporter.reading import WEBHOOK_FIELDS
from exporter.secret import Secret

DEFAULT_BASE_URL: Final = "https://api.z-api.io"
MAX_CONCURRENCY: Final = 1024
MAX_NAME: Final = 200

RESERVED_LABELS: Final = frozenset(
    {
        "name",
        "instance",
        "job",
        "le",
        "quantile",
        "reason",
        "status",
        "webhook",
        "setting",
        "outcome",
        "field",
    }
    | {"id", "display_name", "version", "python_version", "implementation", "major", "minor", "patchlevel"}
    | {"generation", *WEBHOOK_FIELDS}
)
"""Label names that our own metrics use, or that Prometheus does."""

_LABEL: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*", re.ASCII)
_CREDENTIAL: Final = re.compile(r"[\x21-\x7e]+")

Expected = Mapping[str, Secret | None]
T = TypeVar("T")


def load(path: Path, environ: Mapping[str, str]) -> Config:
    """Read the configuration at ``path``; raises :class:`InvalidConfig` with all that is wrong."""
    reader = Reader(str(path), environ)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError:
        reader.report(
            1, "document", "cannot be read; name another with --config.file, or see config.example.yaml"
        )
        raise InvalidConfig(reader.problems) from None
    except UnicodeDecodeError:
        reader.report(1, "document", "is not UTF-8 text")
        raise InvalidConfig(reader.problems) from None
    root = reader.read(text)
    config = None if root is None else _Binder(reader, path).config(root)
    if reader.problems or config is None:
        raise InvalidConfig(reader.problems)
    return config


class _Binder:
    """Gives the values of a document their types. A value that is wrong is reported and its default taken."""

    def __init__(self, reader: Reader, path: Path) -> None:
        self._report = reader.report
        self._folder = path.parent
        self._files = [path]

    def config(self, root: Node) -> Config:
        top = self._map(root, "document", {"api", "polling", "payment", "defaults", "instances"})
        api_map = self._section(
            top, "api", {"base_url", "client_token", "client_token_file", "timeout", "ca_file"}
        )
        api = Api(
            base_url=self._value(api_map, "api", "base_url", _base_url, DEFAULT_BASE_URL),
            timeout=self._value(api_map, "api", "timeout", _duration, 10.0),
            ca_file=self._value(api_map, "api", "ca_file", self._existing_file, None),
        )
        client_token = self._secret(api_map, "api", "client_token", required=False)
        polling = self._polling(self._section(top, "polling", {"interval", "concurrency", "stale_after"}))
        paid = self._paid_statuses(self._section(top, "payment", {"paid_statuses"}))
        defaults = self._section(top, "defaults", {"labels", "expected_webhooks"})
        labels = self._labels(defaults, "defaults")
        expected = self._expected(defaults, "defaults")
        instances = self._instances(top, client_token, labels, expected)
        return Config(api, polling, paid, instances, tuple(self._files))

    def _polling(self, section: MapNode) -> Polling:
        interval = self._value(section, "polling", "interval", _duration, 60.0)
        concurrency = self._value(section, "polling", "concurrency", _concurrency, 32)
        stale_after = self._value(section, "polling", "stale_after", _duration, 300.0)
        if stale_after < interval:
            line = section.keys.get("stale_after") or section.keys["interval"]
            self._report(
                line, "polling.stale_after", "is below polling.interval; values would vanish between polls"
            )
        return Polling(interval, concurrency, stale_after)

    def _paid_statuses(self, section: MapNode) -> frozenset[str]:
        node = section.items.get("paid_statuses")
        if node is None:
            return frozenset({"paid"})
        if not isinstance(node, ListNode) or not node.items:
            self._report(node.line, "payment.paid_statuses", "must be a list of statuses, such as [paid]")
            return frozenset()
        texts = [self._text(item, f"payment.paid_statuses[{i}]") for i, item in enumerate(node.items)]
        return frozenset(text.strip().lower() for text in texts if text)

    def _instances(
        self, top: MapNode, client_token: Secret | None, labels: Mapping[str, str], expected: Expected
    ) -> tuple[Instance, ...]:
        node = top.items.get("instances")
        if not isinstance(node, ListNode) or not node.items:
            line = node.line if node else top.line
            self._report(line, "instances", "must be a list with at least one instance")
            return ()
        instances = []
        lines: dict[tuple[str, str], int] = {}
        for i, item in enumerate(node.items):
            path = f"instances[{i}]"
            instance = self._instance(item, path, client_token, labels, expected)
            for key in ("name", "id"):
                value = getattr(instance, key).casefold() if key == "id" else instance.name
                first = lines.setdefault((key, value), item.line)
                if value and first != item.line:
                    self._report(item.line, f"{path}.{key}", f"is also that of the instance in line {first}")
            instances.append(instance)
        return tuple(instances)

    def _instance(
        self,
        node: Node,
        path: str,
        client_token: Secret | None,
        labels: Mapping[str, str],
        expected: Expected,
    ) -> Instance:
        secrets = {"token", "token_file", "client_token", "client_token_file"}
        section = self._map(node, path, {"name", "id", "labels", "expected_webhooks", *secrets})
        for key in ("name", "id"):
            if key not in section.items:
                self._report(section.line, f"{path}.{key}", "is missing")
        own_client_token = self._secret(section, path, "client_token", required=False)
        merged = {**labels, **self._labels(section, path)}
        return Instance(
            name=self._value(section, path, "name", _name, ""),
            id=self._value(section, path, "id", _credential, ""),
            token=self._secret(section, path, "token", required=True) or Secret(""),
            client_token=own_client_token or client_token,
            labels=MappingProxyType({label: value for label, value in merged.items() if value}),
            expected_webhooks=MappingProxyType({**expected, **self._expected(section, path)}),
        )

    def _labels(self, section: MapNode, path: str) -> Mapping[str, str]:
        path = f"{path}.labels"
        node = section.items.get("labels")
        if node is None:
            return {}
        labels = {}
        for label, value in self._map(node, path, None).items.items():
            if not _LABEL.fullmatch(label) or label.startswith("__"):
                self._report(
                    value.line, f"{path}.{label}", "is no label name; use letters, digits and underscores"
                )
            elif label in RESERVED_LABELS:
                self._report(
                    value.line, f"{path}.{label}", "is a label that the exporter or Prometheus uses itself"
                )
            else:
                labels[label] = self._text(value, f"{path}.{label}") or ""
        return labels

    def _expected(self, section: MapNode, path: str) -> Expected:
        path = f"{path}.expected_webhooks"
        node = section.items.get("expected_webhooks")
        expected: dict[str, Secret | None] = {}
        if isinstance(node, ListNode):
            for i, item in enumerate(node.items):
                webhook = self._text(item, f"{path}[{i}]")
                if webhook is not None and self._is_webhook(webhook, item.line, f"{path}[{i}]"):
                    expected[webhook] = None
        elif isinstance(node, MapNode):
            for webhook, item in node.items.items():
                anything = isinstance(item, Scalar) and item.is_null
                url = None if anything else self._text(item, f"{path}.{webhook}")
                if self._is_webhook(webhook, item.line, f"{path}.{webhook}"):
                    expected[webhook] = None if url is None else Secret(url.strip())
        elif node is not None:
            self._report(node.line, path, "must be a list of webhooks, or a mapping from webhook to URL")
        return expected

    def _is_webhook(self, webhook: str, line: int, path: str) -> bool:
        if webhook not in WEBHOOK_FIELDS:
            self._report(line, path, f"is no webhook{_nearest(webhook, WEBHOOK_FIELDS)}")
        return webhook in WEBHOOK_FIELDS

    def _secret(self, section: MapNode, path: str, key: str, *, required: bool) -> Secret | None:
        given, file = section.items.get(key), section.items.get(f"{key}_file")
        if given is not None and file is not None:
            line = section.keys[f"{key}_file"]
            self._report(line, f"{path}.{key}_file", f"is given beside {key}; keep one of them")
            return None
        if file is not None:
            return self._value(section, path, f"{key}_file", self._secret_file, None)
        if given is not None:
            text = self._value(section, path, key, _credential, "")
            return Secret(text) if text else None
        if required:
            self._report(section.line, f"{path}.{key}", f"is missing; give {key} or {key}_file")
        return None

    def _secret_file(self, text: str) -> Secret:
        file = self._existing_file(text)
        try:
            secret = file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise ValueError("names a file that cannot be read as text") from None
        self._files.append(file)
        if not secret:
            raise ValueError("names an empty file")
        return Secret(_credential(secret))

    def _existing_file(self, text: str) -> Path:
        file = self._folder / text
        if not file.is_file():
            raise ValueError("names a file that does not exist")
        return file

    def _section(self, top: MapNode, key: str, known: Collection[str]) -> MapNode:
        node = top.items.get(key)
        if node is None or (isinstance(node, Scalar) and node.is_null):
            return MapNode(top.line, {}, {})
        return self._map(node, key, known)

    def _map(self, node: Node, path: str, known: Collection[str] | None) -> MapNode:
        if not isinstance(node, MapNode):
            self._report(node.line, path, "must be a mapping")
            return MapNode(node.line, {}, {})
        for key in node.items:
            if known is not None and key not in known:
                place = key if path == "document" else f"{path}.{key}"
                self._report(node.keys[key], place, f"is no known key{_nearest(key, known)}")
        return node

    def _text(self, node: Node, path: str) -> str | None:
        if not isinstance(node, Scalar):
            self._report(node.line, path, "must be text")
        elif not node.is_text:
            self._report(node.line, path, "is not read as text by YAML; quote it")
        else:
            return node.text
        return None

    def _value(self, section: MapNode, path: str, key: str, convert: Callable[[str], T], default: T) -> T:
        node = section.items.get(key)
        if node is None:
            return default
        path = f"{path}.{key}"
        text = node.text if convert is _concurrency and isinstance(node, Scalar) else self._text(node, path)
        if text is None:
            return default
        try:
            return convert(text)
        except ValueError as error:
            self._report(node.line, path, str(error))
            return default


def _nearest(word: str, known: Collection[str]) -> str:
    nearest = difflib.get_close_matches(word, list(known), 1)
    return f"; did you mean {nearest[0]}?" if nearest else f"; known are {', '.join(sorted(known))}"


def _name(text: str) -> str:
    if not text.strip() or len(text) > MAX_NAME:
        raise ValueError(f"must be text of 1 to {MAX_NAME} characters")
    return text


def _credential(text: str) -> str:
    if not _CREDENTIAL.fullmatch(text):
        raise ValueError("must be printable ASCII text without spaces")
    return text


def _duration(text: str) -> float:
    try:
        seconds = parse_duration(text)
    except ValueError as error:
        raise ValueError(f"is {error}") from None
    if seconds <= 0:
        raise ValueError("must be longer than 0s")
    return seconds


def _concurrency(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 1 <= int(text) <= MAX_CONCURRENCY:
        raise ValueError(f"must be a whole number from 1 to {MAX_CONCURRENCY}")
    return int(text)


def _base_url(text: str) -> str:
    try:
        parts = urlsplit(text)
        usable = (
            parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port > 0)
        )
    except ValueError:
        usable = False
    if not usable or parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("must be a URL such as https://api.z-api.io, with no user, query or fragment")
    return text.rstrip("/")
