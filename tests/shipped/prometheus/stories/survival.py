"""What must change nothing: lost scrapes, restarts, exporters that are cut off, clocks that are wrong."""

from functools import partial
from typing import Final

from tests.shipped.prometheus.fleet_model import Exporter, Phone, Story
from tests.shipped.prometheus.stories.fleets import DAY, Fleet, Play, Topic, at, job, of, one_in_three

STORIES: Final = Topic()


@STORIES
def lost_scrapes() -> Play:
    """One scrape lost in three changes nothing."""
    fleet = Fleet(4, 60, one_in_three)
    fleet.phones["p1"].webhooks["received"] = "good"
    fleet.say(10, "p0", connected=False)
    fleet.say(10, "p1", webhooks={"received": "missing"})
    fleet.say(10, "p2", fault="timeout")
    fleet.say(10, "p3", due=0.0)
    fleet.say(40, "p0", connected=True)
    fleet.say(40, "p1", webhooks={"received": "good"})
    fleet.say(40, "p2", fault=None)
    fleet.say(40, "p3", due=90.0 * DAY)
    return fleet.story, {
        of("InstanceDisconnected", "p0"): [(14.5, 40)],
        of("InstanceWebhookMissing", "p1", webhook="received"): [(20.5, 40.5)],
        of("InstancePollsFailing", "p2"): [(16.5, 40.5)],
        of("InstanceValuesStale", "p2"): [(25, 40.5)],
        of("InstanceExpired", "p3"): [(10.5, 40.5)],
    }


@STORIES
def restarts() -> Play:
    """An exporter that dies every four minutes hides nothing, and is told itself."""
    fleet = Fleet(4, 100)
    fleet.story.every(4, fleet.exporter.restart)
    fleet.say(10, "p0", connected=False)
    fleet.say(10, "p1", fault="not_found")
    fleet.say(10, "p2", status="overdue")
    fleet.say(80, "p0", connected=True)
    fleet.say(80, "p1", fault=None)
    fleet.say(80, "p2", status="paid")
    return fleet.story, {
        at("ExporterRestarting"): [(12, 100)],
        of("InstanceDisconnected", "p0"): [(14, 80)],
        of("InstanceCredentialsRefused", "p1"): [(16.5, 80.5)],
        of("InstanceUnpaid", "p2"): [(70.5, 80.5)],
    }


@STORIES
def exporter_dead() -> Play:
    """While the exporter is dead nothing ends and nothing begins; a restart forgets nothing."""
    fleet = Fleet(4, 70)
    fleet.say(10, "p0", connected=False)
    fleet.say(18, "p1", connected=False)
    fleet.kill(20)
    fleet.start(40)
    fleet.say(55, "p0", "p1", connected=True)
    return fleet.story, {
        at("ExporterDown"): [(23, 40)],
        of("InstanceDisconnected", "p0"): [(14, 55)],
        of("InstanceDisconnected", "p1"): [(40.5, 55.5)],
    }


@STORIES
def outage() -> Play:
    """An outage of Z-API in the middle of a trouble neither ends, hides nor repeats it."""
    fleet = Fleet(5, 90)
    fleet.phones["p1"].webhooks["received"] = "good"
    fleet.say(5, "p0", connected=False)
    fleet.say(5, "p1", webhooks={"received": "other"})
    fleet.say(20, fault="server_error")
    fleet.say(50, fault=None)
    fleet.say(65, "p0", connected=True)
    fleet.say(65, "p1", webhooks={"received": "good"})
    return fleet.story, {
        job("ApiDown"): [(22.5, 50.5)],
        of("InstanceDisconnected", "p0"): [(9, 65)],
        of("InstanceWebhookUnexpected", "p1", webhook="received"): [(15.5, 65.5)],
    }


@STORIES
def end_before_an_outage() -> Play:
    """What ended before an outage does not come back with it."""
    fleet = Fleet(5, 60)
    fleet.phones["p1"].webhooks["received"] = "good"
    fleet.say(5, "p1", webhooks={"received": "other"})
    fleet.say(18, "p1", webhooks={"received": "good"})
    fleet.kill(22)
    return fleet.story, {
        of("InstanceWebhookUnexpected", "p1", webhook="received"): [(15.5, 18.5)],
        at("ExporterDown"): [(25, 60)],
    }


