"""Thresholds that are missing, raised, or of an instance."""

from functools import partial
from typing import Final

from tests.shipped.prometheus.fleet_model import Phone
from tests.shipped.prometheus.stories.fleets import (
    DAY,
    Fleet,
    Play,
    Topic,
    at,
    job,
    name_of_two,
    of,
    own,
    own_until,
    own_values,
    raise_thresholds,
    record_thresholds,
)

STORIES: Final = Topic()
NO_THRESHOLDS: Final = Topic()
OWN_FILE: Final = Topic()


@STORIES
def restarting_less_than_the_threshold() -> Play:
    """An exporter that restarts less often than the threshold, or polls less late, is told so unless it is dead."""
    fleet = Fleet(2, 44)
    dead, behind = fleet.more(), fleet.more("c:1", lateness=20.0)
    for minute in (10, 14, 18):
        for exporter in (fleet.exporter, dead):
            fleet.start(minute, exporter)
    fleet.kill(30, dead)
    fleet.kill(30, behind)
    fleet.story.unsure = (10.5,)
    raise_thresholds(fleet, 35, "exporter_restarts", "lateness_seconds")
    return fleet.story, {
        at("ExporterRestarting"): [(18, 35)],
        at("ExporterRestarting", "b:1"): [(18, 35)],
        at("ExporterBehind", "c:1"): [(11, 35)],
        at("ExporterDown", "b:1"): [(33, 44)],
        at("ExporterDown", "c:1"): [(33, 44)],
    }


@STORIES
def thresholds_of_exporters_raised() -> Play:
    """What is told of an exporter ends, and not as good news, by a threshold that is raised."""
    fleet = Fleet(2, 30)
    down, refused, ahead = (fleet.more(f"{letter}:1") for letter in "bce")
    fleet.start(3, fleet.more("d:1", old=True, running=False, target=False))
    fleet.kill(5, down)
    refused.reload_successful = False
    ahead.clock, ahead.says_until_due = 120, True
    raise_thresholds(fleet, 25, "exporter_down_seconds", "exporter_fault_seconds")
    return fleet.story, {
        at("ExporterDown", "b:1"): [(8, 25)],
        at("ExporterReloadFailed", "c:1"): [(5.5, 25)],
        at("ExporterTooOld", "d:1"): [(8, 25)],
        at("ExporterClockWrong", "e:1"): [(5.5, 25)],
    }


@STORIES
def thresholds_raised() -> Play:
    """Thresholds that are raised end what they told, and nothing of it as good news."""
    fleet, _ = name_of_two(97, 12)
    fleet.exporter.fraction = 0.5
    fleet.exporter.labels["p1"] = {"team": "finance"}
    fleet.phones["p1"].connected = False
    fleet.say(10, "p2", connected=False)
    fleet.say(60, "p3", fault="timeout")
    fleet.say(73, "p4", fault="timeout")
    fleet.phones["p5"].status = "trialing"
    fleet.phones["p6"].due = None
    fleet.phones["p7"].due = 5 * DAY
    fleet.phones["p8"].due = DAY // 2
    fleet.phones["p9"].due = 60
    vanished = [f"q{number}" for number in range(6)]
    fleet.phones.update({name: Phone() for name in vanished})
    fleet.labels.update({name: {} for name in vanished})
    fleet.configure(60, fleet.exporter, without=vanished)
    for instance in ("c:1", "d:1"):
        fleet.other_job(instance)
    fleet.kill(50, fleet.story.exporters[-1], target=False)
    raise_thresholds(
        fleet,
        80,
        *("disconnected_seconds", "never_connected_seconds", "two_ids_seconds", "stale_seconds"),
        *("failing_seconds", "unknown_seconds", "expired_seconds", "vanished_instances"),
        "exporter_missing_seconds",
        until=95,
    )
    own_until(fleet, 80, "expiring_soon_seconds", "p7", 7 * DAY, 60)
    own_until(fleet, 80, "expiring_imminently_seconds", "p8", 7 * DAY, 60)
    return fleet.story, {
        of("InstanceDisconnected", "p2"): [(14.5, 80)],
        of("InstanceNeverConnected", "p1"): [(5.5, 80)],
        of("InstanceTwoIds", "p0"): [(10.5, 80)],
        of("InstancePollsFailing", "p3"): [(66.5, 80)],
        of("InstanceValuesStale", "p3"): [(74.5, 80)],
        of("InstancePollsFailing", "p4"): [(79.5, 80)],
        of("InstancePaymentUnknown", "p5"): [(61, 80)],
        of("InstanceDueUnknown", "p6"): [(61, 80)],
        of("InstanceExpiringSoon", "p7"): [(1, 80)],
        of("InstanceExpiringSoon", "p8"): [(80, 97)],
        of("InstanceExpiringImminently", "p8"): [(1, 80)],
        of("InstanceExpiringImminently", "p9"): [(0.5, 97)],
        of("InstanceExpired", "p9"): [(6.5, 80)],
        job("InstancesVanished"): [(62, 80)],
        job("ExporterTargetLost"): [(59.5, 80)],
        job("ThresholdsMissing"): [(90, 95)],
    }


