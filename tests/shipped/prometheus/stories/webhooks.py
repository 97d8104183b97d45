"""What happens to webhooks."""

from typing import Final

from tests.shipped.prometheus.stories.fleets import Fleet, Play, Topic, of

STORIES: Final = Topic()


@STORIES
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


@STORIES
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


@STORIES
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


@STORIES
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
