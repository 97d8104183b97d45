"""What is counted of every poll."""

from exporter.metrics.self_metrics import PollCounters
from exporter.model.poll_result import Reading, Reason
from tests.builders import a_failure, a_status


def counted(counters: PollCounters) -> dict[tuple[str, str], float]:
    """The samples that are not 0, by name and the value of their only label."""
    return {
        (sample.name.removeprefix("zapi_exporter_"), "".join(sample.labels.values())): sample.value
        for family in counters.collect()
        for sample in family.samples
        if sample.value
    }


def test_before_the_first_poll_all_counts_are_0() -> None:
    assert counted(PollCounters()) == {}


def test_polls_in_flight_are_those_that_began_and_did_not_end() -> None:
    counters = PollCounters()
    for in_flight in (1, 2, 3):
        counters.began(None)
        assert counted(counters) == {("polls_in_flight", ""): in_flight}
    counters.ended(a_status(), 0.1)
    counters.ended(a_failure(), 0.1)
    assert counted(counters)["polls_in_flight", ""] == 1


def test_outcomes_and_unreadable_fields_are_counted_one_by_one() -> None:
    counters = PollCounters()
    unreadable = a_status(unreadable=frozenset({"due", "created"}))
    readings: list[Reading] = [*[a_status()] * 2, *[a_failure(Reason.TLS)] * 3, *[unreadable] * 4]
    for reading in readings:
        counters.began(None)
        counters.ended(reading, 0.0)
    found = counted(counters)
    assert {key[1]: count for key, count in found.items() if key[0] == "polls_total"} == {
        "success": 6,
        "tls": 3,
    }
    assert sorted(count for key, count in found.items() if "unreadable" in key[0]) == [4, 4]


def test_durations_and_latenesses_stand_in_their_buckets() -> None:
    counters = PollCounters()
    for duration, lateness in ((0.025, 0.01), (0.025, 0.01), (0.3, 0.02), (31.0, 61.0)):
        counters.began(lateness)
        counters.ended(a_status(), duration)
    found = counted(counters)
    assert {key[1]: count for key, count in found.items() if key[0] == "poll_duration_seconds_bucket"} == {
        **dict.fromkeys(("0.025", "0.05", "0.1", "0.25"), 2),
        **dict.fromkeys(("0.5", "1.0", "2.5", "5.0", "10.0", "30.0"), 3),
        "+Inf": 4,
    }
    assert found["poll_duration_seconds_count", ""] == 4
    assert found["poll_duration_seconds_sum", ""] == 0.05 + 0.3 + 31.0
    assert {key[1]: count for key, count in found.items() if key[0] == "poll_lateness_seconds_bucket"} == {
        "0.01": 2,
        **dict.fromkeys(("0.05", "0.1", "0.25", "0.5", "1.0", "2.5", "5.0", "10.0", "30.0", "60.0"), 3),
        "+Inf": 4,
    }
    assert found["poll_lateness_seconds_sum", ""] == 0.02 + 0.02 + 61.0
