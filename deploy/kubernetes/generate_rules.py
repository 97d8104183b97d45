"""Writes the PrometheusRule from the rule files, which stay the only place where a rule is written.

``python deploy/kubernetes/generate_rules.py > deploy/kubernetes/components/monitoring/prometheus-rule.yaml``
"""

import re
from pathlib import Path
from typing import Final

_RULES: Final = Path(__file__).parents[2] / "prometheus" / "rules"
_ANCHOR: Final = re.compile(r"^( +(?:- )?[a-z_]+: [&*])(?=[a-z_]+\b)", re.MULTILINE)
_HEAD: Final = """\
# Generated from prometheus/rules by deploy/kubernetes/generate_rules.py.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: zapi-exporter
  namespace: zapi-exporter
  labels:
    app.kubernetes.io/name: zapi-exporter
spec:
  groups:
"""


def document() -> str:
    return _HEAD + "".join(_groups(file) for file in sorted(_RULES.glob("*.yaml")))


def _groups(file: Path) -> str:
    """The groups of a rule file as they are written there, two levels further in.

    Two files may use an anchor of the same name; several readers of YAML refuse the second one of a document.
    """
    _, _, groups = file.read_text(encoding="utf-8").partition("groups:\n")
    groups = _ANCHOR.sub(rf"\1{file.stem}_", groups)
    lines = [f"  {line}" if line else "" for line in groups.splitlines()]
    return "".join(f"{line}\n" for line in (f"    # {file.name}", *lines))


if __name__ == "__main__":
    print(document(), end="")
