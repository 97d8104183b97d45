"""Alerts, drawn over every timeline."""

from typing import Final

from grafana_foundation_sdk.builders.dashboard import AnnotationQuery
from grafana_foundation_sdk.builders.prometheus import Dataquery

from grafana.build.queries import firing
from grafana.build.variables import DATASOURCE

_COLORS: Final = {"critical": "red", "warning": "orange", "info": "blue"}


def firing_alerts(title: str, which: str, severity: str) -> AnnotationQuery:
    """One mark for each kind of alert, however many instances have it: readable in a mass outage too."""
    query = f"count by (alertname, severity) ({firing(which)})"
    return (
        AnnotationQuery()
        .name(title)
        .datasource(DATASOURCE)
        .enable(True)
        .icon_color(_COLORS[severity])
        .expr(query)
        .target(Dataquery().ref_id("Anno").datasource(DATASOURCE).expr(query).range())
        .title_format("{{alertname}}")
        .text_format("{{severity}}")
        .tag_keys("severity")
    )
