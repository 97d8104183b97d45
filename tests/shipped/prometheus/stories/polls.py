"""Polls that fail, and their reasons: outages, limits, refusals."""

from functools import partial
from typing import Final

from tests.shipped.prometheus.fleet_model import Exporter, Phone
from tests.shipped.prometheus.stories.fleets import Fleet, Play, Topic, at, job, name_of_two, of

STORIES: Final = Topic()


@STORIES
def failing() -> Play:
    """Polls that fail for seven minutes are a warning, for fifteen critical; one failed poll is nothing."""
    fleet = Fleet(4, 60)
    fleet.say(10, "p0", fault="timeout")
    fleet.say(40, "p0", fault=None)
    fleet.say(10, "p1", fault="timeout")
    fleet.say(15, "p1", fault=None)
    return fleet.story, {
        of("InstancePollsFailing", "p0"): [(16, 40)],
        of("InstanceValuesStale", "p0"): [(24, 40)],
    }


@STORIES
def never_polled_well() -> Play:
    """A number whose polls have failed from the first on is told too."""
    fleet = Fleet(4, 40)
    fleet.phones["p0"].fault = "timeout"
    fleet.say(30, "p0", fault=None)
    return fleet.story, {
        of("InstancePollsFailing", "p0"): [(7, 30)],
        of("InstanceValuesStale", "p0"): [(15, 30)],
    }


@STORIES
def causes() -> Play:
    """A cause is told instead of its symptoms; a refused address and a firewall once for the job."""
    fleet = Fleet(16, 45)
    reasons = (
        "unauthorized",
        "not_found",
        "subscription_ended",
        "ip_not_allowed",
        "wrong_instance",
        "forbidden",
    )
    for number, reason in enumerate(reasons):
        fleet.say(10, f"p{number}", fault=reason)
        fleet.say(30, f"p{number}", fault=None)
    return fleet.story, {
        of("InstanceCredentialsRefused", "p0"): [(16, 30)],
        of("InstanceCredentialsRefused", "p1"): [(16.5, 30.5)],
        of("InstanceSubscriptionEnded", "p2"): [(16.5, 30.5)],
        job("AddressNotAllowed"): [(16.5, 30.5)],
        of("InstanceWrongInstance", "p4"): [(16.5, 30.5)],
        job("Forbidden"): [(16, 30)],
    }


@STORIES
def timeout_amid() -> Play:
    """A timeout amid a spell of another cause does not make it a symptom, nor start it anew."""
    fleet = Fleet(4, 50)
    fleet.say(10, "p0", fault="wrong_instance")
    for minute in (12, 15, 25):
        fleet.say(minute, "p0", fault="timeout")
        fleet.say(minute + 1, "p0", fault="wrong_instance")
    fleet.say(40, "p0", fault=None)
    return fleet.story, {of("InstanceWrongInstance", "p0"): [(16, 40)]}


def waits_after_a_refusal(fleet: Fleet) -> None:
    """Let the exporter wait five minutes after each refused poll, as the real one does."""

    def wait(now: int) -> None:
        for name, known in fleet.exporter.known.items():
            if known.fault == "unauthorized" and known.last_poll is not None:
                fleet.exporter.pauses[name] = known.last_poll + 300

    fleet.story.every(0.5, wait)


@STORIES
def timeout_between_long_waits() -> Play:
    """A timeout amid polls that are refused every five minutes does not end what was told."""
    fleet = Fleet(3, 60)
    waits_after_a_refusal(fleet)
    fleet.say(5, "p0", fault="unauthorized")
    fleet.say(26, "p0", fault="timeout")
    fleet.say(31.5, "p0", fault="unauthorized")
    fleet.say(50, "p0", fault=None)
    return fleet.story, {of("InstanceCredentialsRefused", "p0"): [(15, 52)]}


