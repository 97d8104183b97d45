"""Writes ``docs/metrics.md`` from their declarations: ``python docs/generate_metrics.py > docs/metrics.md``."""

from collections.abc import Callable
from typing import Final

from exporter.metrics.instance_metrics import INSTANCE_METRICS, UNTIL_DUE, InstanceMetric
from exporter.metrics.metric import Metric
from exporter.metrics.self_metrics import EXPORTER_METRICS
from exporter.web.status_page.texts import Texts, read_texts

Translate = Callable[[str], str]
"""From an English text of the document to the one in another language."""

LINK: Final = "[Português](pt-BR/metrics.md)"


def document(translate: Translate = str, language: str = "en", link: str = LINK) -> str:
    """The whole document; ``link`` leads to it in the other language."""
    of_instances = translate(
        "Each series carries `name`, the instance's own labels from the configuration, and the labels named here."
    )
    origin = translate(
        "Generated from `instance_metrics.py` and `self_metrics.py` in `exporter/metrics`. `process_*` and `python_*` "
        "come from the Prometheus client library."
    )
    parts = [
        f"# {translate('Metrics')}\n\n{link}\n\n{origin}\n\n## {translate('Of every instance')}\n\n{of_instances}\n"
    ]
    parts += [_section(metric, translate) for metric in (*INSTANCE_METRICS, UNTIL_DUE)]
    parts.append(f"## {translate('Of the exporter')}\n")
    parts += [_section(metric, translate) for metric in EXPORTER_METRICS]
    parts.append(_reasons(translate, read_texts(language)))
    return "\n".join(parts)


def _reasons(translate: Translate, texts: Texts) -> str:
    """The closed set, in the words of the status page."""
    rows = [
        f"| `{reason.value}` | {advice.sentence} | {advice.remedy} |"
        for reason, advice in texts.reasons.items()
    ]
    meaning = translate("Why a poll failed: the values of `reason`, and beside `success` those of `outcome`.")
    head = " | ".join(translate(column) for column in ("reason", "meaning", "what to do"))
    return "\n".join(
        (f"## {translate('Reasons')}\n\n{meaning}\n", f"| {head} |\n| --- | --- | --- |", *rows, "")
    )


def _section(metric: Metric, translate: Translate) -> str:
    of_instance = isinstance(metric, InstanceMetric) or metric is UNTIL_DUE
    labels = [*(["name"] if of_instance else []), *metric.labels]
    shown = ", ".join(f"`{label}`" for label in labels) or translate("none")
    absent = "; ".join(translate(condition) for condition in metric.absent.split("; "))
    return (
        f"### `{metric.name}`\n\n{translate(metric.help)}\n\n- {translate('Type')}: {metric.type.value}\n"
        f"- {translate('Labels')}: {shown}\n- {translate('Absent')}: {absent}\n\n```promql\n{metric.query}\n```\n"
    )


if __name__ == "__main__":
    print(document(), end="")
