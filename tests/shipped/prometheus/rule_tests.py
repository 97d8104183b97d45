"""The unit tests of the rules, as the stories have them.

``python -m tests.shipped.prometheus.rule_tests`` writes them to ``prometheus/tests`` for ``promtool test rules``.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import yaml

from tests.shipped.prometheus import collector_stories, source_stories, stories
from tests.shipped.prometheus.fleet_model import STEP, promtool_test
from tests.shipped.prometheus.tools import RULE_TESTS, parse

TEXTS: Final = Path(__file__).with_name("texts.yaml")
"""Title of a story → what its alerts say at which moment, as ``alert_rule_test``."""

RULE_FILES: Final = {
    "thresholds": ("reasons", "zapi"),
    **dict.fromkeys(collector_stories.FILES, ("thresholds", "reasons", "zapi", "collectors")),
    **dict.fromkeys(source_stories.FILES, ("thresholds", "reasons", "zapi", "sources")),
}
"""Those of a file of tests, where they are not the ones that every fleet needs."""


def documents() -> Iterator[tuple[Path, str]]:
    """Each file of ``prometheus/tests`` with its text."""
    texts = parse(TEXTS.read_text())
    for file, plays in stories.STORIES.items():
        names = RULE_FILES.get(file, ("thresholds", "reasons", "zapi"))
        document = {
            "rule_files": [f"../rules/{name}.yaml" for name in names],
            "evaluation_interval": f"{STEP}s",
            "group_eval_order": ["zapi" if name == "zapi" else f"zapi-{name}" for name in names],
            "tests": [promtool_test(title, *play(), texts.get(title, ())) for title, play in plays.items()],
        }
        head = "# Written by `make rule-tests` from the stories in tests/shipped/prometheus.\n"
        body = yaml.dump(
            document,
            Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper),
            sort_keys=False,
            width=1000,
            allow_unicode=True,
        )
        yield RULE_TESTS / f"{file}.yaml", head + body


if __name__ == "__main__":
    for path, text in documents():
        path.write_text(text)
