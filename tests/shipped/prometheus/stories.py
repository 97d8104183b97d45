"""What goes wrong in a fleet, and which alerts must fire from which minute to which."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from tests.shipped.prometheus.fleet_model import FIRST, Alert, Exporter, Phone, Story, Window
from tests.shipped.prometheus.tools import RULES, parse

Play = tuple[Story, Mapping[Alert, Sequence[Window]]]

STORIES: Final[dict[str, dict[str, Callable[[], Play]]]] = {}
"""Topic → title → what plays it. Minutes are those of the story."""

DAY: Final = 86400


def story(topic: str) -> Callable[[Callable[[], Play]], Callable[[], Play]]:
    def keep(play: Callable[[], Play]) -> Callable[[], Play]:
        title = (play.__doc__ or "").strip().split("\n")[0].rstrip(".")
        STORIES.setdefault(topic, {})[title] = play
        return play

    return keep


class Fleet:
    """Numbers ``p0`` …, every other one of team ``sales``, and one exporter that polls them.

    Where one has a threshold of its own, which goes by its name alone, all have another ``letter``.
    """

    def __init__(
        self,
        numbers: int,
        minutes: int,
        lost: Callable[[str, int], bool] = lambda instance, scrape: False,
        *,
        letter: str = "p",
    ):
        names = [f"{letter}{number}" for number in range(numbers)]
        self.phones = {name: Phone() for name in names}
        teams = ("support", "sales")
        self.labels = {name: {"team": teams[number % 2]} for number, name in enumerate(names)}
        self.exporter = Exporter("a:1", self.labels, self.phones)
        self.story = Story([self.exporter], minutes * 60, lost)

    def more(self, instance: str = "b:1", **changes: Any) -> Exporter:
        """Another exporter of the same numbers."""
        labels = changes.pop("labels", dict(self.labels))
        other = Exporter(instance, labels, self.phones, **changes)
        self.story.exporters.append(other)
        return other

    def say(self, minute: float, *names: str, **changes: Any) -> None:
        """From then on Z-API says this of these numbers, or of all."""

        def change() -> None:
            for name in names or self.phones:
                for key, value in changes.items():
                    setattr(self.phones[name], key, value)

        self.story.at(minute, change)

    def configure(
        self, minute: float, exporter: Exporter, *, without: Sequence[str] = (), **labels: dict[str, str]
    ) -> None:
        """Reload: take numbers away, add them, or give them other labels."""

        def reload() -> None:
            for name in without:
                del exporter.labels[name]
            exporter.labels.update(labels)

        self.story.at(minute, reload)

    def add(self, minute: float, *names: str) -> None:
        """Reload: list these numbers, with the labels that they have now."""
        labels = {name: self.labels[name] for name in names}
        self.story.at(minute, lambda: self.exporter.labels.update(labels))

    def kill(self, minute: float, exporter: Exporter | None = None, *, target: bool = True) -> None:
        exporter = exporter or self.exporter

        def die() -> None:
            exporter.running, exporter.target = False, target

        self.story.at(minute, die)

    def start(self, minute: float, exporter: Exporter | None = None) -> None:
        exporter = exporter or self.exporter

        def begin() -> None:
            exporter.running = exporter.target = True
            exporter.restart(minute * 60)

        self.story.at(minute, begin)


def one_in_three(instance: str, scrape: int) -> bool:
    return scrape % 3 == 1


def of(alert: str, name: str, **labels: str) -> Alert:
    return (f"Zapi{alert}", f"name={name}", *(f"{key}={value}" for key, value in labels.items()))


def at(alert: str, instance: str = "a:1") -> Alert:
    return (f"Zapi{alert}", f"instance={instance}")


def job(alert: str, **labels: str) -> Alert:
    return (f"Zapi{alert}", *(f"{key}={value}" for key, value in labels.items()))


def own(fleet: Fleet, ending: str, name: str, value: float) -> None:
    """Give a number a threshold of its own."""
    _own(fleet, ending, name, f"{value}x{fleet.story.seconds // 30}")


def own_until(fleet: Fleet, minute: int, ending: str, name: str, value: float, then: float) -> None:
    """Give a number a threshold of its own, and another from then on."""
    steps = fleet.story.seconds // 30
    _own(fleet, ending, name, f"{value}x{2 * minute - 1} {then}x{steps - 2 * minute}")


def _own(fleet: Fleet, ending: str, name: str, values: str) -> None:
    fleet.story.more.append(
        {"series": f'zapi_instance:threshold:{ending}{{name="{name}"}}', "values": values}
    )


# --- connection ------------------------------------------------------------------------------------------------------


@story("connection")
def disconnected() -> Play:
    """A number that disconnects is told five minutes after it was last seen connected, until it is back."""
    fleet = Fleet(4, 35)
    fleet.exporter.requests["status"] = 0  # has no collectors, and needs no rules for them
    fleet.say(10, "p0", connected=False)
    fleet.say(25, "p0", connected=True)
    fleet.say(10, "p1", connected=False)  # for less than five minutes
    fleet.say(14, "p1", connected=True)
    return fleet.story, {of("InstanceDisconnected", "p0"): [(14, 25)]}


@story("connection")
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


@story("connection")
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


@story("connection")
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


@story("connection")
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


@story("connection")
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


@story("connection")
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


@story("connection")
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


@story("connection")
def mass_event_without_teams() -> Play:
    """Where no number has a team, a mass event is told once."""
    fleet = Fleet(4, 40)
    fleet.labels.update({name: {} for name in fleet.phones})
    fleet.say(10, "p0", "p1", "p2", connected=False)
    fleet.say(25, "p0", "p1", "p2", connected=True)
    return fleet.story, {job("ManyInstancesDisconnected"): [(11.5, 25.5)]}


@story("connection")
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


@story("connection")
def all_at_once() -> Play:
    """The first message of a mass event has the number of all that were dropped, and those of each team."""
    fleet = Fleet(10, 20)
    fleet.say(10, *fleet.phones, connected=False)
    return fleet.story, {
        job("ManyInstancesDisconnected"): [(11, 20)],
        job("TeamInstancesDisconnected", team="support"): [(11, 20)],
        job("TeamInstancesDisconnected", team="sales"): [(11, 20)],
    }


@story("connection")
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


@story("connection")
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


@story("connection")
def just_enough() -> Play:
    """Three are enough for a mass event, and so is three of ten."""
    fleet = Fleet(10, 25)
    fleet.say(10, "p0", "p2", "p4", connected=False)
    return fleet.story, {
        job("ManyInstancesDisconnected"): [(11.5, 25)],
        job("TeamInstancesDisconnected", team="support"): [(11.5, 25)],
    }


@story("connection")
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


@story("connection_long")
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


@story("connection")
def flapping() -> Play:
    """Three disconnects within an hour are flapping, until an hour has passed without one; two are not."""
    fleet = Fleet(2, 100)
    for minute in (5, 10, 15):
        fleet.say(minute, "p0", connected=False)
        fleet.say(minute + 2, "p0", connected=True)
    for minute in (5, 10):
        fleet.say(minute, "p1", connected=False)
        fleet.say(minute + 2, "p1", connected=True)
    fleet.story.unsure = (75,)
    return fleet.story, {of("InstanceFlapping", "p0"): [(15, 75)]}


@story("connection")
def flapping_through_an_outage() -> Play:
    """A number that keeps disconnecting stays so while it cannot be polled for more than an hour."""
    fleet = Fleet(2, 110)
    for minute in (5, 10, 15):
        fleet.say(minute, "p0", connected=False)
        fleet.say(minute + 2, "p0", connected=True)
    fleet.say(25, fault="timeout")
    fleet.say(95, fault=None)
    return fleet.story, {of("InstanceFlapping", "p0"): [(15, 95)], job("ApiDown"): [(27.5, 95)]}


@story("connection")
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


# --- what must change nothing ----------------------------------------------------------------------------------------


@story("survival")
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


@story("survival")
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


@story("survival")
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


@story("survival")
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


@story("survival")
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


@story("survival")
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


@story("survival")
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


@story("survival")
def pair_cut_off() -> Play:
    """Of a pair the fresher reading wins, whether the other is cut off or its clock was ahead."""
    fleet = Fleet(4, 60)
    cut_off = fleet.more("b:1")
    fleet.story.at(5, lambda: setattr(cut_off, "reaches", False))
    ahead = fleet.more("c:1", clock=3600)

    def correct_the_clock() -> None:
        ahead.clock = 0
        ahead.restart(12 * 60)

    fleet.story.at(12, correct_the_clock)
    fleet.say(15, "p0", connected=False)
    fleet.say(30, "p0", connected=True)
    return fleet.story, {of("InstanceDisconnected", "p0"): [(19, 30)]}


@story("survival")
def clock_ahead() -> Play:
    """A single exporter whose clock is an hour ahead is right all the same."""
    fleet = Fleet(3, 40)
    fleet.exporter.clock = 3600
    fleet.say(15, "p0", connected=False)
    fleet.say(30, "p0", connected=True)
    return fleet.story, {of("InstanceDisconnected", "p0"): [(19.5, 30)]}


@story("survival")
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


@story("survival")
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


@story("survival")
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


@story("survival")
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


# --- what is listed --------------------------------------------------------------------------------------------------


@story("listed")
def removed() -> Play:
    """A number that is removed, or renamed, ends its alert, which a dead exporter does not bring back."""
    fleet = Fleet(5, 60)
    fleet.say(10, "p0", "p1", connected=False)
    fleet.phones["new"] = fleet.phones["p1"]
    fleet.configure(20, fleet.exporter, without=["p0", "p1"], new={"team": "sales"})
    fleet.kill(30)
    return fleet.story, {
        of("InstanceDisconnected", "p0"): [(14, 22)],
        of("InstanceDisconnected", "p1"): [(14.5, 22)],
        of("InstanceNeverConnected", "new"): [(24.5, 60)],
        at("ExporterDown"): [(33, 60)],
    }


def in_every_trouble(minutes: int) -> Fleet:
    """A fleet of which every number but the last is in another trouble from the first minute on."""
    fleet = Fleet(15, minutes)
    faults = {9: "timeout", 10: "unauthorized", 11: "wrong_instance", 12: "subscription_ended"}
    changes: dict[int, dict[str, Any]] = {
        0: {"status": "overdue"},
        1: {"status": "trialing"},
        2: {"due": None},
        3: {"due": 5.0 * DAY},
        4: {"due": 0.5 * DAY},
        5: {"due": 60.0},
        13: {"connected": False},
        **{number: {"fault": fault} for number, fault in faults.items()},
    }
    for number, webhook in enumerate(("missing", "muted", "other"), start=6):
        changes[number] = {"webhooks": {"received": webhook}}
    for number, change in changes.items():
        for key, value in change.items():
            setattr(fleet.phones[f"p{number}"], key, value)
    return fleet


def every_trouble_until(minute: float) -> dict[Alert, Sequence[Window]]:
    """What is told of :func:`in_every_trouble`, when all of it ends at this minute."""
    begins = {
        of("InstanceUnpaid", "p0"): 61,
        of("InstancePaymentUnknown", "p1"): 60.5,
        of("InstanceDueUnknown", "p2"): 60.5,
        of("InstanceExpiringSoon", "p3"): 0.5,
        of("InstanceExpiringImminently", "p4"): 0.5,
        of("InstanceExpiringImminently", "p5"): 1,
        of("InstanceExpired", "p5"): 7,
        of("InstanceWebhookMissing", "p6", webhook="received"): 11,
        of("InstanceWebhookMuted", "p7", webhook="received"): 11,
        of("InstanceWebhookUnexpected", "p8", webhook="received"): 11,
        of("InstancePollsFailing", "p9"): 7.5,
        of("InstanceValuesStale", "p9"): 15.5,
        of("InstanceCredentialsRefused", "p10"): 7.5,
        of("InstanceWrongInstance", "p11"): 7.5,
        of("InstanceSubscriptionEnded", "p12"): 7.5,
        of("InstanceNeverConnected", "p13"): 6,
    }
    return {alert: [(begin, minute)] for alert, begin in begins.items()}


@story("removed")
def removed_in_trouble() -> Play:
    """Whatever was told of a number ends in words of its own when it is removed."""
    fleet = in_every_trouble(80)
    fleet.configure(76, fleet.exporter, without=list(fleet.phones)[:14])
    return fleet.story, {**every_trouble_until(78), job("InstancesVanished"): [(78, 80)]}


@story("removed")
def uninstalled_in_trouble() -> Play:
    """Whatever was told of a number ends in words of its own when its exporter is uninstalled."""
    fleet = in_every_trouble(145)
    fleet.kill(76, target=False)
    fleet.story.exporters.append(Exporter("b:1", {"q0": {}}, {"q0": Phone()}, job="other"))
    return fleet.story, {**every_trouble_until(135.5), job("ExporterTargetLost"): [(85.5, 135.5)]}


@story("removed")
def refused_for_another_reason() -> Play:
    """What was told has ended, and not well, when polls are refused for another reason or a webhook is not expected."""
    fleet = Fleet(6, 40)
    reasons = ("unauthorized", "wrong_instance", "subscription_ended")
    for number, state in enumerate(("missing", "muted", "other"), start=3):
        fleet.phones[f"p{number}"].webhooks = {"received": state}
        fleet.say(25, f"p{number}", webhooks={})
    for number in range(3):
        fleet.phones[f"p{number}"].fault = reasons[number]
        fleet.say(20, f"p{number}", fault=reasons[number - 2])
    return fleet.story, {
        of("InstanceCredentialsRefused", "p0"): [(7, 25)],
        of("InstanceCredentialsRefused", "p2"): [(20.5, 40)],
        of("InstanceWrongInstance", "p1"): [(7.5, 20.5)],
        of("InstanceWrongInstance", "p0"): [(25, 40)],
        of("InstanceSubscriptionEnded", "p2"): [(7.5, 20.5)],
        of("InstanceSubscriptionEnded", "p1"): [(20.5, 40)],
        of("InstanceWebhookMissing", "p3", webhook="received"): [(10.5, 25.5)],
        of("InstanceWebhookMuted", "p4", webhook="received"): [(10.5, 25.5)],
        of("InstanceWebhookUnexpected", "p5", webhook="received"): [(11, 25)],
    }


@story("removed")
def refused_for_another_reason_after_good_polls() -> Play:
    """A reason that another takes the place of ends without the news that polls succeed, though one did before."""
    fleet = Fleet(3, 45)
    fleet.exporter.fraction = 0.5
    reasons = ("unauthorized", "wrong_instance", "subscription_ended")
    for number in range(3):
        fleet.say(10, f"p{number}", fault=reasons[number])
        fleet.say(30, f"p{number}", fault=reasons[number - 2])
    return fleet.story, {
        of("InstanceCredentialsRefused", "p0"): [(16.5, 35.5)],
        of("InstanceWrongInstance", "p0"): [(35.5, 45)],
        of("InstanceWrongInstance", "p1"): [(16.5, 30.5)],
        of("InstanceSubscriptionEnded", "p1"): [(30.5, 45)],
        of("InstanceSubscriptionEnded", "p2"): [(16.5, 30.5)],
        of("InstanceCredentialsRefused", "p2"): [(30.5, 45)],
    }


@story("removed")
def flapping_or_of_two_ids_until_removed() -> Play:
    """A number that flaps, and one that has two ids, end as removed when they are."""
    fleet, other = name_of_two(50)
    fleet.phones["p2"], fleet.labels["p2"] = Phone(), {}
    for minute in (5, 10, 15):
        fleet.say(minute, "p1", connected=False)
        fleet.say(minute + 2, "p1", connected=True)
    fleet.configure(30, fleet.exporter, without=["p0", "p1"])
    fleet.configure(30, other, without=["p0"])
    return fleet.story, {of("InstanceTwoIds", "p0"): [(10, 32)], of("InstanceFlapping", "p1"): [(15.5, 32)]}


@story("removed")
def mass_event_of_removed_numbers() -> Play:
    """A mass event whose numbers are removed, all that a team has, ends as that."""
    fleet = Fleet(12, 50)
    dropped = [f"p{number}" for number in range(1, 12, 2)]
    fleet.say(10, *dropped, connected=False)
    fleet.configure(30, fleet.exporter, without=dropped)
    return fleet.story, {
        job("ManyInstancesDisconnected"): [(11.5, 32)],
        job("TeamInstancesDisconnected", team="sales"): [(11.5, 32)],
        job("InstancesVanished"): [(32, 50)],
    }


@story("removed")
def uninstalled_in_troubles_of_jobs() -> Play:
    """What was told of jobs, and of numbers that flap or have two ids, ends in words of its own when uninstalled."""
    fleet, other = name_of_two(125)
    for minute in (5, 10, 15):
        fleet.say(minute, "p1", connected=False)
        fleet.say(minute + 2, "p1", connected=True)
    fleet.kill(50, target=False)
    fleet.kill(50, other, target=False)
    for number, fault in enumerate(("ip_not_allowed", "forbidden", "connect")):
        name = f"q{number}"
        exporter = Exporter(
            f"{fault}:1",
            {name: {}, name + "b": {}},
            {name: Phone(fault=fault), name + "b": Phone(fault=fault)},
            job=fault,
        )
        fleet.story.exporters.append(exporter)
        fleet.kill(50, exporter, target=False)
    night = {f"n{number}": Phone() for number in range(8)}
    dropped = Exporter("n:1", {name: {"team": "night"} for name in night}, night, job="night")
    fleet.story.at(10, *(partial(setattr, phone, "connected", False) for phone in night.values()))
    fleet.kill(50, dropped, target=False)
    fleet.story.exporters += [dropped, Exporter("b:1", {"r0": {}}, {"r0": Phone()}, job="other")]
    return fleet.story, {
        job("ManyInstancesDisconnected"): [(11, 109.5)],
        job("TeamInstancesDisconnected", team="night"): [(11, 109.5)],
        job("ApiDown"): [(3.5, 109.5)],
        job("AddressNotAllowed"): [(7, 109.5)],
        job("Forbidden"): [(7, 109.5)],
        of("InstanceTwoIds", "p0"): [(10, 109.5)],
        of("InstanceFlapping", "p1"): [(15.5, 109.5)],
        job("ExporterTargetLost"): [(59.5, 109.5)],
    }


@story("subscription")
def due_moved() -> Play:
    """A date that comes nearer, or differs by seconds from poll to poll, is no renewal."""
    fleet = Fleet(2, 40)
    fleet.phones["p0"].due = 4.0 * DAY
    fleet.say(10, "p0", due=0.5 * DAY)
    for minute in range(20, 30):
        fleet.say(minute, "p0", due=0.5 * DAY + minute % 2 * 2)
    fleet.say(30, "p0", due=90.0 * DAY)
    return fleet.story, {
        of("InstanceExpiringSoon", "p0"): [(0, 30)],
        of("InstanceExpiringImminently", "p0"): [(10, 30)],
    }


@story("subscription")
def dates_exactly_at_thresholds() -> Play:
    """What is due is told at its threshold; an expired date that moves by more than an hour is another date."""
    fleet = Fleet(0, 140)
    fleet.story.exporters.clear()
    dates = {"m0": DAY + 600, "w0": 7 * DAY + 600}
    for name in ("e0", "e1", "e2", "s0", "s1", "s2", *dates):
        fleet.phones[name] = Phone(due=dates.get(name, 600))
        fleet.more(f"{name}:1", labels={name: {}})  # each is polled at whole minutes
        if name.startswith("s"):
            own(fleet, "expiring_imminently_seconds", name, -10 * DAY)
    own(fleet, "expiring_soon_seconds", "m0", 8 * DAY)  # longer than that of w0, which is looked at before
    fleet.say(100, "e1", "s1", due=600 + 3600)
    fleet.say(100, "e2", "s2", due=600 + 3700)
    fleet.say(130, "e0", "s0", due=130 * 60 - 300)
    return fleet.story, {
        of("InstanceExpiringImminently", "e0"): [(0, 130)],
        of("InstanceExpiringImminently", "e1"): [(0, 140)],
        of("InstanceExpiringImminently", "e2"): [(0, 100)],
        of("InstanceExpiringImminently", "m0"): [(11, 140)],
        of("InstanceExpiringSoon", "s0"): [(0, 130)],
        of("InstanceExpiringSoon", "s1"): [(0, 140)],
        of("InstanceExpiringSoon", "s2"): [(0, 100)],
        of("InstanceExpiringSoon", "m0"): [(0, 140)],
        of("InstanceExpiringSoon", "w0"): [(11, 140)],
        **{of("InstanceExpired", name): [(15, 140)] for name in ("e0", "e1", "e2", "s0", "s1", "s2")},
    }


@story("subscription")
def unknown_after_an_outage() -> Play:
    """What is not known after polls have failed counts from the first good poll."""
    fleet = Fleet(4, 100)
    fleet.say(10, "p0", "p1", fault="timeout")
    fleet.say(50, "p0", fault=None, status="trialing")
    fleet.say(50, "p1", fault=None, due=None)
    return fleet.story, {
        of("InstancePollsFailing", "p0"): [(16, 50)],
        of("InstancePollsFailing", "p1"): [(16.5, 50.5)],
        of("InstanceValuesStale", "p0"): [(24, 50)],
        of("InstanceValuesStale", "p1"): [(24.5, 50.5)],
    }


@story("subscription")
def unpaid_beside_other_troubles() -> Play:
    """What is not paid is not told where it has expired, unless it was told before; others of its name do not count."""
    fleet = Fleet(0, 95)
    names = ("e0", "e1", "e2", "e3", "e4")
    fleet.labels.update({name: {} for name in names})
    fleet.phones.update({name: Phone(status="overdue") for name in names})
    fleet.phones["e0"].due, fleet.phones["e1"].due, fleet.phones["e2"].status = 600, 70 * 60, "trialing"
    fleet.say(65, "e4", fault="timeout")
    fleet.say(85, "e4", fault=None)
    fleet.say(90, "e1", status="paid")
    fleet.say(90, "e3", status="trialing")
    phones = {name: Phone(status="overdue") for name in names}
    phones["e1"].status = "trialing"
    fleet.story.exporters.append(Exporter("b:1", {name: {} for name in names}, phones, job="other"))
    elsewhere = Fleet(5, 95, letter="e")
    elsewhere.say(0, status="overdue")
    elsewhere.say(0, "e1", status="trialing")
    fleet.story.elsewhere = (
        elsewhere.story,
        {
            of("InstancePaymentUnknown", "e1"): [(60.5, 95)],
            of("InstanceUnpaid", "e0"): [(61, 95)],
            **{of("InstanceUnpaid", name): [(60.5, 95)] for name in ("e2", "e3", "e4")},
        },
    )
    return fleet.story, {
        of("InstanceExpiringImminently", "e0"): [(0, 95)],
        of("InstanceExpiringImminently", "e1"): [(0.5, 95)],
        of("InstanceExpired", "e0"): [(15, 95)],
        of("InstanceExpired", "e1"): [(75.5, 95)],
        of("InstancePaymentUnknown", "e1"): [(60.5, 95)],
        of("InstancePaymentUnknown", "e2"): [(60.5, 95)],
        of("InstanceUnpaid", "e0"): [(61, 95)],  # of the other job
        of("InstanceUnpaid", "e1"): [(60.5, 90.5)],
        of("InstanceUnpaid", "e2"): [(60.5, 95)],
        of("InstanceUnpaid", "e3"): [(60.5, 95)],
        of("InstanceUnpaid", "e4"): [(60.5, 95)],
        of("InstancePollsFailing", "e4"): [(71.5, 85.5)],
        of("InstanceValuesStale", "e4"): [(79.5, 85.5)],
    }


@story("subscription")
def unpaid_then_unknown() -> Play:
    """A status that neither list has ends the alert, without the news that the instance is paid."""
    fleet = Fleet(2, 100)
    fleet.say(10, "p0", status="overdue")
    fleet.say(80, "p0", status="weird")
    return fleet.story, {of("InstanceUnpaid", "p0"): [(70, 80)]}


@story("subscription")
def unpaid_then_overdue() -> Play:
    """Another status that is not paid ends the alert of the one before, which says that it is still not paid."""
    fleet = Fleet(2, 90)
    fleet.say(10, "p0", status="unpaid")
    fleet.say(80, "p0", status="overdue")
    return fleet.story, {of("InstanceUnpaid", "p0"): [(70, 90)]}


@story("listed")
def other_label() -> Play:
    """A number that gets another label, and a restart with it, is told under the new one at once."""
    fleet = Fleet(3, 45)
    fleet.say(10, "p0", connected=False)
    fleet.configure(20, fleet.exporter, p0={"team": "billing"})
    fleet.start(20)
    fleet.say(40, "p0", connected=True)
    return fleet.story, {of("InstanceDisconnected", "p0"): [(14, 40)]}


@story("listed")
def other_label_while_refused() -> Play:
    """A number that gets another label while its polls are refused for over an hour is not taken for a new one then."""
    fleet = Fleet(3, 100)
    fleet.say(10, "p0", connected=False)
    fleet.say(19, "p0", fault="unauthorized")
    fleet.configure(20, fleet.exporter, p0={"team": "billing"})
    fleet.start(20)
    fleet.say(90, "p0", fault=None)
    return fleet.story, {
        of("InstanceCredentialsRefused", "p0"): [(25, 90)],
        of("InstanceDisconnected", "p0"): [(14, 22), (90, 100)],
    }


@story("listed")
def other_label_while_failing() -> Play:
    """A number that gets another label, and a restart with it, while its polls fail is told on under the new one."""
    fleet = Fleet(4, 60)
    fleet.say(10, "p0", fault="timeout")
    fleet.say(10, "p1", fault="wrong_instance")
    fleet.configure(30, fleet.exporter, p0={"team": "billing"}, p1={"team": "billing"})
    fleet.start(30)
    return fleet.story, {
        of("InstancePollsFailing", "p0"): [(16, 32)],
        of("InstanceValuesStale", "p0"): [(24, 60)],
        of("InstanceWrongInstance", "p1"): [(16.5, 60)],
    }


@story("listed")
def other_label_while_flapping() -> Play:
    """A number that gets another label while it flaps is told under the new one for an hour more."""
    fleet = Fleet(2, 100)
    for minute in (5, 10, 15):
        fleet.say(minute, "p0", connected=False)
        fleet.say(minute + 2, "p0", connected=True)
    fleet.configure(20, fleet.exporter, p0={"team": "billing"})
    fleet.story.unsure = (80.5,)
    return fleet.story, {of("InstanceFlapping", "p0"): [(15, 80.5)]}


@story("listed")
def other_team_in_a_mass_event() -> Play:
    """A number that gets another team in a mass event counts with that one alone."""
    fleet = Fleet(6, 40)
    fleet.say(10, "p0", "p1", "p2", "p3", connected=False)
    fleet.configure(20, fleet.exporter, p0={"team": "sales"})
    return fleet.story, {
        job("ManyInstancesDisconnected"): [(11.5, 40)],
        job("TeamInstancesDisconnected", team="support"): [(11.5, 40)],
        job("TeamInstancesDisconnected", team="sales"): [(11.5, 40)],
    }


@story("listed")
def team_renamed_in_a_mass_event() -> Play:
    """A team that gets another name in a mass event is told by that name, and by the old one that it has another."""
    fleet = Fleet(6, 40)
    fleet.say(10, "p0", "p1", "p3", "p5", connected=False)
    shops = {"team": "shops"}
    fleet.configure(20, fleet.exporter, p1=shops, p3=shops, p5=shops)
    return fleet.story, {
        job("ManyInstancesDisconnected"): [(11.5, 40)],
        job("TeamInstancesDisconnected", team="support"): [(11.5, 40)],
        job("TeamInstancesDisconnected", team="sales"): [(11.5, 20)],
        job("TeamInstancesDisconnected", team="shops"): [(20, 40)],
    }


@story("listed")
def refused_and_dropped_with_other_labels_at_half_of_a_pair() -> Play:
    """Numbers to which one of two exporters gives another label are counted and listed once."""
    fleet = Fleet(8, 40)
    other = fleet.more()
    fleet.configure(5, other, p0={"team": "finance"}, p1={"team": "finance"}, p4={"team": "finance"})
    fleet.configure(5, other, p2={"team": "support", "region": "south"})
    fleet.say(10, "p0", fault="ip_not_allowed")
    fleet.say(10, "p1", fault="forbidden")
    fleet.say(12, "p2", "p3", "p4", connected=False)
    return fleet.story, {
        job("AddressNotAllowed"): [(16, 40)],
        job("Forbidden"): [(16.5, 40)],
        job("ManyInstancesDisconnected"): [(13.5, 40)],
        job("TeamInstancesDisconnected", team="support"): [(13.5, 40)],
        job("TeamInstancesDisconnected", team="finance"): [(13.5, 40)],
        job("TeamInstancesDisconnected", team="sales"): [(13.5, 40)],
    }


@story("listed")
def other_team_at_half_of_a_pair() -> Play:
    """Numbers to which one of two exporters gives another team are told by both, whatever scrapes are lost."""
    fleet = Fleet(4, 50, lambda instance, scrape: instance == "b:1" and scrape % 3 == 1)
    other = fleet.more("b:1", labels={name: {"team": "billing"} for name in fleet.labels})
    fleet.say(10, "p0", "p1", "p2", connected=False)
    fleet.kill(20, other)
    fleet.start(30, other)
    return fleet.story, {
        job("ManyInstancesDisconnected"): [(11.5, 50)],
        job("TeamInstancesDisconnected", team="support"): [(11.5, 50)],
        job("TeamInstancesDisconnected", team="sales"): [(11.5, 50)],
        job("TeamInstancesDisconnected", team="billing"): [(11.5, 50)],
        at("ExporterDown", "b:1"): [(23, 30)],
    }


@story("listed")
def listed_for_minutes() -> Play:
    """Numbers that were listed for less than ten minutes have not vanished; for longer they have."""
    fleet = Fleet(12, 60)
    added = [f"p{number}" for number in range(3, 12)]
    for begin in (10, 35):
        fleet.add(begin, *added)
    for end in (0, 17.5, 43.5):
        fleet.configure(end, fleet.exporter, without=added)
    return fleet.story, {job("InstancesVanished"): [(45.5, 60)]}


@story("listed")
def vanished() -> Play:
    """A configuration that shrinks from ten to three by mistake is told, and goes on being told for an hour."""
    fleet = Fleet(10, 100)
    fleet.say(10, "p0", connected=False)
    fleet.configure(20, fleet.exporter, without=[f"p{number}" for number in (0, 4, 5, 6, 7, 8, 9)])
    fleet.story.unsure = (81.5, 82)
    return fleet.story, {
        of("InstanceDisconnected", "p0"): [(14, 22)],
        job("InstancesVanished"): [(22, 81.5)],
    }


@story("listed")
def vanished_and_listed_again() -> Play:
    """Instances that vanished are told as back when they are listed again, with the number of those that are not."""
    fleet = Fleet(10, 70)
    lost = [f"p{number}" for number in range(3, 10)]
    fleet.configure(20, fleet.exporter, without=lost)
    fleet.add(40, *lost[:5])
    return fleet.story, {job("InstancesVanished"): [(22, 40)]}


@story("listed")
def all_vanished_and_listed_again() -> Play:
    """Instances that have all vanished and are listed again are told as back."""
    fleet = Fleet(4, 40)
    fleet.configure(10, fleet.exporter, without=list(fleet.phones))
    fleet.add(30, *fleet.phones)
    return fleet.story, {job("InstancesVanished"): [(12, 30)]}


@story("listed")
def all_vanished() -> Play:
    """An exporter that watches nothing any more is told by what it watched before."""
    fleet = Fleet(4, 30)
    fleet.configure(10, fleet.exporter, without=list(fleet.phones))
    return fleet.story, {job("InstancesVanished"): [(12, 30)]}


@story("listed")
def just_enough_vanished() -> Play:
    """Three that vanish are enough, and so are three of ten."""
    fleet = Fleet(10, 30)
    fleet.configure(10, fleet.exporter, without=["p0", "p1", "p2"])
    return fleet.story, {job("InstancesVanished"): [(12, 30)]}


@story("listed")
def half_renamed() -> Play:
    """Numbers that get other names do not vanish, though both names are listed for a while."""
    fleet = Fleet(6, 30)
    fleet.phones.update({f"q{number}": Phone() for number in range(3)})
    others = {f"q{number}": dict(fleet.labels[f"p{number}"]) for number in range(3)}
    fleet.configure(10, fleet.exporter, without=["p0", "p1", "p2"], **others)
    return fleet.story, {}


@story("listed")
def few_vanished() -> Play:
    """Two fewer are too few, three of eleven too small a share."""
    fleet = Fleet(11, 40)
    fleet.configure(10, fleet.exporter, without=["p0", "p1", "p2"])
    small = Fleet(4, 40)
    small.exporter.job, small.exporter.instance = "small", "s:1"
    fleet.story.exporters.append(small.exporter)
    fleet.configure(10, small.exporter, without=["p0", "p1"])
    return fleet.story, {}


@story("listed")
def shard_lost() -> Play:
    """A shard that left the targets is told as such; its numbers are held for an hour, and do not vanish."""
    fleet = Fleet(4, 130)
    other = fleet.more(labels={f"q{number}": {"team": "sales"} for number in range(4)})
    fleet.phones.update({f"q{number}": Phone() for number in range(4)})
    fleet.say(10, "q0", connected=False)
    fleet.kill(30, other, target=False)
    fleet.story.unsure = (89.5, 90)
    return fleet.story, {
        of("InstanceDisconnected", "q0"): [(14, 90)],
        job("ExporterTargetLost"): [(39.5, 90)],
    }


@story("listed")
def uninstalled() -> Play:
    """The alerts of an exporter that was uninstalled end after an hour."""
    fleet = Fleet(4, 100)
    fleet.say(10, "p0", connected=False)
    fleet.kill(20, target=False)
    other = Exporter("b:1", {"q0": {}}, {"q0": Phone()}, job="other")
    fleet.story.exporters.append(other)
    return fleet.story, {
        of("InstanceDisconnected", "p0"): [(14, 79.5)],
        job("ExporterTargetLost"): [(29.5, 79.5)],
    }


def with_namesakes(fleet: Fleet, *names: str) -> Exporter:
    """Another exporter, which has other instances by these names."""
    labels = {name: dict(fleet.labels[name]) for name in names}
    other = Exporter("b:1", labels, {name: Phone(id="BEEF") for name in names})
    fleet.story.exporters.append(other)
    return other


def name_of_two(minutes: int, numbers: int = 2) -> tuple[Fleet, Exporter]:
    """Two exporters, of which the second has another instance by the name of ``p0``."""
    fleet = Fleet(numbers, minutes)
    return fleet, with_namesakes(fleet, "p0")


@story("listed")
def two_ids() -> Play:
    """One name with two ids is told after ten minutes."""
    fleet, other = name_of_two(30)
    fleet.story.at(20, lambda: setattr(other.phones["p0"], "id", "F00D"))
    return fleet.story, {of("InstanceTwoIds", "p0"): [(10, 20)]}


@story("listed")
def two_ids_until_removed() -> Play:
    """One name with two ids is told until one exporter has long listed it no more."""
    fleet, another = Fleet(2, 30), Phone()
    other = Exporter(
        "b:1", {"p0": dict(fleet.labels["p0"]), "q0": {}}, {"p0": Phone(id="BEEF"), "q0": another}
    )
    fleet.story.exporters.append(other)
    fleet.story.at(19, lambda: setattr(another, "fault", "timeout"))
    fleet.configure(20, other, without=["p0"])
    return fleet.story, {
        of("InstanceTwoIds", "p0"): [(10, 22)],
        of("InstancePollsFailing", "q0"): [(26, 30)],
    }


@story("listed")
def two_ids_until_removed_amid_failures() -> Play:
    """What an exporter read last is held while its polls fail; those of others, and of other jobs, hold nothing."""
    fleet, other = name_of_two(40)
    fleet.configure(20, other, without=["p0"])
    again, elsewhere = Fleet(2, 40), Fleet(2, 40)
    again.exporter.instance = elsewhere.exporter.instance = other.instance
    for numbers in (fleet, again, elsewhere):
        numbers.say(19, "p0", fault="timeout")
        numbers.say(25, "p0", fault=None)
    fleet.story.again = again.story
    fleet.story.elsewhere = elsewhere.story, {}
    return fleet.story, {of("InstanceTwoIds", "p0"): [(10, 22)]}


@story("listed")
def two_ids_of_one_that_fails_until_removed() -> Play:
    """The id of a name whose polls fail is held until its exporter does not list it any more."""
    fleet, other = name_of_two(40)
    fleet.story.at(15, lambda: setattr(other.phones["p0"], "fault", "timeout"))
    fleet.configure(20, other, without=["p0"])
    return fleet.story, {of("InstanceTwoIds", "p0"): [(10, 22)]}


@story("listed")
def two_ids_of_two_names() -> Play:
    """Each of two names that have two ids ends for itself, whatever happens to that name in another job."""
    fleet, again = Fleet(2, 50), Fleet(2, 50)
    here, there = (with_namesakes(each, "p0", "p1").phones for each in (fleet, again))
    for name, minute in (("p0", 13), ("p1", 33)):
        fleet.story.at(minute, partial(setattr, here[name], "fault", "timeout"))
        fleet.story.at(minute + 10, partial(setattr, here[name], "fault", None))
    fleet.story.at(30, partial(setattr, here["p0"], "id", "F00D"))
    for name, minute in (("p0", 24), ("p1", 37)):
        there[name].id = "F00D"
        again.story.at(minute, partial(setattr, there[name], "id", "BEEF"))
        again.story.at(minute + 9, partial(setattr, there[name], "id", "F00D"))
    fleet.story.again = again.story
    return fleet.story, {of("InstanceTwoIds", "p0"): [(10, 30)], of("InstanceTwoIds", "p1"): [(10.5, 50)]}


@story("listed")
def another_id_beside_a_dead_exporter() -> Play:
    """A number that is created anew has one id, though an exporter that is dead has read the old one."""
    fleet = Fleet(2, 40)
    fleet.kill(10, fleet.more())
    fleet.say(15, "p0", id="BEEF")
    return fleet.story, {at("ExporterDown", "b:1"): [(13, 40)]}


@story("listed")
def two_ids_through_restarts() -> Play:
    """One name with two ids is told through lost scrapes, failed polls, a restart and a move of one exporter."""
    fleet, other = name_of_two(80)
    fleet.story.lost = lambda instance, scrape: instance == "b:1" and scrape % 3 == 1
    fleet.kill(30, other)
    fleet.start(33, other)
    fleet.story.at(36, lambda: setattr(other, "reaches", False))
    fleet.story.at(46, lambda: setattr(other, "reaches", True))
    fleet.kill(50, other, target=False)
    moved = Exporter("c:1", dict(other.labels), other.phones, running=False, target=False)
    fleet.story.exporters.append(moved)
    fleet.start(54, moved)
    fleet.story.at(70, lambda: setattr(moved.phones["p0"], "id", "F00D"))
    return fleet.story, {of("InstanceTwoIds", "p0"): [(10, 70)]}


@story("listed")
def two_ids_that_were_one_before_a_lost_scrape() -> Play:
    """A name that has one id again is not told anew when one of the exporters then dies."""
    fleet, other = name_of_two(60)
    fleet.story.at(20, lambda: setattr(other.phones["p0"], "id", "F00D"))
    fleet.kill(21, other)
    return fleet.story, {of("InstanceTwoIds", "p0"): [(10, 20)], at("ExporterDown", "b:1"): [(24, 60)]}


# --- subscription and payment ----------------------------------------------------------------------------------------


@story("subscription")
def unknown_again() -> Play:
    """What Z-API does not say again is told again."""
    fleet = Fleet(4, 150)
    for minute in (1, 80):
        fleet.say(minute, "p0", "p1", due=None)
        fleet.say(minute, "p2", "p3", status="trialing")
    fleet.say(70, due=FIRST, status="paid")
    return fleet.story, {
        of("InstanceDueUnknown", "p0"): [(61, 70), (140, 150)],
        of("InstanceDueUnknown", "p1"): [(61.5, 70.5), (140.5, 150)],
        of("InstancePaymentUnknown", "p2"): [(61.5, 70.5), (140.5, 150)],
        of("InstancePaymentUnknown", "p3"): [(61.5, 70.5), (140.5, 150)],
    }


@story("subscription")
def unpaid_that_becomes_unknown() -> Play:
    """A number whose status is in neither list now is not told as unpaid any more."""
    fleet = Fleet(2, 140)
    fleet.say(1, "p0", status="overdue")
    fleet.say(75, "p0", status="trialing")
    return fleet.story, {
        of("InstanceUnpaid", "p0"): [(61, 75)],
        of("InstancePaymentUnknown", "p0"): [(135, 140)],
    }


@story("subscription")
def paid_before_a_failed_poll() -> Play:
    """A payment that is seen first when the next poll has failed already is seen."""
    fleet = Fleet(2, 80, lambda instance, scrape: scrape in (140, 141))
    fleet.say(1, "p0", status="overdue")
    fleet.say(70, "p0", status="paid")
    fleet.say(70.5, "p0", fault="timeout")
    return fleet.story, {
        of("InstanceUnpaid", "p0"): [(61, 71)],
        of("InstancePollsFailing", "p0"): [(77, 80)],
    }


@story("subscription")
def expiry() -> Play:
    """The gravest of the three is told; what was told before stays until the subscription is renewed."""
    fleet = Fleet(5, 60)
    fleet.phones["p0"].due = 7.0 * DAY + 600  # soon, at minute 10
    fleet.phones["p1"].due = 1.0 * DAY + 600
    fleet.phones["p2"].due = 600.0
    fleet.phones["p3"].due = -600.0
    for number in range(4):
        fleet.say(40, f"p{number}", due=90.0 * DAY)
    return fleet.story, {
        of("InstanceExpiringSoon", "p0"): [(11, 40)],
        of("InstanceExpiringSoon", "p1"): [(0.5, 40.5)],
        of("InstanceExpiringImminently", "p1"): [(10.5, 40.5)],
        of("InstanceExpiringImminently", "p2"): [(0.5, 40.5)],
        of("InstanceExpired", "p2"): [(15.5, 40.5)],
        of("InstanceExpired", "p3"): [(0.5, 40.5)],
    }


@story("subscription")
def expiry_in_an_outage() -> Play:
    """Nothing expires by old knowledge: who knows what was paid since."""
    fleet = Fleet(5, 60)
    fleet.phones["p0"].due = 1200.0
    fleet.say(5, "p0", fault="timeout")
    return fleet.story, {
        of("InstanceExpiringImminently", "p0"): [(0, 60)],
        of("InstancePollsFailing", "p0"): [(11, 60)],
        of("InstanceValuesStale", "p0"): [(19, 60)],
    }


@story("subscription")
def payment() -> Play:
    """Unpaid is told after an hour, through an outage of the exporter; what is unknown, as information."""
    fleet = Fleet(5, 150)
    fleet.say(10, "p0", status="overdue")
    fleet.say(130, "p0", status="paid")
    fleet.phones["p1"].status = "trialing"
    fleet.phones["p2"].due = None
    fleet.say(100, "p1", status="paid")
    fleet.say(100, "p2", due=90.0 * DAY)
    fleet.kill(80)
    fleet.start(95)
    return fleet.story, {
        of("InstanceUnpaid", "p0"): [(70, 130)],
        of("InstancePaymentUnknown", "p1"): [(60.5, 100.5)],
        of("InstanceDueUnknown", "p2"): [(60.5, 100.5)],
        at("ExporterDown"): [(83, 95)],
    }


# --- webhooks --------------------------------------------------------------------------------------------------------


@story("webhooks")
def webhooks() -> Play:
    """A webhook that is missing, muted or has another URL is told after ten minutes, each as what it is."""
    fleet = Fleet(5, 45)
    for number, state in enumerate(("missing", "muted", "other")):
        fleet.phones[f"p{number}"].webhooks["received"] = "good"
        fleet.say(10, f"p{number}", webhooks={"received": state, "disconnected": "good"})
        fleet.say(35, f"p{number}", webhooks={"received": "good", "disconnected": "good"})
    fleet.phones["p3"].webhooks["received"] = "good"
    fleet.say(10, "p3", webhooks={"received": "missing"})
    fleet.say(19, "p3", webhooks={"received": "good"})  # in time
    fleet.phones["p4"].webhooks["received"] = "missing"
    fleet.say(25, "p4", webhooks={})  # expected no more
    return fleet.story, {
        of("InstanceWebhookMissing", "p0", webhook="received"): [(20, 35)],
        of("InstanceWebhookMuted", "p1", webhook="received"): [(20.5, 35.5)],
        of("InstanceWebhookUnexpected", "p2", webhook="received"): [(20.5, 35.5)],
        of("InstanceWebhookMissing", "p4", webhook="received"): [(10.5, 25.5)],
    }


@story("webhooks")
def webhooks_that_are_not_expected_any_more() -> Play:
    """Webhooks that are not expected any more end, though not as if they were set again."""
    fleet = Fleet(2, 35)
    every = ("received", "delivery", "status", "connected")
    fleet.phones["p0"].webhooks = dict(zip(every, ("missing", "muted", "other", "good"), strict=True))
    fleet.phones["p1"].webhooks = dict.fromkeys(every, "good")
    fleet.say(25, "p0", webhooks={"connected": "good"})
    return fleet.story, {
        of("InstanceWebhookMissing", "p0", webhook="received"): [(11, 25)],
        of("InstanceWebhookMuted", "p0", webhook="delivery"): [(11, 25)],
        of("InstanceWebhookUnexpected", "p0", webhook="status"): [(11, 25)],
    }


@story("webhooks")
def webhook_missing_again() -> Play:
    """A webhook that is missing again is told again, by when it was, and another of the number by its own time."""
    fleet = Fleet(2, 50)
    for minute, received, status in (
        (1, "good", "good"),
        (5, "missing", "good"),
        (10, "missing", "other"),
        (20, "good", "other"),
        (30, "missing", "other"),
    ):
        fleet.say(minute, "p0", webhooks={"received": received, "status": status})
    return fleet.story, {
        of("InstanceWebhookMissing", "p0", webhook="received"): [(15, 20), (40, 50)],
        of("InstanceWebhookUnexpected", "p0", webhook="status"): [(20, 50)],
    }


@story("webhooks")
def webhook_of_another_kind() -> Play:
    """A webhook that is wrong in another way is told as that at once, with since when it has not been as expected."""
    fleet = Fleet(2, 60)
    fleet.phones["p0"].webhooks["received"] = "good"
    fleet.say(10, "p0", webhooks={"received": "missing"})
    fleet.say(40, "p0", webhooks={"received": "other"})
    return fleet.story, {
        of("InstanceWebhookMissing", "p0", webhook="received"): [(20, 40)],
        of("InstanceWebhookUnexpected", "p0", webhook="received"): [(40, 60)],
    }


# --- polls -----------------------------------------------------------------------------------------------------------


@story("polls")
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


@story("polls")
def never_polled_well() -> Play:
    """A number whose polls have failed from the first on is told too."""
    fleet = Fleet(4, 40)
    fleet.phones["p0"].fault = "timeout"
    fleet.say(30, "p0", fault=None)
    return fleet.story, {
        of("InstancePollsFailing", "p0"): [(7, 30)],
        of("InstanceValuesStale", "p0"): [(15, 30)],
    }


@story("polls")
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


@story("polls")
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


@story("polls")
def timeout_between_long_waits() -> Play:
    """A timeout amid polls that are refused every five minutes does not end what was told."""
    fleet = Fleet(3, 60)
    waits_after_a_refusal(fleet)
    fleet.say(5, "p0", fault="unauthorized")
    fleet.say(26, "p0", fault="timeout")
    fleet.say(31.5, "p0", fault="unauthorized")
    fleet.say(50, "p0", fault=None)
    return fleet.story, {of("InstanceCredentialsRefused", "p0"): [(15, 52)]}


@story("polls")
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


@story("polls")
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


@story("polls")
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


@story("polls")
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


@story("polls")
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


@story("polls")
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


@story("polls")
def outage_that_becomes_a_refusal() -> Play:
    """An outage that ends in polls that a firewall refuses ends without a word of success."""
    fleet = Fleet(4, 45)
    fleet.say(10, fault="server_error")
    fleet.say(30, fault="forbidden")
    return fleet.story, {job("ApiDown"): [(12.5, 35.5)], job("Forbidden"): [(35, 45)]}


@story("polls")
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


@story("polls")
def refused_address_removed() -> Play:
    """A refused address is told as that of removed numbers when those that were refused are removed."""
    fleet = Fleet(6, 50)
    fleet.say(10, "p0", fault="ip_not_allowed")
    fleet.say(10, "p1", fault="forbidden")
    fleet.configure(25, fleet.exporter, without=["p0"])
    fleet.configure(40, fleet.exporter, without=["p1"])
    return fleet.story, {job("AddressNotAllowed"): [(16, 27)], job("Forbidden"): [(16.5, 42)]}


@story("polls")
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


@story("polls")
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


@story("polls")
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


@story("polls")
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


@story("polls")
def outage_with_some_polls_limited() -> Play:
    """An outage in which every fifth poll is refused as too many is told as the outage alone."""
    return outage_with_every_fifth("rate_limited")


@story("polls")
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


@story("polls")
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


@story("polls")
def outage_with_more_than_a_fifth_left() -> Play:
    """An outage goes on while three of fourteen are left."""
    return outage_of(14, failing=14, left=3).story, {job("ApiDown"): [(7.5, 40)]}


@story("polls")
def outage_with_less_than_a_fifth_left() -> Play:
    """An outage ends when two of eleven are left."""
    fleet = outage_of(11, failing=11, left=2)
    return fleet.story, {
        job("ApiDown"): [(7.5, 20.5)],
        of("InstanceValuesStale", "p0"): [(21, 40)],
        of("InstanceValuesStale", "p1"): [(21.5, 40)],
    }


@story("polls")
def outage_of_five_of_six() -> Play:
    """Five of six are enough for an outage."""
    return outage_of(6, failing=5, left=5).story, {job("ApiDown"): [(7.5, 40)]}


@story("polls")
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


@story("polls")
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


@story("polls")
def backoff_after_an_outage() -> Play:
    """A number that is polled again minutes after the others is not told as failing at the end of an outage."""
    fleet = Fleet(6, 60)
    fleet.say(10, fault="connect")
    fleet.say(40, fault=None)
    fleet.story.at(38, lambda: fleet.exporter.pauses.update(p0=45 * 60))
    return fleet.story, {job("ApiDown"): [(12.5, 40.5)]}


@story("polls")
def new_numbers_that_fail_for_another_reason_first() -> Play:
    """The first poll of a number that was never good is where it begins to fail, and says no reason yet."""
    fleet = Fleet(3, 14)
    for phone in fleet.phones.values():
        phone.fault = "wrong_instance"
    fleet.say(0.9, fault="timeout")
    return fleet.story, {job("ApiDown"): [(3.5, 14)]}


@story("polls")
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


@story("polls")
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


@story("polls")
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


@story("polls")
def outage_in_which_numbers_are_added() -> Play:
    """An outage goes on when numbers are added that can be polled, and one more cannot."""
    fleet = Fleet(12, 50)
    later = [f"p{number}" for number in range(5, 12)]
    fleet.add(25, *later)
    fleet.configure(0, fleet.exporter, without=later)
    fleet.say(10, "p0", "p1", "p2", "p3", fault="timeout")
    fleet.say(30, "p4", fault="timeout")
    return fleet.story, {job("ApiDown"): [(12.5, 50)]}


@story("polls")
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


@story("polls")
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


@story("polls")
def limits_and_outages_of_two_jobs() -> Play:
    """An outage in which some polls are refused as too many is told, though another job is limited."""
    fleet, other = Fleet(4, 40), Fleet(4, 40)
    fleet.say(10, fault="timeout")
    fleet.say(11, fault="rate_limited")
    fleet.say(12, fault="timeout")
    other.say(2, fault="rate_limited")
    fleet.story.again = other.story
    return fleet.story, {job("RateLimited"): [(10, 40)], job("ApiDown"): [(12.5, 40)]}


@story("polls")
def rate_limited() -> Play:
    """A quarter of a job's polls refused as too many is one alert, without one for each number."""
    fleet = Fleet(3, 60)
    fleet.say(10, "p0", fault="rate_limited")
    fleet.say(40, "p0", fault=None)
    fleet.story.unsure = (22, 41.5, 42)
    return fleet.story, {
        job("RateLimited"): [(22, 41.5)],
    }


