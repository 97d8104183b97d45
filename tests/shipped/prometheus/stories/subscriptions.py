"""What happens to due dates and payments."""

from typing import Final

from tests.shipped.prometheus.fleet_model import FIRST, Exporter, Phone
from tests.shipped.prometheus.stories.fleets import DAY, Fleet, Play, Topic, at, of, own

STORIES: Final = Topic()


@STORIES
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


@STORIES
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


@STORIES
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


@STORIES
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


@STORIES
def unpaid_then_unknown() -> Play:
    """A status that neither list has ends the alert, without the news that the instance is paid."""
    fleet = Fleet(2, 100)
    fleet.say(10, "p0", status="overdue")
    fleet.say(80, "p0", status="weird")
    return fleet.story, {of("InstanceUnpaid", "p0"): [(70, 80)]}


@STORIES
def unpaid_then_overdue() -> Play:
    """Another status that is not paid ends the alert of the one before, which says that it is still not paid."""
    fleet = Fleet(2, 90)
    fleet.say(10, "p0", status="unpaid")
    fleet.say(80, "p0", status="overdue")
    return fleet.story, {of("InstanceUnpaid", "p0"): [(70, 90)]}


@STORIES
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


@STORIES
def unpaid_that_becomes_unknown() -> Play:
    """A number whose status is in neither list now is not told as unpaid any more."""
    fleet = Fleet(2, 140)
    fleet.say(1, "p0", status="overdue")
    fleet.say(75, "p0", status="trialing")
    return fleet.story, {
        of("InstanceUnpaid", "p0"): [(61, 75)],
        of("InstancePaymentUnknown", "p0"): [(135, 140)],
    }


@STORIES
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


@STORIES
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


@STORIES
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


@STORIES
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
