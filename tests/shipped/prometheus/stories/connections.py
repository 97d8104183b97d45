"""What happens to connections of numbers, one and many."""

from typing import Final

from tests.shipped.prometheus.fleet_model import Exporter
from tests.shipped.prometheus.stories.fleets import Fleet, Play, Topic, at, job, of

STORIES: Final = Topic()


@STORIES
def disconnected() -> Play:
    """A number that disconnects is told five minutes after it was last seen connected, until it is back."""
    fleet = Fleet(4, 35)
    fleet.exporter.requests["status"] = 0  # has no collectors, and needs no rules for them
    fleet.say(10, "p0", connected=False)
    fleet.say(25, "p0", connected=True)
    fleet.say(10, "p1", connected=False)  # for less than five minutes
    fleet.say(14, "p1", connected=True)
    return fleet.story, {of("InstanceDisconnected", "p0"): [(14, 25)]}


@STORIES
def never_connected() -> Play:
    """A number that was never seen connected is a warning, until it is; then it is like any other."""
    fleet = Fleet(3, 45)
    fleet.phones["p0"].connected = False
    fleet.say(20, "p0", connected=True)
    fleet.say(30, "p0", connected=False)
    return fleet.story, {
        of("InstanceNeverConnected", "p0"): [(5, 20)],
        of("InstanceDisconnected", "p0"): [(34, 45)],
    }


@STORIES
def mass_event() -> Play:
    """Three of four at once are told to on-call and to each team; the one that stays down is told singly."""
    fleet = Fleet(4, 40)
    fleet.say(10, "p0", "p1", "p2", connected=False)
    fleet.say(25, "p0", "p1", connected=True)
    return fleet.story, {
        job("ManyInstancesDisconnected"): [(11.5, 25.5)],
        job("TeamInstancesDisconnected", team="support"): [(11.5, 25.5)],
        job("TeamInstancesDisconnected", team="sales"): [(11.5, 25.5)],
        of("InstanceDisconnected", "p2"): [(26.5, 40)],
    }


@STORIES
def mass_event_in_which_numbers_are_added() -> Play:
    """An event goes on when numbers are added that are connected, and one more is not."""
    fleet = Fleet(20, 40)
    later = [f"p{number}" for number in range(5, 20)]
    fleet.add(20, *later)
    fleet.configure(0, fleet.exporter, without=later)
    fleet.say(10, "p0", "p1", "p2", "p3", connected=False)
    fleet.say(30, "p4", connected=False)
    return fleet.story, {
        job("ManyInstancesDisconnected"): [(11.5, 40)],
        job("TeamInstancesDisconnected", team="support"): [(11.5, 40)],
        job("TeamInstancesDisconnected", team="sales"): [(11.5, 40)],
    }


@STORIES
def mass_event_that_ends_between_polls() -> Play:
    """A number that is polled after most are seen connected again is not told singly meanwhile."""
    fleet = Fleet(4, 40)
    fleet.say(10, "p0", "p1", "p2", connected=False)
    fleet.say(24.6, "p0", "p1", "p2", connected=True)
    fleet.story.at(24.4, lambda: fleet.exporter.pauses.update(p2=25.75 * 60))
    return fleet.story, {
        job("ManyInstancesDisconnected"): [(11.5, 25.5)],
        job("TeamInstancesDisconnected", team="support"): [(11.5, 25.5)],
        job("TeamInstancesDisconnected", team="sales"): [(11.5, 25.5)],
    }


@STORIES
def mass_event_of_removed_numbers_of_a_team() -> Play:
    """A team whose disconnected numbers are removed from a mass event that goes on is told so."""
    fleet = Fleet(12, 40)
    fleet.say(10, *(f"p{number}" for number in (0, 1, 2, 3, 4, 5, 6, 8)), connected=False)
    fleet.configure(25, fleet.exporter, without=["p1", "p3", "p5"])
    return fleet.story, {
        job("ManyInstancesDisconnected"): [(11, 40)],
        job("TeamInstancesDisconnected", team="support"): [(11, 40)],
        job("TeamInstancesDisconnected", team="sales"): [(11, 27)],
    }