@story("polls")
def rate_limited_no_more() -> Play:
    """Polls of a job that Z-API does not limit any more are told as such."""
    fleet = Fleet(5, 55)
    fleet.say(10, "p0", "p1", fault="rate_limited")
    fleet.say(40, "p0", "p1", fault=None)
    return fleet.story, {job("RateLimited"): [(21, 43.5)]}


@story("polls")
def rate_limited_until_an_outage() -> Play:
    """Polls that fail in an outage are no news that Z-API does not limit them any more."""
    fleet = Fleet(5, 55)
    fleet.say(10, "p0", "p1", fault="rate_limited")
    fleet.say(40, "p0", "p1", "p2", "p3", fault="timeout")
    return fleet.story, {job("RateLimited"): [(21, 43.5)], job("ApiDown"): [(43.5, 55)]}


@story("polls")
def rate_limited_through_a_dead_exporter() -> Play:
    """The limit of a job is told on while its exporter is dead, until it is not watched any more."""
    fleet = Fleet(5, 120)
    fleet.say(10, fault="rate_limited")
    fleet.kill(30)
    fleet.start(50)
    fleet.kill(55, target=False)
    fleet.story.exporters.append(Exporter("b:1", {"q0": {}}, {"q0": Phone()}, job="other"))
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


@story("polls")
def rate_limited_before_a_silence() -> Play:
    """A limit that is gone after a silence is told as such."""
    return limited_before_a_silence(None).story, {
        job("RateLimited"): [(17, 55)],
        at("ExporterDown"): [(33, 50)],
    }


