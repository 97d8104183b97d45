"""What happens where groups are evaluated before those that they read."""

from functools import partial
from typing import Final

from tests.shipped.prometheus.stories.fleets import Fleet, Play, Topic, at, name_of_two, of, one_in_three

STORIES: Final = Topic()


@STORIES
def readings_after_a_silence() -> Play:
    """After scrapes have failed for long, what is read first begins then, and one failed poll is nothing."""
    fleet = Fleet(4, 75, lambda instance, number: 20 <= number < 60)
    fleet.phones["p0"].webhooks["received"] = "good"
    fleet.say(28, "p0", webhooks={"received": "missing"})
    fleet.say(28, "p1", status="overdue")
    fleet.say(28, "p2", id="BEEF")
    fleet.say(29, "p3", fault="timeout")
    fleet.say(30.5, "p3", fault=None)
    return fleet.story, {
        at("ExporterDown"): [(13, 30)],
        of("InstanceWebhookMissing", "p0", webhook="received"): [(40, 75)],
    }


@STORIES
def two_ids_after_a_silence() -> Play:
    """A name that has two ids when scrapes succeed again, after they have failed for long, has them since then.

    That its exporters restart at once, and do not poll it for two minutes, changes nothing.
    """
    fleet, other = name_of_two(50)
    fleet.story.lost = lambda instance, number: 20 <= number < 60
    other.phones["p0"].id = fleet.phones["p0"].id
    fleet.story.at(28, lambda: setattr(other.phones["p0"], "id", "BEEF"))
    for exporter in (fleet.exporter, other):
        fleet.start(44, exporter)
        fleet.story.at(44, partial(exporter.pauses.update, p0=46 * 60))
    return fleet.story, {
        at("ExporterDown", "a:1"): [(13, 30)],
        at("ExporterDown", "b:1"): [(13, 30)],
        of("InstanceTwoIds", "p0"): [(40, 50)],
    }


@STORIES
def clock_ahead_and_scrapes_lost() -> Play:
    """A clock that is ahead makes no poll fail for longer, even if every third scrape is lost."""
    fleet = Fleet(4, 45, one_in_three)
    fleet.exporter.clock = 1200
    fleet.say(10, "p0", fault="timeout")
    fleet.say(12, "p0", fault=None)
    fleet.say(20, "p1", fault="timeout")
    fleet.say(40, "p1", fault=None)
    return fleet.story, {
        of("InstancePollsFailing", "p1"): [(26.5, 41)],
        of("InstanceValuesStale", "p1"): [(35.5, 41)],
    }


@STORIES
def another_clock_ahead() -> Play:
    """An exporter whose clock is ahead, and whose first poll fails, makes nothing fail for longer."""
    fleet = Fleet(4, 45)
    other = fleet.more(running=False, target=False, clock=1200)
    fleet.start(20, other)
    fleet.say(19, "p0", fault="timeout")
    fleet.say(22, "p0", fault=None)
    return fleet.story, {}