@STORIES
def mass_event_of_one_that_was_told_before() -> Play:
    """A number that was told, and came back, is not told by itself when it is dropped in a mass event."""
    fleet = Fleet(4, 40)
    fleet.say(10, "p0", connected=False)
    fleet.say(20, "p0", connected=True)
    fleet.say(25, "p0", "p1", "p2", connected=False)
    return fleet.story, {
        of("InstanceDisconnected", "p0"): [(14, 20)],
        job("ManyInstancesDisconnected"): [(26.5, 40)],
        job("TeamInstancesDisconnected", team="support"): [(26.5, 40)],
        job("TeamInstancesDisconnected", team="sales"): [(26.5, 40)],
    }


@STORIES
def mass_event_of_forty() -> Play:
    """One of forty that stays down is told singly by its next poll, however many there were."""
    fleet = Fleet(60, 32)
    fleet.say(10, *(f"p{number}" for number in range(40)), connected=False)
    fleet.say(20, *(f"p{number}" for number in range(1, 40)), connected=True)
    return fleet.story, {
        job("ManyInstancesDisconnected"): [(11, 20.5)],
        job("TeamInstancesDisconnected", team="support"): [(11, 20.5)],
        job("TeamInstancesDisconnected", team="sales"): [(11, 20.5)],
        of("InstanceDisconnected", "p0"): [(21, 32)],
    }


@STORIES
def mass_event_without_teams() -> Play:
    """Where no number has a team, a mass event is told once."""
    fleet = Fleet(4, 40)
    fleet.labels.update({name: {} for name in fleet.phones})
    fleet.say(10, "p0", "p1", "p2", connected=False)
    fleet.say(25, "p0", "p1", "p2", connected=True)
    return fleet.story, {job("ManyInstancesDisconnected"): [(11.5, 25.5)]}


@STORIES
def mass_event_of_some_teams() -> Play:
    """Numbers without a team are told by the mass event alone, and a team that is not back is not told as back."""
    fleet = Fleet(12, 40)
    fleet.labels.update({"p0": {"team": "night"}, "p1": {"team": "night"}, "p2": {}, "p4": {}})
    fleet.say(10, *(f"p{number}" for number in range(10)), connected=False)
    fleet.say(25, *(f"p{number}" for number in range(2, 10)), connected=True)
    return fleet.story, {
        job("ManyInstancesDisconnected"): [(11, 25.5)],
        job("TeamInstancesDisconnected", team="night"): [(11, 25.5)],
        job("TeamInstancesDisconnected", team="support"): [(11, 25)],
        job("TeamInstancesDisconnected", team="sales"): [(11, 25.5)],
        of("InstanceDisconnected", "p0"): [(26, 40)],
        of("InstanceDisconnected", "p1"): [(26.5, 40)],
    }


@STORIES
def all_at_once() -> Play:
    """The first message of a mass event has the number of all that were dropped, and those of each team."""
    fleet = Fleet(10, 20)
    fleet.say(10, *fleet.phones, connected=False)
    return fleet.story, {
        job("ManyInstancesDisconnected"): [(11, 20)],
        job("TeamInstancesDisconnected", team="support"): [(11, 20)],
        job("TeamInstancesDisconnected", team="sales"): [(11, 20)],
    }


@STORIES
def told_before_the_event() -> Play:
    """A number that was told before a mass event stays, and its team is told of the others only."""
    fleet = Fleet(6, 40)
    fleet.say(5, "p0", connected=False)
    fleet.say(15, "p1", "p3", "p5", connected=False)
    fleet.say(30, "p0", "p1", "p3", "p5", connected=True)
    return fleet.story, {
        of("InstanceDisconnected", "p0"): [(9, 30)],
        job("ManyInstancesDisconnected"): [(16.5, 30.5)],
        job("TeamInstancesDisconnected", team="sales"): [(16.5, 30.5)],
    }