@story("polls")
def rate_limited_before_a_silence_and_an_outage() -> Play:
    """A limit has ended, and not well, when polls fail for another reason after a silence."""
    return limited_before_a_silence("timeout").story, {
        job("RateLimited"): [(17, 55)],
        at("ExporterDown"): [(33, 50)],
        of("InstanceValuesStale", "p0"): [(50, 60)],
        job("ApiDown"): [(50.5, 60)],
    }


@story("polls")
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


@story("polls")
def limit_beside_an_outage() -> Play:
    """Polls of a job that are refused as too many, but for some, are no outage, though another job has one."""
    fleet, other = Fleet(4, 40), Fleet(4, 40)
    limit_amid_timeouts(fleet, 2)
    other.say(10, fault="timeout")
    other.say(20, fault=None)
    fleet.story.again = other.story
    return fleet.story, {job("RateLimited"): [(10, 40)], job("ApiDown"): [(12.5, 20.5)]}


@story("polls")
def outage_that_turns_into_a_limit() -> Play:
    """An outage that was told goes on while some of its polls are refused as too many."""
    fleet = Fleet(4, 50)
    fleet.say(10, fault="timeout")
    limit_amid_timeouts(fleet, 20)
    return fleet.story, {job("ApiDown"): [(12.5, 50)], job("RateLimited"): [(27.5, 50)]}