@STORIES
def outage_amid_refusals() -> Play:
    """An outage neither ends nor repeats what was told of refused numbers, nor adds to it; it is told of the others."""
    fleet = Fleet(6, 80)
    waits_after_a_refusal(fleet)
    refused = {"p0": "unauthorized", "p1": "subscription_ended", "p2": "wrong_instance"}
    for name, reason in refused.items():
        fleet.say(10, name, fault=reason)
        fleet.say(50, name, fault=reason)
    fleet.say(30, fault="connect")
    fleet.say(50, "p3", "p4", "p5", fault=None)
    fleet.say(70, fault=None)
    return fleet.story, {
        of("InstanceCredentialsRefused", "p0"): [(20, 70)],
        of("InstanceSubscriptionEnded", "p1"): [(16.5, 70.5)],
        of("InstanceWrongInstance", "p2"): [(16.5, 70.5)],
        job("ApiDown"): [(32.5, 50.5)],
    }


@STORIES
def other_trouble_after_refusals() -> Play:
    """Another reason that lasts, or another cause, takes the place of the refusal that was told."""
    fleet = Fleet(6, 70)
    fleet.say(10, "p0", "p1", fault="wrong_instance")
    fleet.say(25, "p0", fault="timeout")
    fleet.say(25, "p1", fault="subscription_ended")
    fleet.say(55, "p0", fault="wrong_instance")
    fleet.say(60, "p0", "p1", fault=None)
    return fleet.story, {
        of("InstanceWrongInstance", "p0"): [(16, 36), (55, 60)],
        of("InstanceValuesStale", "p0"): [(36, 60)],
        of("InstanceWrongInstance", "p1"): [(16.5, 25.5)],
        of("InstanceSubscriptionEnded", "p1"): [(25.5, 60.5)],
    }


@STORIES
def unknown_reason_or_own_limit() -> Play:
    """A reason that the rules do not know is told as not known; a limit of one number only where it lasts."""
    fleet = Fleet(6, 40)
    fleet.say(10, "p0", fault="rate_limited")
    fleet.say(10, "p1", fault="strange")
    return fleet.story, {
        of("InstanceValuesStale", "p0"): [(24, 40)],
        of("InstancePollsFailing", "p1"): [(16.5, 40)],
        of("InstanceValuesStale", "p1"): [(24.5, 40)],
    }


@STORIES
def failing_again_in_an_outage() -> Play:
    """A number that failed and recovered is not told again by itself when an outage follows."""
    fleet = Fleet(5, 60)
    fleet.say(10, "p0", fault="timeout")
    fleet.say(28, "p0", fault=None)
    fleet.say(35, fault="connect")
    fleet.say(58, fault=None)
    return fleet.story, {
        of("InstancePollsFailing", "p0"): [(16, 28)],
        of("InstanceValuesStale", "p0"): [(24, 28)],
        job("ApiDown"): [(37.5, 58.5)],
    }


@STORIES
def unknown_reason_in_an_outage() -> Play:
    """A reason that the rules do not know, and that was told, stays unknown through an outage."""
    fleet = Fleet(8, 45)
    fleet.say(10, "p1", fault="strange")
    fleet.say(30, "p0", *(f"p{number}" for number in range(2, 8)), fault="connect")
    return fleet.story, {
        of("InstancePollsFailing", "p1"): [(16.5, 45)],
        of("InstanceValuesStale", "p1"): [(24.5, 45)],
        job("ApiDown"): [(32.5, 45)],
    }


@STORIES
def outage_amid_a_refused_address() -> Play:
    """A refused address and a firewall are told on through an outage, until polls succeed."""
    fleet = Fleet(4, 90)
    fleet.say(10, "p0", "p1", fault="ip_not_allowed")
    fleet.say(10, "p2", "p3", fault="forbidden")
    fleet.say(30, fault="connect")
    fleet.say(50, "p0", "p1", fault="ip_not_allowed")
    fleet.say(50, "p2", "p3", fault="forbidden")
    fleet.say(75, fault=None)
    return fleet.story, {
        job("AddressNotAllowed"): [(16, 75.5)],
        job("Forbidden"): [(16.5, 75.5)],
        job("ApiDown"): [(30.5, 55.5)],
    }


