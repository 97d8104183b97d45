"""The shipped rules, routes and templates, laid out for a private Prometheus and Alertmanager."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from exporter.config.validators import format_duration
from stack.speed import hurry, hurry_template

ROOT: Final = Path(__file__).resolve().parents[1]
PROMETHEUS: Final = ROOT / "prometheus"
ALERTMANAGER: Final = ROOT / "alertmanager"
BY_THE_CLOCK: Final = frozenset({"availability.yaml"})
"""Rules about full hours of the clock, which are as long at any speed."""


def prometheus_config(scrape: Sequence[dict[str, Any]], rules: Path, alertmanager: str, speed: float) -> str:
    """The shipped ``prometheus.yaml``, but for what is scraped, where the rules are and who is told of alerts.

    ``scrape`` are entries of ``scrape_configs``, ``rules`` is a folder, ``alertmanager`` is ``host:port``.
    """
    document = yaml.safe_load(hurry((PROMETHEUS / "prometheus.yaml").read_text(), speed))
    document["rule_files"] = [str(rules / "*.yaml")]
    document["scrape_configs"] = list(scrape)
    document["alerting"]["alertmanagers"] = [{"static_configs": [{"targets": [alertmanager]}]}]
    return yaml.safe_dump(document, sort_keys=False)


def write_rules(place: Path, speed: float) -> None:
    """Every shipped rule file, in a new folder."""
    place.mkdir()
    for file in (PROMETHEUS / "rules").glob("*.yaml"):
        text = file.read_text()
        (place / file.name).write_text(text if file.name in BY_THE_CLOCK else hurry(text, speed))


def resend_delay(speed: float) -> str:
    """What ``--rules.alert.resend-delay`` of Prometheus should be; two minutes as shipped.

    Prometheus tells Alertmanager to keep an alert for four times as long without hearing of it. That has to outlast a
    restart of Prometheus, which needs five seconds to find Alertmanager at any speed.
    """
    return format_duration(max(120 / speed, 5.0))


def alertmanager_config(place: Path, receiver: str, speed: float, language: str = "en") -> str:
    """The shipped ``alertmanager.yaml``, but every receiver hears at ``receiver``, a URL that ends with a slash.

    Routes, grouping and templates are as shipped, and so is what a message says in the ``language``, the name of a
    template. The templates are written to the folder ``place``.
    """
    # Alerts of one evaluation have to meet within `group_wait`, however busy the machine is.
    text = hurry((ALERTMANAGER / "alertmanager.yaml").read_text(), speed, least=2.0)
    document = yaml.safe_load(text)
    document["templates"] = [
        _template(place, path.replace("/en.", f"/{language}."), speed) for path in document["templates"]
    ]
    document["receivers"] = [_at(receiver, shipped) for shipped in document["receivers"]]
    return yaml.safe_dump(document, sort_keys=False)


def _template(place: Path, path: str, speed: float) -> str:
    shipped = ALERTMANAGER / path
    quick = place / shipped.name
    quick.write_text(hurry_template(shipped.read_text(), speed))
    return str(quick)


def _at(receiver: str, shipped: dict[str, Any]) -> dict[str, Any]:
    name = shipped["name"]
    if len(shipped) == 1:
        return {"name": name}
    slack = {
        "api_url": receiver + name,
        "channel": "#whatsapp",
        "send_resolved": True,
        "title": '{{ template "zapi.title" . }}',
        "text": '{{ template "zapi.text" . }}',
    }
    return {"name": name, "slack_configs": [slack]}