@story("polls")
def all_rate_limited() -> Play:
    """All polls of a job refused as too many are one alert."""
    fleet = Fleet(2, 60)
    fleet.say(10, fault="rate_limited")
    fleet.say(40, fault=None)
    fleet.story.unsure = (17, 46.5, 47, 47.5)
    return fleet.story, {job("RateLimited"): [(17, 47)]}


# --- the exporter itself ---------------------------------------------------------------------------------------------


@story("exporter")
def reload_failed() -> Play:
    """A configuration that was refused is told after five minutes, through lost scrapes."""
    fleet = Fleet(2, 40, one_in_three)
    fleet.story.at(10, lambda: setattr(fleet.exporter, "reload_successful", False))
    fleet.story.at(30, lambda: setattr(fleet.exporter, "reload_successful", True))
    return fleet.story, {at("ExporterReloadFailed"): [(15, 30)]}


@story("exporter")
def too_old() -> Play:
    """An exporter that is too old for the rules is told, until it is updated."""
    fleet = Fleet(2, 30)
    fleet.exporter.old = True
    fleet.say(10, "p0", connected=False)

    def update() -> None:
        fleet.exporter.old = False
        fleet.exporter.restart(20 * 60)

    fleet.story.at(20, update)
    return fleet.story, {at("ExporterTooOld"): [(5.5, 20)], of("InstanceDisconnected", "p0"): [(14, 30)]}


