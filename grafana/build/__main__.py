"""``python -m grafana.build [DIRECTORY]`` writes every dashboard as JSON, by default where they are kept."""

import json
import sys
from pathlib import Path

from grafana.build import fleet, instance
from grafana.build.finish import document
from grafana.build.reasons import words_by_reason

_HERE = Path(__file__).resolve().parents[1]
_REASONS = _HERE.parent / "prometheus" / "rules" / "reasons.yaml"


def main(directory: Path) -> None:
    words = words_by_reason(_REASONS)
    for dashboard in (fleet.dashboard(words), instance.dashboard(words)):
        built = document(dashboard)
        text = json.dumps(built, indent=2, ensure_ascii=False, sort_keys=True)
        (directory / f"{built['uid']}.json").write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else _HERE / "dashboards")