@STORIES
def outage_that_becomes_a_refusal() -> Play:
    """An outage that ends in polls that a firewall refuses ends without a word of success."""
    fleet = Fleet(4, 45)
    fleet.say(10, fault="server_error")
    fleet.say(30, fault="forbidden")
    return fleet.story, {job("ApiDown"): [(12.5, 35.5)], job("Forbidden"): [(35, 45)]}


@STORIES
def removed_in_an_outage() -> Play:
    """An outage that ends because its numbers were removed ends without a word of success."""
    fleet = Fleet(5, 40)
    fleet.say(10, fault="connect")
    fleet.configure(25, fleet.exporter, without=["p1", "p2", "p3", "p4"])
    other_job = Fleet(5, 40)
    other_job.say(23, "p1", fault="timeout")
    other_job.say(25, "p1", fault=None)
    fleet.story.again = other_job.story
    return fleet.story, {
        job("ApiDown"): [(12.5, 27)],
        job("InstancesVanished"): [(27, 40)],
        of("InstanceValuesStale", "p0"): [(28, 40)],
    }


@STORIES
def refused_address_removed() -> Play:
    """A refused address is told as that of removed numbers when those that were refused are removed."""
    fleet = Fleet(6, 50)
    fleet.say(10, "p0", fault="ip_not_allowed")
    fleet.say(10, "p1", fault="forbidden")
    fleet.configure(25, fleet.exporter, without=["p0"])
    fleet.configure(40, fleet.exporter, without=["p1"])
    return fleet.story, {job("AddressNotAllowed"): [(16, 27)], job("Forbidden"): [(16.5, 42)]}


@STORIES
def refused_address_removed_while_others_recover() -> Play:
    """A refused address ends as that of removed numbers where those that were refused for other reasons recover."""
    fleet = Fleet(6, 65)
    fleet.say(10, "p0", fault="ip_not_allowed")
    fleet.say(40, "p3", fault="ip_not_allowed")
    for minute in (10, 40):
        fleet.say(minute, "p1", fault="unauthorized")
        fleet.say(minute, "p2", fault="forbidden")
    fleet.configure(25, fleet.exporter, without=["p0"])
    fleet.say(25, "p1", "p2", fault=None)
    fleet.configure(55, fleet.exporter, without=["p2"])
    fleet.say(55, "p1", "p3", fault=None)
    return fleet.story, {
        job("AddressNotAllowed"): [(16, 27), (46.5, 55.5)],
        job("Forbidden"): [(16.5, 25.5), (46.5, 57)],
        of("InstanceCredentialsRefused", "p1"): [(16.5, 25), (46, 55)],
    }


@STORIES
def refused_address_not_known_beside_removed_numbers() -> Play:
    """A refused address ends as a mere end where numbers that were refused for other reasons were removed."""
    fleet = Fleet(9, 70)
    for minute, names in ((10, ("p0", "p1", "p2")), (40, ("p3", "p4", "p5"))):
        for name, fault in zip(names, ("ip_not_allowed", "unauthorized", "forbidden"), strict=True):
            fleet.say(minute, name, fault=fault)
    fleet.say(20, "p0", fault="timeout")
    fleet.configure(22, fleet.exporter, without=["p1", "p2"])
    fleet.say(50, "p5", fault="timeout")
    fleet.configure(52, fleet.exporter, without=["p3", "p4"])
    return fleet.story, {
        job("AddressNotAllowed"): [(16, 31), (46.5, 54)],
        job("Forbidden"): [(16.5, 24), (46.5, 61.5)],
        of("InstanceCredentialsRefused", "p1"): [(16.5, 24)],
        of("InstanceCredentialsRefused", "p4"): [(46.5, 54)],
        of("InstanceValuesStale", "p0"): [(31, 70)],
        of("InstanceValuesStale", "p5"): [(61.5, 70)],
        job("InstancesVanished"): [(54, 70)],
    }