@STORIES
def threshold_twice() -> Play:
    """A threshold that is recorded twice is told; the larger one counts."""
    fleet = Fleet(2, 20)
    fleet.story.more = [{"series": 'zapi:threshold:disconnected_seconds{twice="yes"}', "values": "60x50"}]
    fleet.say(2, "p0", connected=False)
    return fleet.story, {job("ThresholdsMissing"): [(10.5, 20)], of("InstanceDisconnected", "p0"): [(6, 20)]}


@STORIES
def not_read_for_minutes() -> Play:
    """A number that is not read for three minutes is told by its threshold, after more two minutes later."""
    fleet = Fleet(4, 25, letter="g")
    own(fleet, "disconnected_seconds", "g0", 60)
    fleet.story.at(9.5, partial(fleet.exporter.pauses.update, g0=12 * 60, g1=12.5 * 60))
    fleet.say(9.5, "g0", "g1", connected=False)
    return fleet.story, {
        of("InstanceDisconnected", "g0"): [(12, 25)],
        of("InstanceDisconnected", "g1"): [(14.5, 25)],
    }


@NO_THRESHOLDS
def no_thresholds() -> Play:
    """Without thresholds nothing is compared, which is told after ten minutes."""
    fleet = Fleet(2, 20)
    fleet.say(2, "p0", connected=False)
    return fleet.story, {job("ThresholdsMissing"): [(10.5, 20)]}


@OWN_FILE
def thresholds_of_an_own_file() -> Play:
    """With thresholds of an own file one number that vanished is told, until the job has had no exporter for long."""
    fleet = Fleet(10, 70)
    record_thresholds(fleet, vanished_instances=1, vanished_ratio=0.05, unwatched_seconds=1800)
    fleet.configure(20, fleet.exporter, without=["p0"])
    fleet.kill(30, target=False)
    fleet.other_job()
    return fleet.story, {job("InstancesVanished"): [(22, 59.5)], job("ExporterTargetLost"): [(39.5, 59.5)]}


@OWN_FILE
def events_of_one() -> Play:
    """Where the thresholds say so, one number is a mass event or an outage."""
    fleet = Fleet(4, 55)
    record_thresholds(
        fleet,
        many_disconnected_instances=1,
        many_disconnected_ratio=0.2,
        api_down_instances=1,
        api_down_ratio=0.2,
    )
    fleet.say(10, "p0", connected=False)
    fleet.say(25, "p0", connected=True)
    fleet.say(30, "p1", fault="timeout")
    fleet.say(50, "p1", fault=None)
    return fleet.story, {
        job("ManyInstancesDisconnected"): [(11, 25)],
        job("TeamInstancesDisconnected", team="support"): [(11, 25)],
        job("ApiDown"): [(32.5, 50.5)],
    }


@OWN_FILE
def target_back_after_hours() -> Play:
    """An exporter that is back after hours is not told as all that a job had."""
    fleet = Fleet(2, 115)
    record_thresholds(fleet, unwatched_seconds=10800)
    fleet.kill(20, target=False)
    fleet.start(100)
    fleet.other_job()
    return fleet.story, {job("ExporterTargetLost"): [(29.5, 100)]}


@STORIES
def own_threshold_after_a_pause() -> Play:
    """A threshold of an instance that is not evaluated for a while still counts."""
    fleet = Fleet(4, 40, letter="k")
    own_values(fleet, "disconnected_seconds", "k1", "1200x29 stale _x30 1200x30")
    own_values(fleet, "expiring_soon_seconds", "k2", "1209600x29 stale _x30 1209600x30")
    fleet.phones["k2"].due = 8.0 * DAY
    fleet.say(10, "k1", connected=False)
    return fleet.story, {
        of("InstanceDisconnected", "k1"): [(29.5, 40)],
        of("InstanceExpiringSoon", "k2"): [(0.5, 40)],
    }


@STORIES
def own_thresholds() -> Play:
    """An instance, or a team, may have thresholds of its own."""
    fleet = Fleet(4, 30, letter="i")
    fleet.phones["i2"].due = 40.0 * DAY
    fleet.phones["i0"].due = 6.0 * DAY
    fleet.phones["i1"].due = 20.0 * DAY
    own(fleet, "disconnected_seconds", "i1", 60)
    # Longer than that of any other instance; afterwards the one that is longer is i1's.
    own_until(fleet, 15, "expiring_soon_seconds", "i2", 60 * DAY, 14 * DAY)
    own(fleet, "expiring_soon_seconds", "i0", -1000000000)
    # Longer than its own for "soon".
    own(fleet, "expiring_imminently_seconds", "i1", 30 * DAY)
    own(fleet, "expiring_soon_seconds", "i1", 7 * DAY)
    own(fleet, "flapping_disconnects", "i3", 1)
    fleet.say(10, "i1", connected=False)
    fleet.say(20, "i3", connected=False)
    fleet.say(22, "i3", connected=True)
    return fleet.story, {
        of("InstanceDisconnected", "i1"): [(10.5, 30)],
        of("InstanceExpiringSoon", "i2"): [(0.5, 15)],
        of("InstanceExpiringImminently", "i1"): [(0.5, 30)],
        of("InstanceFlapping", "i3"): [(20.5, 30)],
    }
