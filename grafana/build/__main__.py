"""``python -m grafana.build [DIRECTORY]`` writes every dashboard as JSON, by default where they are kept."""

import json
import sys
from pathlib import Path

from grafana.build import availability, fleet, instance
from grafana.build.finish import document
from grafana.build.language import english, portuguese

_HERE = Path(__file__).resolve().parents[1]


def main(directory: Path) -> int:
    """Write a folder for each language; 1 if a catalogue has texts that no dashboard shows."""
    for language in (english(), portuguese()):
        folder = directory / language.tag
        folder.mkdir(parents=True, exist_ok=True)
        for board in (fleet, instance, availability):
            built = language.translate(document(board.dashboard(language.words)))
            text = json.dumps(built, indent=2, ensure_ascii=False, sort_keys=True)
            (folder / f"{built['uid']}.json").write_text(f"{text}\n", encoding="utf-8")
        if language.unused():
            print(
                f"{language.tag} has texts that are not used: {', '.join(language.unused())}", file=sys.stderr
            )
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else _HERE / "dashboards"))
