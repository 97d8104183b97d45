"""The committed dashboards, read as Grafana would."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[3]
GRAFANA: Final = ROOT / "grafana"
FILES: Final = sorted((GRAFANA / "dashboards").glob("*/*.json"))
ENGLISH: Final = sorted((GRAFANA / "dashboards" / "en").glob("*.json"))
"""The queries are the same in every language."""

LIVE: Final = [file for file in ENGLISH if file.stem != "zapi-availability"]
"""Those that show what is now; the other one needs hours of history."""


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel with queries, and the dashboard it is of."""

    dashboard: str
    body: Mapping[str, Any]

    @property
    def kind(self) -> str:
        return str(self.body["type"])

    @property
    def title(self) -> str:
        return str(self.body["title"])

    @property
    def defaults(self) -> Mapping[str, Any]:
        defaults: Mapping[str, Any] = self.body["fieldConfig"]["defaults"]
        return defaults

    @property
    def overridden(self) -> list[str]:
        """The names of fields that overrides change."""
        return [
            str(override["matcher"]["options"])
            for override in self.body["fieldConfig"]["overrides"]
            if override["matcher"]["id"] == "byName"
        ]

    @property
    def links(self) -> list[str]:
        """The URLs that cells and series lead to."""
        return [
            str(link["url"])
            for override in self.body["fieldConfig"]["overrides"]
            for changed in override["properties"]
            if changed["id"] == "links"
            for link in changed["value"]
        ]

    def transformation(self, name: str) -> Mapping[str, Any] | None:
        """The options of the transformation, if the panel has it."""
        for transformation in self.body.get("transformations", ()):
            if transformation["id"] == name:
                options: Mapping[str, Any] = transformation["options"]
                return options
        return None

    def __str__(self) -> str:
        return f"{self.dashboard}: {self.title}"


def load(file: Path) -> dict[str, Any]:
    dashboard: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return dashboard


def panels(dashboard: Mapping[str, Any]) -> Iterator[Panel]:
    """Every panel but the rows, which only divide the page."""
    for panel in dashboard["panels"]:
        assert not panel.get("collapsed"), "panels of a collapsed row are inside it"
        if panel["type"] != "row":
            yield Panel(str(dashboard["uid"]), panel)


def expressions(dashboard: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Where each PromQL expression is, and the expression: of panels and of annotations."""
    for panel in panels(dashboard):
        for target in panel.body["targets"]:
            yield f"{panel} {target['refId']}", str(target["expr"])
    for annotation in dashboard["annotations"]["list"]:
        yield f"{dashboard['uid']}: {annotation['name']}", str(annotation["expr"])


def legend_labels(legend: str) -> list[str]:
    """The labels that a legend such as ``{{name}}`` shows."""
    return re.findall(r"{{(\w+)}}", legend)


def interpolate(text: str, variables: Mapping[str, str]) -> str:
    """The text with its variables replaced; what is no variable, as the ``$1`` of label_replace, stays."""

    def replaced(match: "re.Match[str]") -> str:
        return variables[match[1]] if not match[1].isdigit() else match[0]

    return re.sub(r"\$(\w+)", replaced, text)
