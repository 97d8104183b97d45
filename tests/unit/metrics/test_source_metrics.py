"""What is exposed of the places that instances come from."""

import re
from dataclasses import replace

from prometheus_client import generate_latest

from exporter.metrics.self_metrics import Telemetry
from exporter.model.settings import InstanceSource
from tests.builders import a_config, an_instance

ONE, TWO = an_instance("one"), an_instance("two")


def shown(telemetry: Telemetry) -> dict[str, dict[str, float]]:
    """Source → metric → value."""
    text = generate_latest(telemetry.registry).decode()
    pattern = r'^zapi_exporter_instance_source_(\w+)\{source="([^"]+)"\} (\S+)$'
    found: dict[str, dict[str, float]] = {}
    for metric, source, value in re.findall(pattern, text, re.MULTILINE):
        found.setdefault(source, {})[metric] = float(value)
    return found


def good(instances: int, success: float) -> dict[str, float]:
    return {"up": 1, "instances": instances, "last_success_timestamp_seconds": success}


def load(telemetry: Telemetry, now: float, *sources: InstanceSource) -> None:
    telemetry.reloaded(replace(a_config(ONE), sources=sources), now)


def test_a_source_says_whether_its_last_reading_was_good() -> None:
    telemetry = Telemetry()
    config, file = InstanceSource("config", (ONE,)), InstanceSource("file:a.yaml", (ONE, TWO))
    load(telemetry, 100.0, config, file)
    assert shown(telemetry) == {"config": good(1, 100), "file:a.yaml": good(2, 100)}
    load(telemetry, 200.0, config, replace(file, problems=("a.yaml:1: document: is empty",)))
    assert shown(telemetry) == {"config": good(1, 200), "file:a.yaml": {**good(2, 100), "up": 0}}
    load(telemetry, 300.0, config, replace(file, instances=(TWO,)))
    assert shown(telemetry) == {"config": good(1, 300), "file:a.yaml": good(1, 300)}
    load(telemetry, 400.0, config)
    assert shown(telemetry) == {"config": good(1, 400)}


def test_a_source_that_never_was_good_has_no_time_of_it() -> None:
    telemetry = Telemetry()
    load(telemetry, 100.0, InstanceSource("file:a.yaml", (), ("wrong",)))
    assert shown(telemetry) == {"file:a.yaml": {"up": 0, "instances": 0}}


def test_a_broken_configuration_is_down_and_files_stay() -> None:
    """A configuration that cannot be loaded is down and leaves the files alone."""

    telemetry = Telemetry()
    load(telemetry, 100.0, InstanceSource("config", (ONE,)), InstanceSource("file:a.yaml", (TWO,)))
    telemetry.reload_failed()
    assert shown(telemetry) == {"config": {**good(1, 100), "up": 0}, "file:a.yaml": good(1, 100)}


def test_a_configuration_of_no_file_is_a_source_too() -> None:
    telemetry = Telemetry()
    load(telemetry, 100.0)
    assert shown(telemetry) == {"config": good(1, 100)}


def test_the_list_of_an_account_is_told_once_it_was_read() -> None:
    """A reading of a list says nothing of the other sources."""
    telemetry = Telemetry()
    config, waiting = InstanceSource("config", (ONE,)), InstanceSource("account:loja", (), is_read=False)
    load(telemetry, 100.0, config, waiting)
    assert shown(telemetry) == {
        "config": good(1, 100),
        "account:loja": {"instances": 0, "skipped_instances": 0},
    }
    read = InstanceSource("account:loja", (ONE, TWO), last_success=90.0, skipped=3)
    telemetry.listed(replace(a_config(ONE, TWO), sources=(config, read)))
    assert shown(telemetry) == {
        "config": good(1, 100),
        "account:loja": {**good(2, 90), "skipped_instances": 3},
    }
    assert telemetry.registry.get_sample_value("zapi_exporter_instances") == 2
