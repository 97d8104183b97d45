"""What happens to the list of numbers: removed, renamed, with another label, with two ids."""

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from tests.shipped.prometheus.fleet_model import Alert, Exporter, Phone, Window
from tests.shipped.prometheus.stories.fleets import (
    DAY,
    Fleet,
    Play,
    Topic,
    at,
    job,
    name_of_two,
    of,
    with_namesakes,
)

STORIES: Final = Topic()


@STORIES
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


@STORIES
def other_label() -> Play:
    """A number that gets another label, and a restart with it, is told under the new one at once."""
    fleet = Fleet(3, 45)
    fleet.say(10, "p0", connected=False)
    fleet.configure(20, fleet.exporter, p0={"team": "billing"})
    fleet.start(20)
    fleet.say(40, "p0", connected=True)
    return fleet.story, {of("InstanceDisconnected", "p0"): [(14, 40)]}


@STORIES
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
        of("InstanceDisconnected", "p0"): [(14, 22), (92, 100)],
    }


@STORIES
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


@STORIES
def other_label_while_flapping() -> Play:
    """A number that gets another label while it flaps is told under the new one for an hour more."""
    fleet = Fleet(2, 100)
    fleet.flap("p0")
    fleet.configure(20, fleet.exporter, p0={"team": "billing"})
    fleet.story.unsure = (80.5,)
    return fleet.story, {of("InstanceFlapping", "p0"): [(15, 80.5)]}


@STORIES
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


@STORIES
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


@STORIES
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


@STORIES
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


@STORIES
def listed_for_minutes() -> Play:
    """Numbers that were listed for less than ten minutes have not vanished; for longer they have."""
    fleet = Fleet(12, 60)
    added = [f"p{number}" for number in range(3, 12)]
    for begin in (10, 35):
        fleet.add(begin, *added)
    for end in (0, 17.5, 43.5):
        fleet.configure(end, fleet.exporter, without=added)
    return fleet.story, {job("InstancesVanished"): [(45.5, 60)]}


@STORIES
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


@STORIES
def vanished_and_listed_again() -> Play:
    """Instances that vanished are told as back when they are listed again, with the number of those that are not."""
    fleet = Fleet(10, 70)
    lost = [f"p{number}" for number in range(3, 10)]
    fleet.configure(20, fleet.exporter, without=lost)
    fleet.add(40, *lost[:5])
    return fleet.story, {job("InstancesVanished"): [(22, 40)]}


@STORIES
def all_vanished_and_listed_again() -> Play:
    """Instances that have all vanished and are listed again are told as back."""
    fleet = Fleet(4, 40)
    fleet.configure(10, fleet.exporter, without=list(fleet.phones))
    fleet.add(30, *fleet.phones)
    return fleet.story, {job("InstancesVanished"): [(12, 30)]}


@STORIES
def all_vanished() -> Play:
    """An exporter that watches nothing any more is told by what it watched before."""
    fleet = Fleet(4, 30)
    fleet.configure(10, fleet.exporter, without=list(fleet.phones))
    return fleet.story, {job("InstancesVanished"): [(12, 30)]}


@STORIES
def just_enough_vanished() -> Play:
    """Three that vanish are enough, and so are three of ten."""
    fleet = Fleet(10, 30)
    fleet.configure(10, fleet.exporter, without=["p0", "p1", "p2"])
    return fleet.story, {job("InstancesVanished"): [(12, 30)]}


@STORIES
def half_renamed() -> Play:
    """Numbers that get other names do not vanish, though both names are listed for a while."""
    fleet = Fleet(6, 30)
    fleet.phones.update({f"q{number}": Phone() for number in range(3)})
    others = {f"q{number}": dict(fleet.labels[f"p{number}"]) for number in range(3)}
    fleet.configure(10, fleet.exporter, without=["p0", "p1", "p2"], **others)
    return fleet.story, {}