@STORIES
def refused_address_allowed_again() -> Play:
    """A refused address that is allowed again is told so, though others are still refused for another reason."""
    fleet = Fleet(6, 50)
    fleet.say(10, "p0", fault="ip_not_allowed")
    fleet.say(10, "p1", fault="forbidden")
    fleet.say(10, "p2", fault="unauthorized")
    fleet.say(25, "p0", fault=None)
    fleet.say(40, "p1", fault=None)
    return fleet.story, {
        job("AddressNotAllowed"): [(16, 25)],
        job("Forbidden"): [(16.5, 40.5)],
        of("InstanceCredentialsRefused", "p2"): [(16.5, 50)],
    }


@STORIES
def refused_address_becomes_other() -> Play:
    """A refused address that becomes a refused credential has ended, and nobody said that it is allowed."""
    fleet = Fleet(4, 40)
    fleet.say(10, "p0", fault="ip_not_allowed")
    fleet.say(10, "p1", fault="forbidden")
    fleet.say(25, "p0", "p1", fault="unauthorized")
    return fleet.story, {
        job("AddressNotAllowed"): [(16, 25)],
        job("Forbidden"): [(16.5, 25.5)],
        of("InstanceCredentialsRefused", "p0"): [(25, 40)],
        of("InstanceCredentialsRefused", "p1"): [(25.5, 40)],
    }


@STORIES
def outage_with_some_polls_limited() -> Play:
    """An outage in which every fifth poll is refused as too many is told as the outage alone."""
    return outage_with_every_fifth("rate_limited")


@STORIES
def outage_with_some_polls_forbidden() -> Play:
    """An outage in which a firewall refuses every fifth poll is told as the outage alone."""
    return outage_with_every_fifth("forbidden")


def outage_with_every_fifth(reason: str) -> Play:
    fleet = Fleet(5, 60)

    def answer(second: int) -> None:
        for number, phone in enumerate(fleet.phones.values()):
            phone.fault = reason if second // 60 % 5 == number else "server_error"

    fleet.story.every(1, answer, since=9, until=40)
    fleet.say(40, fault=None)
    return fleet.story, {job("ApiDown"): [(12.5, 40.5)]}


@STORIES
def outage_after_a_silence() -> Play:
    """An outage that is there when an exporter is scraped again is told as the outage alone."""
    fleet = Fleet(12, 75)
    fleet.kill(30)
    fleet.say(45, fault="connect")
    fleet.start(50)
    fleet.say(70, fault=None)
    return fleet.story, {at("ExporterDown"): [(33, 50)], job("ApiDown"): [(51, 70.5)]}


@STORIES
def failing_after_a_silence() -> Play:
    """Of the time in which an exporter was silent, in which it may not have polled, five minutes count."""
    fleet = Fleet(6, 75)
    fleet.kill(30)
    for name, fault in (("p0", "connect"), ("p1", "wrong_instance"), ("p3", "unauthorized")):
        fleet.say(45, name, fault=fault)
    fleet.start(50)
    fleet.say(70, fault=None)
    return fleet.story, {
        at("ExporterDown"): [(33, 50)],
        of("InstancePollsFailing", "p0"): [(52, 70)],
        of("InstanceValuesStale", "p0"): [(60, 70)],
        of("InstanceWrongInstance", "p1"): [(52.5, 70.5)],
        of("InstanceCredentialsRefused", "p3"): [(52.5, 70.5)],
    }


@STORIES
def limit_after_a_silence() -> Play:
    """A limit that is there when an exporter is scraped again is told as the limit alone."""
    fleet = Fleet(4, 70)
    fleet.kill(30)
    fleet.say(45, fault="rate_limited")
    fleet.start(50)
    return fleet.story, {at("ExporterDown"): [(33, 50)], job("RateLimited"): [(60, 70)]}


@STORIES
def api_down() -> Play:
    """Z-API away for nearly all is one alert; what still fails at its end is told singly."""
    fleet = Fleet(5, 60)
    fleet.say(10, fault="connect")
    fleet.say(30, "p1", "p2", "p3", "p4", fault=None)
    return fleet.story, {
        job("ApiDown"): [(12.5, 30.5)],
        of("InstanceValuesStale", "p0"): [(31, 60)],
    }