@STORIES
def moved_pod() -> Play:
    """A pod that moves during a mass event, away for five minutes, changes nothing."""
    fleet = Fleet(5, 60)
    moved = fleet.more("b:1", running=False, target=False, pod="zapi-1")
    fleet.exporter.pod = "zapi-0"
    fleet.say(10, "p0", "p1", "p2", "p3", connected=False)
    fleet.kill(20, target=False)
    fleet.start(25, moved)
    fleet.say(45, "p0", "p1", "p2", "p3", connected=True)
    return fleet.story, {
        job("ManyInstancesDisconnected"): [(11.5, 45.5)],
        job("TeamInstancesDisconnected", team="support"): [(11.5, 45.5)],
        job("TeamInstancesDisconnected", team="sales"): [(11.5, 45.5)],
    }


@STORIES
def pair() -> Play:
    """Two exporters as a pair are one fleet; one that restarts, or is dead, changes nothing."""
    fleet = Fleet(5, 70)
    other = fleet.more()
    fleet.story.every(4, other.restart, until=30)
    fleet.kill(40, other)
    fleet.say(10, "p0", "p1", connected=False)
    fleet.say(30, "p0", "p1", connected=True)
    fleet.say(45, "p2", connected=False)
    return fleet.story, {
        at("ExporterRestarting", "b:1"): [(12, 70)],
        at("ExporterDown", "b:1"): [(43, 70)],
        of("InstanceDisconnected", "p0"): [(14, 30)],
        of("InstanceDisconnected", "p1"): [(14.5, 30.5)],
        of("InstanceDisconnected", "p2"): [(49.5, 70)],
    }


@STORIES
def pair_cut_off() -> Play:
    """Of a pair the fresher reading wins, whether the other is cut off or its clock was ahead."""
    fleet = Fleet(4, 60)
    cut_off = fleet.more("b:1")
    fleet.story.at(5, lambda: setattr(cut_off, "reaches", False))
    ahead = fleet.more("c:1", clock=3600)
    fleet.story.at(12, lambda: setattr(ahead, "clock", 0.0))
    fleet.start(12, ahead)
    fleet.say(15, "p0", connected=False)
    fleet.say(30, "p0", connected=True)
    return fleet.story, {of("InstanceDisconnected", "p0"): [(19, 30)]}


@STORIES
def clock_ahead() -> Play:
    """A single exporter whose clock is an hour ahead is right all the same."""
    fleet = Fleet(3, 40)
    fleet.exporter.clock = 3600
    fleet.say(15, "p0", connected=False)
    fleet.say(30, "p0", connected=True)
    return fleet.story, {of("InstanceDisconnected", "p0"): [(19.5, 30)]}


@STORIES
def clock_always_ahead() -> Play:
    """What is told of an exporter whose clock is ahead begins once, however its times are corrected."""
    fleet = Fleet(4, 45)
    fleet.exporter.clock = 600
    fleet.phones["p1"].webhooks["received"] = "good"
    fleet.say(10, "p1", webhooks={"received": "missing"})
    fleet.say(10, "p3", connected=False)
    return fleet.story, {
        of("InstanceDisconnected", "p3"): [(14.5, 45)],
        of("InstanceWebhookMissing", "p1", webhook="received"): [(20.5, 45)],
    }


@STORIES
def clock_right_again() -> Play:
    """A clock that is right again corrects nothing any more, though other targets are silent."""
    fleet = Fleet(3, 35)
    fleet.exporter.clock = 3600
    fleet.story.at(12, lambda: setattr(fleet.exporter, "clock", 0.0))
    fleet.start(12)
    other = fleet.more()
    fleet.kill(5, other)
    fleet.say(20, "p0", connected=False)
    fleet.say(30, "p0", connected=True)
    fleet.story.again, elsewhere = (
        Story([Exporter(fleet.exporter.instance, {}, {}, running=False)], fleet.story.seconds)
        for _ in range(2)
    )
    fleet.story.elsewhere = elsewhere, {}
    return fleet.story, {
        at("ExporterDown", "b:1"): [(8, 35)],
        of("InstanceDisconnected", "p0"): [(24, 30)],
    }