@story("exporter")
def clock_wrong() -> Play:
    """A clock that is more than thirty seconds behind or ahead is told, until it differs by half of that at most."""
    fleet = Fleet(2, 45, one_in_three)
    behind = fleet.exporter
    ahead, just, hardly, silent = (
        fleet.more(f"{letter}:1", clock=clock)
        for letter, clock in zip("bcde", (120, 31, 29, 300), strict=True)
    )
    behind.clock = -600
    for exporter in (behind, ahead, just, hardly):
        exporter.says_until_due = True
    fleet.story.at(20, lambda: setattr(just, "clock", 16.0))
    fleet.story.at(25, lambda: setattr(behind, "clock", -15.0))
    fleet.kill(30, ahead, target=False)
    fleet.kill(30, silent)
    return fleet.story, {
        at("ExporterClockWrong"): [(6, 25)],
        at("ExporterClockWrong", "b:1"): [(6, 30)],
        at("ExporterClockWrong", "c:1"): [(6, 45)],
        at("ExporterDown", "e:1"): [(33, 45)],
        job("ExporterTargetLost"): [(39.5, 45)],
    }


@story("exporter")
def missing() -> Play:
    """Without any exporter among the targets for ten minutes, that is told."""
    fleet = Fleet(2, 60)
    fleet.kill(10, target=False)
    fleet.start(40)
    return fleet.story, {job("ExporterMissing"): [(19.5, 40)]}


