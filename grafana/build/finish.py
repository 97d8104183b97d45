"""A built dashboard → the JSON document that Grafana loads."""

import json
from typing import Any

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder


def document(dashboard: Dashboard) -> dict[str, Any]:
    """The dashboard as JSON: panels numbered, and without the defaults of features that are not used."""
    built: dict[str, Any] = json.loads(JSONEncoder().encode(dashboard.build()))
    for number, panel in enumerate(built["panels"], start=1):
        panel["id"] = number
        panel.pop("repeatDirection", None)
        panel["options"] = panel.get("options", {})
        if panel["type"] == "row":
            del panel["options"]
        if panel["type"] == "table":
            panel["options"].pop("footer", None)
        for link in panel.get("links", ()):
            del link["placement"]
    for variable in built["templating"]["list"]:
        for unused in ("auto", "auto_count", "auto_min"):
            variable.pop(unused, None)
    built["annotations"].setdefault("list", [])
    for entry in (*built["links"], *built["annotations"]["list"]):
        # Shown beside the variables, not hidden in a menu.
        del entry["placement"]
    return built
