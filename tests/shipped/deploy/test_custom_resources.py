"""What the Prometheus Operator (0.85) and the Gateway API (1.3) demand of the resources of theirs that are shipped.

The tables hold the part of their schemas that these resources use. An API server drops an unknown key without a word
and refuses the rest; there is none here to ask.
"""

from collections.abc import Mapping
from typing import Any, Final

import jsonschema_rs
import pytest

from tests.shipped.deploy.kubernetes import MANIFESTS, WANTED, build, render

pytestmark = pytest.mark.installs

Schema = dict[str, Any]

_TEXT: Final[Schema] = {"type": "string"}
_TEXTS: Final[Schema] = {"type": "object", "additionalProperties": _TEXT}
_DURATION: Final[Schema] = {
    "type": "string",
    "pattern": "^(0|(([0-9]+)y)?(([0-9]+)w)?(([0-9]+)d)?(([0-9]+)h)?(([0-9]+)m)?(([0-9]+)s)?(([0-9]+)ms)?)$",
}
_LABEL_NAME: Final[Schema] = {"type": "string", "pattern": "^[a-zA-Z_][a-zA-Z0-9_]*$"}


def _only(required: tuple[str, ...] = (), **properties: Schema) -> Schema:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(required),
        "properties": properties,
    }


def _each(item: Schema, **more: int) -> Schema:
    return {"type": "array", "items": item, **more}


def _key(*required: str) -> Schema:
    return _only(required, name=_TEXT, key=_TEXT, optional={"type": "boolean"})


_SECRET_KEY: Final = _key("key")
_SECRET_OR_MAP: Final = _only(secret=_SECRET_KEY, configMap=_SECRET_KEY)
_TLS: Final = _only(
    ca=_SECRET_OR_MAP,
    cert=_SECRET_OR_MAP,
    keySecret=_SECRET_KEY,
    serverName=_TEXT,
    insecureSkipVerify={"type": "boolean"},
    minVersion={"enum": ["TLS10", "TLS11", "TLS12", "TLS13"]},
    maxVersion={"enum": ["TLS10", "TLS11", "TLS12", "TLS13"]},
)
_RELABELING: Final = _only(
    sourceLabels=_each(_LABEL_NAME),
    targetLabel=_TEXT,
    regex=_TEXT,
    replacement=_TEXT,
    separator=_TEXT,
    action={"enum": ["replace", "keep", "drop", "labeldrop", "labelkeep", "labelmap"]},
)
_ENDPOINT: Final = _only(
    port=_TEXT,
    path=_TEXT,
    interval=_DURATION,
    scrapeTimeout=_DURATION,
    scheme={"enum": ["http", "https", "HTTP", "HTTPS"]},
    relabelings=_each(_RELABELING),
    tlsConfig=_TLS,
    basicAuth=_only(username=_SECRET_KEY, password=_SECRET_KEY),
)
_RULE: Final = _only(
    ("expr",),
    record=_TEXT,
    alert={"type": "string", "minLength": 1},
    expr=_TEXT,
    labels=_TEXTS,
    annotations=_TEXTS,
    keep_firing_for={**_DURATION, "minLength": 1},
    **{"for": _DURATION},
)
_PORT: Final[Schema] = {"type": "integer", "minimum": 1, "maximum": 65535}
_PARENT: Final = _only(
    ("name",), name={"type": "string", "minLength": 1}, namespace=_TEXT, sectionName=_TEXT, port=_PORT
)

SPECS: Final[Mapping[tuple[str, str], Schema]] = {
    ("monitoring.coreos.com/v1", "ServiceMonitor"): _only(
        ("endpoints", "selector"), selector=_only(matchLabels=_TEXTS), endpoints=_each(_ENDPOINT)
    ),
    ("monitoring.coreos.com/v1", "PrometheusRule"): _only(
        groups=_each(
            _only(
                ("name",),
                name={"type": "string", "minLength": 1},
                interval=_DURATION,
                rules=_each(_RULE),
            )
        )
    ),
    ("gateway.networking.k8s.io/v1", "HTTPRoute"): _only(
        parentRefs=_each(_PARENT, maxItems=32),
        hostnames=_each(
            {
                "type": "string",
                "maxLength": 253,
                "pattern": r"^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
            },
            maxItems=16,
        ),
        rules=_each(_only(backendRefs=_each(_only(("name",), name=_TEXT, port=_PORT))), minItems=1),
    ),
}
_FOREIGN: Final = ("monitoring.coreos.com", "gateway.networking.k8s.io")

_SECRET: Final = {"name": "web", "key": "ca.pem"}
EVERYTHING: Final[Mapping[str, Any]] = {
    **WANTED,
    "shards": 2,
    "serviceMonitor": {
        "enabled": True,
        "interval": "1m",
        "labels": {"release": "prometheus"},
        "scheme": "https",
        "tlsConfig": {"ca": {"secret": _SECRET}, "serverName": "zapi", "minVersion": "TLS12"},
        "basicAuth": {"username": _SECRET, "password": _SECRET},
    },
    "prometheusRule": {"enabled": True, "labels": {"release": "prometheus"}},
    "httpRoute": {
        "enabled": True,
        "parentRefs": [{"name": "public", "namespace": "gateways", "sectionName": "https"}],
        "hostnames": ["zapi.example.com", "*.example.com"],
    },
}


def resources_of(origin: str) -> list[dict[str, Any]]:
    every = render(EVERYTHING) if origin == "chart" else build(MANIFESTS / "overlays" / origin)
    return [one for one in every if one["apiVersion"].startswith(_FOREIGN)]


@pytest.mark.parametrize(
    ("origin", "kinds"),
    [
        ("chart", {"ServiceMonitor", "PrometheusRule", "HTTPRoute"}),
        ("monitoring", {"ServiceMonitor", "PrometheusRule"}),
    ],
)
def test_the_operator_and_the_gateway_know_every_word(origin: str, kinds: set[str]) -> None:
    resources = resources_of(origin)
    assert {one["kind"] for one in resources} == kinds
    for one in resources:
        checked = jsonschema_rs.validator_for(SPECS[one["apiVersion"], one["kind"]])
        assert [error.message for error in checked.iter_errors(one["spec"])] == []
        assert set(one) == {"apiVersion", "kind", "metadata", "spec"}


def test_rules_are_small_enough_to_be_applied_by_kubectl() -> None:
    """It keeps the whole resource in an annotation, and 256 KiB are the most for all of them."""
    (rule,) = (one for one in resources_of("monitoring") if one["kind"] == "PrometheusRule")
    assert len(str(rule)) < 256 * 1024
