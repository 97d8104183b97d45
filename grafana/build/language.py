"""The languages of the dashboards: the code says everything in English, a catalogue has the other texts."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from grafana.build.reasons import words_by_reason

_HERE: Final = Path(__file__).resolve().parent
_REASONS: Final = _HERE.parents[1] / "prometheus" / "rules" / "reasons.yaml"

_KEYS: Final = frozenset({"title", "description", "noValue", "tooltip", "label", "legendFormat"})
"""The keys of a dashboard's JSON whose texts people read."""


class MissingText(Exception):
    """Says which English texts a catalogue lacks."""


@dataclass(slots=True)
class Language:
    """A language: its ``tag`` names the folder, ``suffix`` ends the dashboards' uids.

    ``words`` are those of each reason of a failed poll. Without ``texts``, everything stays in English.
    """

    tag: str
    suffix: str
    runbooks: str
    words: Mapping[str, str]
    texts: Mapping[str, str] | None = None
    used: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)

    def translate(self, document: dict[str, Any]) -> dict[str, Any]:
        """The same dashboard in this language. Raises :class:`MissingText`."""
        if self.texts is None:
            return document
        legends = {legend for panel in document["panels"] for legend in _legends(panel)}
        translated: dict[str, Any] = self._walk(document, legends)
        for annotation in translated["annotations"]["list"]:
            annotation["name"] = self._text(annotation["name"])
        for variable in translated["templating"]["list"]:
            if variable["name"] == "runbooks":
                variable["query"] += self.runbooks
        translated["uid"] += self.suffix
        if self.missing:
            raise MissingText(f"{self.tag} lacks: {', '.join(map(repr, sorted(self.missing)))}")
        return translated

    def unused(self) -> list[str]:
        """The texts of the catalogue that no dashboard has."""
        return sorted(set(self.texts or ()) - self.used)

    def _walk(self, node: Any, legends: set[str]) -> Any:
        if isinstance(node, list):
            return [self._walk(one, legends) for one in node]
        if not isinstance(node, dict):
            return self._with_uids(node) if isinstance(node, str) else node
        keys = set(_KEYS)
        if "index" in node:  # of a value mapping
            keys.add("text")
        if node.get("id") == "displayName":
            keys.add("value")
        if node.get("id") == "byName" and node["options"] in legends:
            keys.add("options")
        if "desc" in node:  # of a table's order
            keys.add("displayName")
        return {
            key: self._text(value) if key in keys and isinstance(value, str) else self._walk(value, legends)
            for key, value in node.items()
        }

    def _text(self, text: str) -> str:
        assert self.texts is not None
        if not text or "{{" in text or text.startswith("Runbook: ") or text in self.words.values():
            return text
        if text not in self.texts:
            self.missing.add(text)
            return text
        self.used.add(text)
        return self.texts[text]

    def _with_uids(self, text: str) -> str:
        return re.sub(r"(/d/zapi-[a-z]+)", rf"\1{self.suffix}", text)


def english() -> Language:
    return Language("en", "", "", words_by_reason(_REASONS))


def portuguese() -> Language:
    catalogue = yaml.safe_load((_HERE / "pt_BR.yaml").read_text(encoding="utf-8"))
    return Language("pt-BR", "-pt", "/pt-BR", catalogue["reasons"], catalogue["texts"])


def _legends(panel: Mapping[str, Any]) -> Iterator[str]:
    for target in panel.get("targets", ()):
        legend = target.get("legendFormat", "")
        if legend and "{{" not in legend:
            yield legend
