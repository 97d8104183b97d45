"""Writes ``docs/metrics.md`` from the catalogue: ``python docs/generate_metrics.py > docs/metrics.md``."""

from exporter.metrics.catalogue import EXPORTER_METRICS, INSTANCE_METRICS, UNTIL_DUE, InstanceMetric, Metric
from exporter.web.status_page.english import ENGLISH


def document() -> str:
    parts = [
        "# Metrics\n\nGenerated from the catalogue in `exporter/metrics/catalogue.py`. `process_*` and `python_*` "
        "come from the Prometheus client library.\n\n## Of every instance\n\nEach series carries `name`, "
        "the instance's own labels from the configuration, and the labels named here.\n"
    ]
    parts += [_section(metric) for metric in (*INSTANCE_METRICS, UNTIL_DUE)]
    parts.append("## Of the exporter\n")
    parts += [_section(metric) for metric in EXPORTER_METRICS]
    parts.append(_reasons())
    return "\n".join(parts)


def _reasons() -> str:
    """The closed set, in the words of the status page."""
    rows = [
        f"| `{reason.value}` | {advice.sentence} | {advice.remedy} |"
        for reason, advice in ENGLISH.reasons.items()
    ]
    return "\n".join(
        (
            "## Reasons\n\nWhy a poll failed: the values of `reason`, and beside `success` those of `outcome`.\n",
            "| reason | meaning | what to do |\n| --- | --- | --- |",
            *rows,
            "",
        )
    )


def _section(metric: Metric) -> str:
    of_instance = isinstance(metric, InstanceMetric) or metric is UNTIL_DUE
    labels = [*(["name"] if of_instance else []), *metric.labels]
    shown = ", ".join(f"`{label}`" for label in labels) or "none"
    return (
        f"### `{metric.name}`\n\n{metric.help}\n\n- Type: {metric.type.value}\n- Labels: {shown}\n"
        f"- Absent: {metric.absent}\n\n```promql\n{metric.query}\n```\n"
    )


if __name__ == "__main__":
    print(document(), end="")