@story("exporter")
def behind() -> Play:
    """Polls that begin late for twenty minutes are told."""
    fleet = Fleet(2, 60)
    fleet.story.at(5, lambda: setattr(fleet.exporter, "lateness", 20.0))
    fleet.story.at(40, lambda: setattr(fleet.exporter, "lateness", 0.0))
    fleet.story.unsure = (22, 42)
    return fleet.story, {at("ExporterBehind"): [(22.5, 41.5)]}


@story("exporter")
def behind_from_its_start() -> Play:
    """An exporter whose polls begin late from its start is told after ten minutes."""
    fleet = Fleet(2, 45)
    fleet.start(20, fleet.more(running=False, target=False, lateness=20.0))
    return fleet.story, {at("ExporterBehind", "b:1"): [(30.5, 45)]}


@story("exporter")
def behind_no_more() -> Play:
    """Polls of an exporter that begin in time again are told as such."""
    fleet = Fleet(2, 60)
    fleet.story.at(5, lambda: setattr(fleet.exporter, "lateness", 16.0))
    fleet.story.at(40, lambda: setattr(fleet.exporter, "lateness", 0.0))
    fleet.story.unsure = (23.5,)
    return fleet.story, {at("ExporterBehind"): [(24, 40.5)]}


@story("exporter")
def hardly_behind() -> Play:
    """Polls that begin fifteen and a half seconds late are told, fourteen and a half are not."""
    fleet = Fleet(2, 40)
    other = fleet.more()
    fleet.story.at(5, lambda: setattr(fleet.exporter, "lateness", 15.5))
    fleet.story.at(5, lambda: setattr(other, "lateness", 14.5))
    fleet.story.unsure = tuple(minute / 2 for minute in range(46, 60))
    return fleet.story, {at("ExporterBehind"): [(26, 40)]}