@STORIES
def few() -> Play:
    """Two of two are too few for a mass event, three of eleven too small a share."""
    fleet = Fleet(11, 20)
    fleet.say(10, "p0", "p1", "p2", connected=False)
    two = Exporter(
        "two:1", {"q0": {}, "q1": {}}, {"q0": fleet.phones["p0"], "q1": fleet.phones["p1"]}, job="two"
    )
    fleet.story.exporters.append(two)
    return fleet.story, {
        of("InstanceDisconnected", "p0"): [(14, 20)],
        of("InstanceDisconnected", "p1"): [(14.5, 20)],
        of("InstanceDisconnected", "p2"): [(14.5, 20)],
        of("InstanceDisconnected", "q0"): [(14, 20)],
        of("InstanceDisconnected", "q1"): [(14.5, 20)],
    }


@STORIES
def just_enough() -> Play:
    """Three are enough for a mass event, and so is three of ten."""
    fleet = Fleet(10, 25)
    fleet.say(10, "p0", "p2", "p4", connected=False)
    return fleet.story, {
        job("ManyInstancesDisconnected"): [(11.5, 25)],
        job("TeamInstancesDisconnected", team="support"): [(11.5, 25)],
    }


@STORIES
def mass_event_with_more_than_a_fifth_left() -> Play:
    """A mass event goes on while three of fourteen are left."""
    fleet = Fleet(20, 35)
    fleet.say(10, *(f"p{number}" for number in range(14)), connected=False)
    fleet.say(20, *(f"p{number}" for number in range(3, 14)), connected=True)
    return fleet.story, {
        job("ManyInstancesDisconnected"): [(11, 35)],
        job("TeamInstancesDisconnected", team="support"): [(11, 35)],
        job("TeamInstancesDisconnected", team="sales"): [(11, 35)],
    }


@STORIES
def flapping() -> Play:
    """Three disconnects within an hour are flapping, until an hour has passed without one; two are not."""
    fleet = Fleet(2, 100)
    fleet.flap("p0")
    fleet.flap("p1", minutes=(5, 10))
    fleet.story.unsure = (75,)
    return fleet.story, {of("InstanceFlapping", "p0"): [(15, 75)]}


@STORIES
def flapping_through_an_outage() -> Play:
    """A number that keeps disconnecting stays so while it cannot be polled for more than an hour."""
    fleet = Fleet(2, 110)
    fleet.flap("p0")
    fleet.say(25, fault="timeout")
    fleet.say(95, fault=None)
    return fleet.story, {of("InstanceFlapping", "p0"): [(15, 95)], job("ApiDown"): [(27.5, 95)]}


@STORIES
def flapping_then_down() -> Play:
    """A number that no longer flaps because it is disconnected is not told as one that stays connected."""
    fleet = Fleet(2, 110)
    for minute in (5, 10, 15):
        fleet.say(minute, "p0", "p1", connected=False)
        fleet.say(minute + 2, "p1", connected=True)
        if minute < 15:
            fleet.say(minute + 2, "p0", connected=True)
    fleet.kill(20)
    fleet.start(100)
    other_job = Fleet(2, 110)
    other_job.say(97, "p1", connected=False)
    other_job.say(101, "p1", connected=True)
    fleet.story.again = other_job.story
    return fleet.story, {
        at("ExporterDown"): [(23, 100)],
        of("InstanceFlapping", "p0"): [(15, 100)],
        of("InstanceFlapping", "p1"): [(15.5, 100.5)],
        of("InstanceDisconnected", "p0"): [(19, 110)],
    }


@STORIES
def long_down() -> Play:
    """Numbers that have been disconnected for more than six hours do not make a mass event, and end one."""
    fleet = Fleet(4, 380)
    fleet.say(1, "p0", "p1", "p2", connected=False)
    return fleet.story, {
        job("ManyInstancesDisconnected"): [(2.5, 360.5)],
        job("TeamInstancesDisconnected", team="support"): [(2.5, 360.5)],
        job("TeamInstancesDisconnected", team="sales"): [(2.5, 360.5)],
        of("InstanceDisconnected", "p0"): [(360, 380)],
        of("InstanceDisconnected", "p1"): [(360.5, 380)],
        of("InstanceDisconnected", "p2"): [(360.5, 380)],
    }