def outage_of(numbers: int, failing: int, left: int) -> Fleet:
    """Polls of so many fail at minute 5; from minute 20 on those of so few."""
    fleet = Fleet(numbers, 40)
    names = list(fleet.phones)
    fleet.say(5, *names[:failing], fault="timeout")
    fleet.say(20, *names[left:], fault=None)
    return fleet


@STORIES
def outage_with_more_than_a_fifth_left() -> Play:
    """An outage goes on while three of fourteen are left."""
    return outage_of(14, failing=14, left=3).story, {job("ApiDown"): [(7.5, 40)]}


@STORIES
def outage_with_less_than_a_fifth_left() -> Play:
    """An outage ends when two of eleven are left."""
    fleet = outage_of(11, failing=11, left=2)
    return fleet.story, {
        job("ApiDown"): [(7.5, 20.5)],
        of("InstanceValuesStale", "p0"): [(21, 40)],
        of("InstanceValuesStale", "p1"): [(21.5, 40)],
    }


@STORIES
def outage_of_five_of_six() -> Play:
    """Five of six are enough for an outage."""
    return outage_of(6, failing=5, left=5).story, {job("ApiDown"): [(7.5, 40)]}


@STORIES
def outage_of_three_of_four() -> Play:
    """Three of four are too few for an outage."""
    fleet = outage_of(4, failing=3, left=3)
    return fleet.story, {
        of("InstancePollsFailing", "p0"): [(11, 40)],
        of("InstancePollsFailing", "p1"): [(11.5, 40)],
        of("InstancePollsFailing", "p2"): [(11.5, 40)],
        of("InstanceValuesStale", "p0"): [(19, 40)],
        of("InstanceValuesStale", "p1"): [(19.5, 40)],
        of("InstanceValuesStale", "p2"): [(19.5, 40)],
    }


@STORIES
def clock_ahead_through_an_outage() -> Play:
    """A clock that is ahead makes nothing last longer during an outage."""
    fleet, other = name_of_two(85, 4)
    fleet.exporter.clock = other.clock = 1200
    other.phones["p0"].id = fleet.phones["p0"].id
    fleet.phones["p1"].webhooks["received"] = "good"
    fleet.phones["p2"].status = "overdue"
    fleet.say(54, "p1", webhooks={"received": "missing"})
    fleet.say(54, "p0", id="BEEF")
    for minute, reaches in ((58, False), (75, True)):
        for exporter in (fleet.exporter, other):
            fleet.story.at(minute, partial(setattr, exporter, "reaches", reaches))
    return fleet.story, {
        job("ApiDown"): [(60.5, 75.5)],
        of("InstanceTwoIds", "p0"): [(75, 85)],
        of("InstanceWebhookMissing", "p1", webhook="received"): [(75.5, 85)],
        of("InstanceUnpaid", "p2"): [(75.5, 85)],
    }


@STORIES
def backoff_after_an_outage() -> Play:
    """A number that is polled again minutes after the others is not told as failing at the end of an outage."""
    fleet = Fleet(6, 60)
    fleet.say(10, fault="connect")
    fleet.say(40, fault=None)
    fleet.story.at(38, lambda: fleet.exporter.pauses.update(p0=45 * 60))
    return fleet.story, {job("ApiDown"): [(12.5, 40.5)]}


@STORIES
def new_numbers_that_fail_for_another_reason_first() -> Play:
    """The first poll of a number that was never good is where it begins to fail, and says no reason yet."""
    fleet = Fleet(3, 14)
    for phone in fleet.phones.values():
        phone.fault = "wrong_instance"
    fleet.say(0.9, fault="timeout")
    return fleet.story, {job("ApiDown"): [(3.5, 14)]}