@story("exporter")
def exporters_taken_away() -> Play:
    """What was told of an exporter is not told as well because it is not a target any more."""
    fleet = Fleet(2, 60)
    down, restarting, behind, refused, old = (
        fleet.more(f"{letter}:1", lateness=20.0 * (letter == "d"), old=letter == "f") for letter in "bcdef"
    )
    refused.reload_successful = False
    fleet.kill(5, down)
    for minute in (10, 14, 18, 22, 26):
        fleet.start(minute, restarting)
    for exporter in (down, restarting, behind, refused, old):
        fleet.kill(30, exporter, target=False)
    fleet.story.unsure = (10.5,)
    return fleet.story, {
        at("ExporterDown", "b:1"): [(8, 30)],
        at("ExporterRestarting", "c:1"): [(18, 30)],
        at("ExporterBehind", "d:1"): [(11, 30)],
        at("ExporterReloadFailed", "e:1"): [(5.5, 30)],
        at("ExporterTooOld", "f:1"): [(5.5, 30)],
        job("ExporterTargetLost"): [(39.5, 60)],
    }


@story("exporter")
def exporters_that_die() -> Play:
    """An exporter that restarted again and again, or polled late, is not told as well because it is dead."""
    fleet = Fleet(2, 100)
    restarting, behind = fleet.more(), fleet.more("c:1", lateness=20.0)
    for minute in (10, 14, 18):
        fleet.start(minute, restarting)
    fleet.kill(30, restarting)
    fleet.kill(30, behind)
    fleet.story.unsure = (10.5, 49, 49.5, 69.5, 70, 70.5)
    return fleet.story, {
        at("ExporterRestarting", "b:1"): [(18, 70)],
        at("ExporterBehind", "c:1"): [(11, 49.5)],
        at("ExporterDown", "b:1"): [(33, 100)],
        at("ExporterDown", "c:1"): [(33, 100)],
    }


@story("exporter")
def targets_that_are_no_exporters() -> Play:
    """A target that cannot be scraped and never was an exporter is not told, and no removal waits for it."""
    fleet, other, elsewhere = Fleet(4, 45), Fleet(4, 45, letter="q"), Fleet(4, 45)
    other.exporter.instance = elsewhere.exporter.instance = "b:1"
    for numbers, name, target in ((fleet, "p0", "c:1"), (other, "q0", "a:1"), (elsewhere, "p0", "a:1")):
        numbers.story.exporters.append(Exporter(target, {}, {}, running=False))
        numbers.say(10, name, connected=False)
        numbers.configure(30, numbers.exporter, without=[name])
    fleet.story.again = other.story
    fleet.story.elsewhere = elsewhere.story, {of("InstanceDisconnected", "p0"): [(14, 32)]}
    return fleet.story, {
        of("InstanceDisconnected", "p0"): [(14, 32)],
        of("InstanceDisconnected", "q0"): [(14, 32)],
    }


