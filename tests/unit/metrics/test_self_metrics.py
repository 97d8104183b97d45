"""What the exporter tells of itself, of its polls, and of the places that its instances come from."""

import platform
from dataclasses import replace

from exporter import __version__
from exporter.metrics.self_metrics import Telemetry
from exporter.model.me_fields import OPTIONAL_FIELDS
from exporter.model.poll_result import Collector, MessageQueue, Reading, Reason
from exporter.model.settings import InstanceSource
from tests.builders import a_config, a_failure, a_status, an_instance

ONE, TWO = an_instance("one"), an_instance("two")
CONFIG, FILE = InstanceSource("config", (ONE,)), InstanceSource("file:a.yaml", (ONE, TWO))


def told(telemetry: Telemetry, metric: str, prefix: str = "zapi_exporter_") -> dict[str, float]:
    """The samples of metrics whose name begins so: the rest of the name and the values of labels → value."""
    name = prefix + metric
    return {
        " ".join((sample.name.removeprefix(name), *sample.labels.values())).strip(): sample.value
        for family in telemetry.registry.collect()
        for sample in family.samples
        if sample.name.startswith(name) and not sample.name.endswith("_created")
    }


def test_the_build_is_told() -> None:
    assert told(Telemetry(), "build_info") == {f"{__version__} {platform.python_version()}": 1}


def test_requests_of_collectors_are_counted_by_outcome() -> None:
    telemetry = Telemetry()
    for collected in (MessageQueue(0, None), MessageQueue(1, None), a_failure(Reason.TLS)):
        telemetry.collected(Collector.QUEUE, collected)
    telemetry.collected(Collector.STATUS, a_failure(Reason.TIMEOUT))
    expected = {"queue success": 2, "queue tls": 1, "status timeout": 1}
    assert told(telemetry, "collector_polls_total") == expected


def test_lines_that_the_log_lacks_are_counted() -> None:
    dropped = [7]
    telemetry = Telemetry(lambda: sum(dropped))
    for count in (7, 8):
        assert told(telemetry, "log_lines_dropped_total") == {"": count}
        dropped.append(1)


def test_a_reload_and_its_failure_are_told() -> None:
    telemetry = Telemetry()
    telemetry.reloaded(a_config(ONE, TWO), 100.0)
    assert told(telemetry, "instances") == {"": 2}
    assert told(telemetry, "config_last_reload_success") == {"ful": 1, "_timestamp_seconds": 100}
    telemetry.reload_failed()
    assert told(telemetry, "config_last_reload_success") == {"ful": 0, "_timestamp_seconds": 100}
    telemetry.reloaded(a_config(ONE), 200.0)
    assert told(telemetry, "config_last_reload_success") == {"ful": 1, "_timestamp_seconds": 200}


def test_process_and_python_are_told_where_wanted() -> None:
    telemetry = Telemetry()
    for are_told in (False, True):
        for metric in ("process_cpu_seconds_total", "python_info", "python_gc_collections_total"):
            assert bool(told(telemetry, metric, prefix="")) is are_told
        telemetry.describe_process()


def test_polls_in_flight_are_those_that_began_and_did_not_end() -> None:
    telemetry = Telemetry()
    for in_flight in (0, 1, 2, 3):
        assert told(telemetry, "polls_in_flight") == {"": in_flight}
        telemetry.began(None)
    telemetry.ended(a_status(), 0.1)
    telemetry.ended(a_failure(), 0.1)
    assert told(telemetry, "polls_in_flight") == {"": 2}
    assert told(telemetry, "poll_lateness_seconds_count") == {"": 0}


def test_outcomes_and_unreadable_fields_are_counted_one_by_one() -> None:
    """All outcomes are there from the start."""
    telemetry = Telemetry()
    unreadable = a_status(unreadable=frozenset({"due", "created"}))
    readings: list[Reading] = [*[a_status()] * 2, *[a_failure(Reason.TLS)] * 3, *[unreadable] * 4]
    for reading in readings:
        telemetry.ended(reading, 0.0)
    none_of = dict.fromkeys([reason.value for reason in Reason], 0)
    assert told(telemetry, "polls_total") == {**none_of, "success": 6, "tls": 3}
    none_of = dict.fromkeys(OPTIONAL_FIELDS, 0)
    assert told(telemetry, "unreadable_fields_total") == {**none_of, "due": 4, "created": 4}


