"""The words that the alerts use for each reason of a failed poll, for the dashboards to use the same ones."""

from collections.abc import Mapping
from pathlib import Path

import yaml


def words_by_reason(rules: Path) -> Mapping[str, str]:
    """Reason → words, as the rule file records them in ``zapi:reason:info``."""
    (group,) = yaml.safe_load(rules.read_text(encoding="utf-8"))["groups"]
    return {rule["labels"]["reason"]: rule["labels"]["words"] for rule in group["rules"]}