@STORIES
def refused_amid_timeouts() -> Play:
    """A poll that fails otherwise amid refusals of one number makes no outage; that of another job is not its cause."""
    fleet, other, elsewhere = (Fleet(4, 40) for _ in range(3))
    fleet.say(10, "p0", fault="timeout")
    for name, fault, minute in (("p1", "wrong_instance", 12), ("p2", "forbidden", 15)):
        fleet.say(10, name, fault=fault)
        fleet.say(minute, name, fault="timeout")
        fleet.say(minute + 1, name, fault=fault)
    for numbers in (other, elsewhere):
        numbers.say(10, fault="timeout")
    fleet.story.again = other.story
    fleet.story.elsewhere = elsewhere.story, {job("ApiDown"): [(12.5, 40)]}
    return fleet.story, {
        job("ApiDown"): [(12.5, 40)],
        of("InstancePollsFailing", "p0"): [(16, 40)],
        of("InstanceValuesStale", "p0"): [(24, 40)],
        of("InstanceWrongInstance", "p1"): [(16.5, 40)],
        job("Forbidden"): [(16.5, 40)],
    }


@STORIES
def limited_after_a_refusal() -> Play:
    """What was told of a refusal ends after minutes of other failures, also beside an outage of another job."""
    fleet, other = Fleet(9, 50), Fleet(4, 50)
    fleet.say(10, "p0", fault="wrong_instance")
    fleet.say(25, "p0", fault="rate_limited")
    other.say(10, fault="timeout")
    fleet.story.again = other.story
    return fleet.story, {
        job("ApiDown"): [(12.5, 50)],
        of("InstanceWrongInstance", "p0"): [(16, 36)],
        of("InstanceValuesStale", "p0"): [(36, 50)],
    }


@STORIES
def outage_that_leaves_some() -> Play:
    """An outage ends where one number is left of it, or a fifth; those that are left are then told."""
    fleet, elsewhere = Fleet(3, 50), Fleet(40, 50)
    fleet.say(10, fault="timeout")
    fleet.say(30, "p1", "p2", fault=None)
    elsewhere.say(10, fault="timeout")
    elsewhere.say(30, *(f"p{number}" for number in range(8, 40)), fault=None)
    fleet.story.elsewhere = (
        elsewhere.story,
        {
            job("ApiDown"): [(12.5, 30.5)],
            **{of("InstanceValuesStale", f"p{number}"): [(31, 50)] for number in (0, 5, 6, 7)},
            **{of("InstanceValuesStale", f"p{number}"): [(31.5, 50)] for number in (1, 2, 3, 4)},
        },
    )
    return fleet.story, {job("ApiDown"): [(12.5, 30.5)], of("InstanceValuesStale", "p0"): [(31, 50)]}


@STORIES
def outage_in_which_numbers_are_added() -> Play:
    """An outage goes on when numbers are added that can be polled, and one more cannot."""
    fleet = Fleet(12, 50)
    later = [f"p{number}" for number in range(5, 12)]
    fleet.add(25, *later)
    fleet.configure(0, fleet.exporter, without=later)
    fleet.say(10, "p0", "p1", "p2", "p3", fault="timeout")
    fleet.say(30, "p4", fault="timeout")
    return fleet.story, {job("ApiDown"): [(12.5, 50)]}


@STORIES
def outage_beside_refusals() -> Play:
    """Numbers that Z-API refuses do not count in the share of an outage, but those do that a firewall refuses."""
    fleet, elsewhere = Fleet(5, 40), Fleet(5, 40)
    for numbers, fault in ((fleet, "wrong_instance"), (elsewhere, "forbidden")):
        numbers.say(10, "p0", "p1", fault=fault)
        numbers.say(10, "p2", "p3", "p4", fault="timeout")
    fleet.story.elsewhere = (
        elsewhere.story,
        {
            job("Forbidden"): [(16, 40)],
            **{of("InstancePollsFailing", f"p{number}"): [(16.5, 40)] for number in (2, 3, 4)},
            **{of("InstanceValuesStale", f"p{number}"): [(24.5, 40)] for number in (2, 3, 4)},
        },
    )
    return fleet.story, {
        job("ApiDown"): [(12.5, 40)],
        of("InstanceWrongInstance", "p0"): [(16, 40)],
        of("InstanceWrongInstance", "p1"): [(16.5, 40)],
    }