@STORIES
def few_vanished() -> Play:
    """Two fewer are too few, three of eleven too small a share."""
    fleet = Fleet(11, 40)
    fleet.configure(10, fleet.exporter, without=["p0", "p1", "p2"])
    small = Fleet(4, 40)
    small.exporter.job, small.exporter.instance = "small", "s:1"
    fleet.story.exporters.append(small.exporter)
    fleet.configure(10, small.exporter, without=["p0", "p1"])
    return fleet.story, {}


@STORIES
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


@STORIES
def uninstalled() -> Play:
    """The alerts of an exporter that was uninstalled end after an hour."""
    fleet = Fleet(4, 100)
    fleet.say(10, "p0", connected=False)
    fleet.kill(20, target=False)
    fleet.other_job()
    return fleet.story, {
        of("InstanceDisconnected", "p0"): [(14, 79.5)],
        job("ExporterTargetLost"): [(29.5, 79.5)],
    }


@STORIES
def two_ids() -> Play:
    """One name with two ids is told after ten minutes."""
    fleet, other = name_of_two(30)
    fleet.story.at(20, lambda: setattr(other.phones["p0"], "id", "F00D"))
    return fleet.story, {of("InstanceTwoIds", "p0"): [(10, 20)]}


@STORIES
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


@STORIES
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


@STORIES
def two_ids_of_one_that_fails_until_removed() -> Play:
    """The id of a name whose polls fail is held until its exporter does not list it any more."""
    fleet, other = name_of_two(40)
    fleet.story.at(15, lambda: setattr(other.phones["p0"], "fault", "timeout"))
    fleet.configure(20, other, without=["p0"])
    return fleet.story, {of("InstanceTwoIds", "p0"): [(10, 22)]}


@STORIES
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


@STORIES
def another_id_beside_a_dead_exporter() -> Play:
    """A number that is created anew has one id, though an exporter that is dead has read the old one."""
    fleet = Fleet(2, 40)
    fleet.kill(10, fleet.more())
    fleet.say(15, "p0", id="BEEF")
    return fleet.story, {at("ExporterDown", "b:1"): [(13, 40)]}


@STORIES
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


@STORIES
def two_ids_that_were_one_before_a_lost_scrape() -> Play:
    """A name that has one id again is not told anew when one of the exporters then dies."""
    fleet, other = name_of_two(60)
    fleet.story.at(20, lambda: setattr(other.phones["p0"], "id", "F00D"))
    fleet.kill(21, other)
    return fleet.story, {of("InstanceTwoIds", "p0"): [(10, 20)], at("ExporterDown", "b:1"): [(24, 60)]}


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


@STORIES
def removed_in_trouble() -> Play:
    """Whatever was told of a number ends in words of its own when it is removed."""
    fleet = in_every_trouble(80)
    fleet.configure(76, fleet.exporter, without=list(fleet.phones)[:14])
    return fleet.story, {**every_trouble_until(78), job("InstancesVanished"): [(78, 80)]}


@STORIES
def uninstalled_in_trouble() -> Play:
    """Whatever was told of a number ends in words of its own when its exporter is uninstalled."""
    fleet = in_every_trouble(145)
    fleet.kill(76, target=False)
    fleet.other_job()
    return fleet.story, {**every_trouble_until(135.5), job("ExporterTargetLost"): [(85.5, 135.5)]}


@STORIES
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


@STORIES
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


@STORIES
def flapping_or_of_two_ids_until_removed() -> Play:
    """A number that flaps, and one that has two ids, end as removed when they are."""
    fleet, other = name_of_two(50)
    fleet.phones["p2"], fleet.labels["p2"] = Phone(), {}
    fleet.flap("p1")
    fleet.configure(30, fleet.exporter, without=["p0", "p1"])
    fleet.configure(30, other, without=["p0"])
    return fleet.story, {of("InstanceTwoIds", "p0"): [(10, 32)], of("InstanceFlapping", "p1"): [(15.5, 32)]}


@STORIES
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


@STORIES
def uninstalled_in_troubles_of_jobs() -> Play:
    """What was told of jobs, and of numbers that flap or have two ids, ends in words of its own when uninstalled."""
    fleet, other = name_of_two(125)
    fleet.flap("p1")
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
