"""What the exporter tells of itself."""

import platform

from prometheus_client import generate_latest

from exporter import __version__
from exporter.metrics.self_metrics import Telemetry
from exporter.model.poll_result import Collector, MessageQueue, Reason
from tests.builders import a_config, a_failure, an_instance


def lines(telemetry: Telemetry, name: str) -> list[str]:
    """The samples of a metric, without those that prometheus_client adds."""
    text = generate_latest(telemetry.registry).decode()
    return [line for line in text.splitlines() if line.startswith(name) and "_created" not in line]


def test_the_build_is_told() -> None:
    assert lines(Telemetry(), "zapi_exporter_build_info") == [
        f'zapi_exporter_build_info{{python_version="{platform.python_version()}",version="{__version__}"}} 1.0'
    ]


def test_requests_of_collectors_are_counted_by_outcome() -> None:
    telemetry = Telemetry()
    for collected in (MessageQueue(0, None), MessageQueue(1, None), a_failure(Reason.TLS)):
        telemetry.collected(Collector.QUEUE, collected)
    telemetry.collected(Collector.STATUS, a_failure(Reason.TIMEOUT))
    assert lines(telemetry, "zapi_exporter_collector_polls_total") == [
        'zapi_exporter_collector_polls_total{collector="queue",outcome="success"} 2.0',
        'zapi_exporter_collector_polls_total{collector="queue",outcome="tls"} 1.0',
        'zapi_exporter_collector_polls_total{collector="status",outcome="timeout"} 1.0',
    ]


def test_lines_that_the_log_lacks_are_counted() -> None:
    assert lines(Telemetry(lambda: 7), "zapi_exporter_log_lines") == [
        "zapi_exporter_log_lines_dropped_total 7.0"
    ]


def test_a_reload_and_its_failure_are_told() -> None:
    telemetry = Telemetry()
    telemetry.reloaded(a_config(an_instance("one"), an_instance("two")), 100.0)
    assert lines(telemetry, "zapi_exporter_instances") == ["zapi_exporter_instances 2.0"]
    assert lines(telemetry, "zapi_exporter_config_last_reload")[0].endswith(" 1.0")
    telemetry.reload_failed()
    assert [line.split()[1] for line in lines(telemetry, "zapi_exporter_config_last_reload")] == [
        "0.0",
        "100.0",
    ]


def test_process_and_python_are_told_where_wanted() -> None:
    telemetry = Telemetry()
    assert lines(telemetry, "python_") == []
    telemetry.describe_process()
    assert lines(telemetry, "process_cpu_seconds_total")
    assert lines(telemetry, "python_info")
    assert lines(telemetry, "python_gc_collections_total")