@STORIES
def outage_after_a_limit() -> Play:
    """A limit that was told, of numbers that are removed now, does not hide an outage amid which a firewall refuses."""
    fleet = Fleet(10, 45)
    limited, others = [f"p{number}" for number in range(6)], [f"p{number}" for number in range(6, 10)]
    fleet.say(5, *limited, fault="rate_limited")
    fleet.configure(20, fleet.exporter, without=limited)
    fleet.say(20, *others, fault="timeout")
    fleet.say(22, *others, fault="forbidden")
    fleet.say(23, *others, fault="timeout")
    fleet.story.unsure = (27.5,)
    return fleet.story, {
        job("RateLimited"): [(13.5, 27.5)],
        job("InstancesVanished"): [(22, 45)],
        job("ApiDown"): [(22.5, 45)],
    }


@STORIES
def limits_and_outages_of_two_jobs() -> Play:
    """An outage in which some polls are refused as too many is told, though another job is limited."""
    fleet, other = Fleet(4, 40), Fleet(4, 40)
    fleet.say(10, fault="timeout")
    fleet.say(11, fault="rate_limited")
    fleet.say(12, fault="timeout")
    other.say(2, fault="rate_limited")
    fleet.story.again = other.story
    return fleet.story, {job("RateLimited"): [(10, 40)], job("ApiDown"): [(12.5, 40)]}


@STORIES
def rate_limited() -> Play:
    """A quarter of a job's polls refused as too many is one alert, without one for each number."""
    fleet = Fleet(3, 60)
    fleet.say(10, "p0", fault="rate_limited")
    fleet.say(40, "p0", fault=None)
    fleet.story.unsure = (22, 41.5, 42)
    return fleet.story, {
        job("RateLimited"): [(22, 41.5)],
    }


@STORIES
def rate_limited_no_more() -> Play:
    """Polls of a job that Z-API does not limit any more are told as such."""
    fleet = Fleet(5, 55)
    fleet.say(10, "p0", "p1", fault="rate_limited")
    fleet.say(40, "p0", "p1", fault=None)
    return fleet.story, {job("RateLimited"): [(21, 43.5)]}


@STORIES
def rate_limited_until_an_outage() -> Play:
    """Polls that fail in an outage are no news that Z-API does not limit them any more."""
    fleet = Fleet(5, 55)
    fleet.say(10, "p0", "p1", fault="rate_limited")
    fleet.say(40, "p0", "p1", "p2", "p3", fault="timeout")
    return fleet.story, {job("RateLimited"): [(21, 43.5)], job("ApiDown"): [(43.5, 55)]}


@STORIES
def limit_until_an_outage() -> Play:
    """An outage that follows a limit at once is told as the outage alone, though some numbers are polled later."""
    fleet = Fleet(12, 70)
    fleet.say(10, fault="rate_limited")
    for number, name in enumerate(fleet.phones):
        for minute in range(11, 60, 4):
            polled = minute + number / 3
            fleet.story.at(polled, partial(fleet.exporter.pauses.update, {name: (polled + 3.5) * 60}))
    fleet.say(30, fault="connect")
    fleet.say(60, fault=None)
    fleet.story.unsure = (37.5,)
    return fleet.story, {job("RateLimited"): [(17.5, 37.5)], job("ApiDown"): [(37, 63)]}


@STORIES
def timeouts_amid_a_limit() -> Play:
    """A number that fails for another reason amid a limit is told when it has done so for minutes."""
    fleet = Fleet(12, 55)
    fleet.say(10, fault="rate_limited")
    fleet.say(10, "p1", fault="wrong_instance")
    fleet.say(20, "p0", "p1", fault="timeout")
    fleet.say(25, "p2", fault=None)
    fleet.say(30, "p2", fault="wrong_instance")
    fleet.say(31, "p2", fault="timeout")
    fleet.say(50, fault=None)
    fleet.story.unsure = (29.5,)
    return fleet.story, {
        job("RateLimited"): [(17.5, 55)],
        of("InstanceWrongInstance", "p1"): [(16.5, 31.5)],
        of("InstanceValuesStale", "p0"): [(30, 50)],
        of("InstanceValuesStale", "p1"): [(31.5, 50.5)],
        of("InstancePollsFailing", "p2"): [(36.5, 50.5)],
        of("InstanceValuesStale", "p2"): [(44.5, 50.5)],
    }