@STORIES
def half_of_a_pair_cut_off() -> Play:
    """What the lost half of a pair read last is remembered whole, as long as the other reads nothing."""
    fleet = Fleet(4, 110)
    other = fleet.more()
    fleet.story.at(10, lambda: setattr(fleet.exporter, "reaches", False))
    fleet.say(12, "p0", connected=False)
    fleet.kill(20, other, target=False)
    fleet.story.at(100, lambda: setattr(fleet.exporter, "reaches", True))
    fleet.story.unsure = (79, 79.5, 80)
    return fleet.story, {
        job("ExporterTargetLost"): [(29.5, 80)],
        job("ApiDown"): [(22.5, 100.5)],
        of("InstanceDisconnected", "p0"): [(16, 110)],
    }


@STORIES
def pair_beside_a_silent_exporter() -> Play:
    """A pair that becomes one exporter while another is silent is still remembered when that speaks again."""
    fleet = Fleet(4, 60)
    phones = {f"q{number}": Phone() for number in range(4)}
    silent = Exporter("two:1", {name: {"team": "other"} for name in phones}, phones, job="two")
    fleet.story.exporters.append(silent)
    other = fleet.more(running=False, target=False)
    fleet.kill(10, silent)
    fleet.start(12, other)
    fleet.story.at(18, lambda: setattr(fleet.exporter, "reaches", False))
    fleet.say(20, "p0", connected=False)
    fleet.kill(30, other, target=False)
    fleet.start(35, silent)
    return fleet.story, {
        at("ExporterDown", "two:1"): [(13, 35)],
        of("InstanceDisconnected", "p0"): [(24, 60)],
        job("ApiDown"): [(32.5, 60)],
        job("ExporterTargetLost"): [(39.5, 60)],
    }


@STORIES
def dropped_in_a_silence() -> Play:
    """A number that was dropped while its exporter was silent is told two minutes after that is read."""
    fleet = Fleet(4, 65)
    fleet.kill(30)
    fleet.say(45, "p0", connected=False)
    fleet.start(50)
    fleet.say(60, "p0", connected=True)
    return fleet.story, {at("ExporterDown"): [(33, 50)], of("InstanceDisconnected", "p0"): [(52, 60)]}


@STORIES
def mass_event_in_a_silence() -> Play:
    """Numbers that were dropped while their exporter was silent are told as a mass event alone."""
    fleet = Fleet(12, 65)
    fleet.kill(30)
    fleet.say(45, connected=False)
    fleet.start(50)
    fleet.say(60, connected=True)
    return fleet.story, {
        at("ExporterDown"): [(33, 50)],
        job("ManyInstancesDisconnected"): [(50.5, 60.5)],
        job("TeamInstancesDisconnected", team="support"): [(50.5, 60.5)],
        job("TeamInstancesDisconnected", team="sales"): [(50.5, 60.5)],
    }


@STORIES
def mass_event_in_an_outage() -> Play:
    """Numbers that were dropped in an outage, and are polled one after the other, are told as a mass event alone."""
    fleet = Fleet(30, 65)
    fleet.say(20, fault="timeout")
    fleet.say(35, connected=False)
    fleet.say(40, fault=None)
    until = {name: (40 + number / 6) * 60 for number, name in enumerate(fleet.phones)}
    fleet.story.at(38, partial(fleet.exporter.pauses.update, until))
    fleet.say(60, connected=True)
    return fleet.story, {
        job("ApiDown"): [(22.5, 44)],
        job("ManyInstancesDisconnected"): [(41.5, 60.5)],
        job("TeamInstancesDisconnected", team="support"): [(41.5, 60.5)],
        job("TeamInstancesDisconnected", team="sales"): [(41.5, 60.5)],
    }