def test_durations_and_latenesses_stand_in_their_buckets() -> None:
    telemetry = Telemetry()
    for duration, lateness in ((0.025, 0.01), (0.025, 0.01), (0.3, 0.02), (31.0, 61.0)):
        telemetry.began(lateness)
        telemetry.ended(a_status(), duration)
    assert told(telemetry, "poll_duration_seconds_") == {
        **{f"bucket {bound}": 2 for bound in (0.025, 0.05, 0.1, 0.25)},
        **{f"bucket {bound}": 3 for bound in (0.5, 1.0, 2.5, 5.0, 10.0, 30.0)},
        "bucket +Inf": 4,
        "count": 4,
        "sum": 0.05 + 0.3 + 31.0,
    }
    assert told(telemetry, "poll_lateness_seconds_") == {
        "bucket 0.01": 2,
        **{f"bucket {bound}": 3 for bound in (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)},
        "bucket +Inf": 4,
        "count": 4,
        "sum": 0.02 + 0.02 + 61.0,
    }


def load(telemetry: Telemetry, now: float, *sources: InstanceSource) -> dict[str, float]:
    """What is told of the sources after a load."""
    telemetry.reloaded(replace(a_config(ONE), sources=sources), now)
    return told(telemetry, "instance_source_")


def good(source: InstanceSource, instances: int, success: float) -> dict[str, float]:
    name = source.name
    return {
        f"up {name}": 1,
        f"instances {name}": instances,
        f"last_success_timestamp_seconds {name}": success,
    }


def test_a_source_says_whether_its_last_reading_was_good() -> None:
    """A configuration that cannot be loaded is down and leaves the files alone."""
    telemetry, is_down = Telemetry(), {f"up {FILE.name}": 0}
    assert load(telemetry, 100, CONFIG, FILE) == good(CONFIG, 1, 100) | good(FILE, 2, 100)
    for now in (200, 250):
        found = load(telemetry, now, CONFIG, replace(FILE, problems=("a.yaml:1: document: is empty",)))
        assert found == good(CONFIG, 1, now) | good(FILE, 2, 100) | is_down
    found = load(telemetry, 300, CONFIG, replace(FILE, instances=(TWO,)))
    assert found == good(CONFIG, 1, 300) | good(FILE, 1, 300)
    telemetry.reload_failed()
    assert told(telemetry, "instance_source_") == found | {"up config": 0}
    assert load(telemetry, 400, CONFIG) == good(CONFIG, 1, 400)


def test_a_source_that_never_was_good_has_no_time_of_it() -> None:
    telemetry = Telemetry()
    expected = {f"up {FILE.name}": 0, f"instances {FILE.name}": 0}
    assert load(telemetry, 100, InstanceSource(FILE.name, (), ("wrong",))) == expected
    telemetry.reload_failed()
    assert told(telemetry, "instance_source_") == expected


def test_a_configuration_of_no_file_is_a_source_too() -> None:
    assert load(Telemetry(), 100) == good(CONFIG, 1, 100)


def test_the_list_of_an_account_is_told_once_it_was_read() -> None:
    """A reading of a list says nothing of the other sources."""
    telemetry, account = Telemetry(), InstanceSource("account:loja", (), is_read=False)
    skipped = "skipped_instances account:loja"
    found = load(telemetry, 100, CONFIG, account)
    assert found == {**good(CONFIG, 1, 100), "instances account:loja": 0, skipped: 0}
    read = replace(account, instances=(ONE, TWO), is_read=True, last_success=90.0, skipped=3)
    telemetry.listed(replace(a_config(ONE, TWO), sources=(replace(CONFIG, instances=()), read)))
    found = told(telemetry, "instance_source_")
    assert found == {**good(CONFIG, 1, 100), **good(account, 2, 90), skipped: 3}
    assert told(telemetry, "instances") == {"": 2}