@STORIES
def rate_limited_through_a_dead_exporter() -> Play:
    """The limit of a job is told on while its exporter is dead, until it is not watched any more."""
    fleet = Fleet(5, 120)
    fleet.say(10, fault="rate_limited")
    fleet.kill(30)
    fleet.start(50)
    fleet.kill(55, target=False)
    fleet.other_job()
    return fleet.story, {
        job("RateLimited"): [(17.5, 114.5)],
        at("ExporterDown"): [(33, 50)],
        job("ExporterTargetLost"): [(64.5, 114.5)],
    }


def limited_before_a_silence(fault: str | None) -> Fleet:
    """All polls are limited until the exporter is dead for twenty minutes, and then end as ``fault`` says."""
    fleet = Fleet(2, 60)
    fleet.say(10, fault="rate_limited")
    fleet.kill(30)
    fleet.say(45, fault=fault)
    fleet.start(50)
    return fleet


@STORIES
def rate_limited_before_a_silence() -> Play:
    """A limit that is gone after a silence is told as such."""
    return limited_before_a_silence(None).story, {
        job("RateLimited"): [(17, 55)],
        at("ExporterDown"): [(33, 50)],
    }


@STORIES
def rate_limited_before_a_silence_and_an_outage() -> Play:
    """A limit has ended, and not well, when polls fail for another reason after a silence."""
    return limited_before_a_silence("timeout").story, {
        job("RateLimited"): [(17, 55)],
        at("ExporterDown"): [(33, 50)],
        job("ApiDown"): [(50.5, 60)],
    }


@STORIES
def rate_limited_beside_a_new_exporter() -> Play:
    """The polls of an exporter count when it has been there for five minutes, be they good or refused."""
    fleet, elsewhere = Fleet(3, 50), Fleet(3, 50)
    for numbers, fault in ((fleet, None), (elsewhere, "rate_limited")):
        phones = {f"q{number}": Phone(fault=fault) for number in range(3)}
        new = Exporter("b:1", {name: {} for name in phones}, phones, running=False, target=False)
        numbers.story.exporters.append(new)
        numbers.start(25.1, new)
    fleet.say(5, "p0", fault="rate_limited")
    fleet.story.elsewhere = elsewhere.story, {job("RateLimited"): [(35.5, 50)]}
    return fleet.story, {job("RateLimited"): [(17, 30.5)], of("InstanceValuesStale", "p0"): [(31, 50)]}


def limit_amid_timeouts(fleet: Fleet, since: int) -> None:
    """Let three of four polls be refused as too many from then on, and the others get no reply in time."""
    for minute in range(since, fleet.story.seconds // 60, 4):
        fleet.say(minute, fault="rate_limited")
        fleet.say(minute + 3, fault="timeout")


@STORIES
def limit_beside_an_outage() -> Play:
    """Polls of a job that are refused as too many, but for some, are no outage, though another job has one."""
    fleet, other = Fleet(4, 40), Fleet(4, 40)
    limit_amid_timeouts(fleet, 2)
    other.say(10, fault="timeout")
    other.say(20, fault=None)
    fleet.story.again = other.story
    return fleet.story, {job("RateLimited"): [(10, 40)], job("ApiDown"): [(12.5, 20.5)]}


@STORIES
def outage_that_turns_into_a_limit() -> Play:
    """An outage that was told goes on while some of its polls are refused as too many."""
    fleet = Fleet(4, 50)
    fleet.say(10, fault="timeout")
    limit_amid_timeouts(fleet, 20)
    return fleet.story, {job("ApiDown"): [(12.5, 50)], job("RateLimited"): [(27.5, 50)]}


@STORIES
def all_rate_limited() -> Play:
    """All polls of a job refused as too many are one alert."""
    fleet = Fleet(2, 60)
    fleet.say(10, fault="rate_limited")
    fleet.say(40, fault=None)
    fleet.story.unsure = (17, 46.5, 47, 47.5)
    return fleet.story, {job("RateLimited"): [(17, 47)]}