@story("exporter")
def target_for_ten_minutes() -> Play:
    """An exporter counts as one of those of a job when it has been a target for ten minutes, and not before."""
    fleet, elsewhere = Fleet(2, 60), Fleet(2, 60)
    for numbers, minute in ((fleet, 20.1), (elsewhere, 19.1)):
        guest = numbers.more(running=False, target=False)
        numbers.start(9.6, guest)
        numbers.kill(minute, guest, target=False)
    fleet.story.elsewhere = elsewhere.story, {}
    return fleet.story, {job("ExporterTargetLost"): [(30, 60)]}


@story("exporter")
def numbers_that_are_probed() -> Play:
    """A number whose target is a probe is told like any other, and its target may go, as it is no exporter."""
    fleet = Fleet(6, 60)
    probes = [
        Exporter(f"probe-{name}:1", {name: labels}, fleet.phones, probe=True)
        for name, labels in fleet.labels.items()
    ]
    fleet.story.exporters[:] = probes
    fleet.say(10, "p0", "p1", connected=False)
    fleet.kill(30, probes[0], target=False)
    fleet.say(40, "p1", connected=True)
    return fleet.story, {
        of("InstanceDisconnected", "p0"): [(14, 32)],
        of("InstanceDisconnected", "p1"): [(14, 40)],
    }


@story("exporter")
def restarting_no_more() -> Play:
    """An exporter that has not restarted three times within an hour any more is told as such."""
    fleet = Fleet(2, 100)
    for minute in (10, 14, 18):
        fleet.start(minute)
    # Another program beside it, which is no exporter, restarts all the time.
    other = 'process_start_time_seconds{job="other", instance="a:1"}'
    fleet.story.more = [{"series": other, "values": "0+60x200"}]
    fleet.story.unsure = (69.5, 70, 70.5)
    return fleet.story, {at("ExporterRestarting"): [(18, 70)]}


def raise_thresholds(fleet: Fleet, minute: int, *thresholds: str, until: int | None = None) -> None:
    """Record far higher thresholds beside those of the file, of which the larger counts."""
    end = fleet.story.seconds // 60 + 1 if until is None else until
    values = f"_x{2 * minute} {10 * DAY}x{2 * (end - minute) - 1} stale"
    fleet.story.more += [
        {"series": f'zapi:threshold:{one}{{twice="yes"}}', "values": values} for one in thresholds
    ]


@story("thresholds_twice")
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


@story("thresholds_twice")
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


@story("thresholds_twice")
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
        fleet.story.exporters.append(Exporter(instance, {"q0": {}}, {"q0": Phone()}, job="other"))
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


@story("exporter")
def targets_back() -> Play:
    """Exporters that are targets again are told as such; a job that goes on with fewer is not."""
    fleet = Fleet(2, 120)
    other = fleet.more()
    fleet.kill(20, other, target=False)
    fleet.start(40, other)
    return fleet.story, {job("ExporterTargetLost"): [(29.5, 40)]}


@story("exporter")
def only_target_back() -> Play:
    """The only exporter of a job that is a target again is told as all that the job had."""
    fleet = Fleet(2, 50)
    fleet.kill(20, target=False)
    fleet.start(40)
    fleet.story.exporters.append(Exporter("b:1", {"q0": {}}, {"q0": Phone()}, job="other"))
    return fleet.story, {job("ExporterTargetLost"): [(29.5, 40)]}


@story("exporter")
def a_target_again_that_is_down() -> Play:
    """An exporter that is a target again is told as scraped only where it is."""
    fleet = Fleet(2, 60)
    fleet.kill(10, target=False)
    fleet.story.at(40, lambda: setattr(fleet.exporter, "target", True))
    return fleet.story, {job("ExporterMissing"): [(19.5, 40)], at("ExporterDown"): [(43, 60)]}


@story("thresholds")
def no_thresholds() -> Play:
    """Without thresholds nothing is compared, which is told after ten minutes."""
    fleet = Fleet(2, 20)
    fleet.say(2, "p0", connected=False)
    return fleet.story, {job("ThresholdsMissing"): [(10.5, 20)]}


@story("own_thresholds_file")
def thresholds_of_an_own_file() -> Play:
    """With thresholds of an own file one number that vanished is told, until the job has had no exporter for long."""
    fleet = Fleet(10, 70)
    record_thresholds(fleet, vanished_instances=1, vanished_ratio=0.05, unwatched_seconds=1800)
    fleet.configure(20, fleet.exporter, without=["p0"])
    fleet.kill(30, target=False)
    fleet.story.exporters.append(Exporter("b:1", {"q0": {}}, {"q0": Phone()}, job="other"))
    return fleet.story, {job("InstancesVanished"): [(22, 59.5)], job("ExporterTargetLost"): [(39.5, 59.5)]}


@story("own_thresholds_file")
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


@story("own_thresholds_file")
def target_back_after_hours() -> Play:
    """An exporter that is back after hours is not told as all that a job had."""
    fleet = Fleet(2, 115)
    record_thresholds(fleet, unwatched_seconds=10800)
    fleet.kill(20, target=False)
    fleet.start(100)
    fleet.story.exporters.append(Exporter("b:1", {"q0": {}}, {"q0": Phone()}, job="other"))
    return fleet.story, {job("ExporterTargetLost"): [(29.5, 100)]}


def record_thresholds(fleet: Fleet, **changes: float) -> None:
    """Record the thresholds that are shipped, with changes."""
    for rule in parse((RULES / "thresholds.yaml").read_text())["groups"][0]["rules"]:
        factors = re.fullmatch(r"vector\((.+)\)", rule["expr"])
        assert factors
        shipped = math.prod(float(factor) for factor in factors[1].split(" * "))
        value = changes.get(rule["record"].rpartition(":")[2], shipped)
        fleet.story.more.append({"series": rule["record"], "values": f"{value}x{fleet.story.seconds // 30}"})


@story("files")
def no_file() -> Play:
    """Without a file of rules its alerts cannot fire, which is told after ten minutes."""
    fleet = Fleet(2, 20)
    fleet.say(2, "p0", connected=False)
    return fleet.story, {job("ThresholdsMissing"): [(10.5, 20)], of("InstanceDisconnected", "p0"): [(6, 20)]}


@story("first_file")
def no_first_file() -> Play:
    """Without the file on which the others stand nothing is known, which is told after ten minutes."""
    fleet = Fleet(2, 20)
    fleet.say(2, "p0", connected=False)
    fleet.story.more = [{"series": "zapi:exporter_seen:timestamp", "values": "_x36 1080+30x4"}]
    return fleet.story, {job("ThresholdsMissing"): [(10, 18)]}


@story("first_file")
def no_first_file_after_a_while() -> Play:
    """That the file on which the others stand is not loaded is told ten minutes after it was last evaluated."""
    fleet = Fleet(2, 30)
    fleet.story.more = [{"series": "zapi:exporter_seen:timestamp", "values": "_x20 600 stale"}]
    return fleet.story, {job("ThresholdsMissing"): [(20.5, 30)]}


@story("first_file")
def no_first_file_when_an_exporter_comes() -> Play:
    """An exporter that comes while the file on which the others stand is not loaded is told ten minutes later."""
    fleet = Fleet(2, 30)
    fleet.exporter.running = fleet.exporter.target = False
    fleet.start(5)
    return fleet.story, {job("ThresholdsMissing"): [(15, 30)]}


@story("first_file")
def no_first_file_and_no_exporter() -> Play:
    """That the file on which the others stand is not loaded ends, and not well, when no exporter is scraped."""
    fleet = Fleet(2, 20)
    fleet.kill(15, target=False)
    return fleet.story, {job("ThresholdsMissing"): [(10, 15)]}


@story("thresholds_twice")
def threshold_twice() -> Play:
    """A threshold that is recorded twice is told; the larger one counts."""
    fleet = Fleet(2, 20)
    fleet.story.more = [{"series": 'zapi:threshold:disconnected_seconds{twice="yes"}', "values": "60x50"}]
    fleet.say(2, "p0", connected=False)
    return fleet.story, {job("ThresholdsMissing"): [(10.5, 20)], of("InstanceDisconnected", "p0"): [(6, 20)]}


@story("readers_first")
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


@story("readers_first")
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


@story("readers_first")
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


@story("readers_first")
def another_clock_ahead() -> Play:
    """An exporter whose clock is ahead, and whose first poll fails, makes nothing fail for longer."""
    fleet = Fleet(4, 45)
    other = fleet.more(running=False, target=False, clock=1200)
    fleet.start(20, other)
    fleet.say(19, "p0", fault="timeout")
    fleet.say(22, "p0", fault=None)
    return fleet.story, {}


@story("thresholds_of_instances")
def own_threshold_after_a_pause() -> Play:
    """A threshold of an instance that is not evaluated for a while still counts."""
    fleet = Fleet(4, 40, letter="k")
    _own(fleet, "disconnected_seconds", "k1", "1200x29 stale _x30 1200x30")
    _own(fleet, "expiring_soon_seconds", "k2", "1209600x29 stale _x30 1209600x30")
    fleet.phones["k2"].due = 8.0 * DAY
    fleet.say(10, "k1", connected=False)
    return fleet.story, {
        of("InstanceDisconnected", "k1"): [(29.5, 40)],
        of("InstanceExpiringSoon", "k2"): [(0.5, 40)],
    }


@story("thresholds_of_instances")
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
