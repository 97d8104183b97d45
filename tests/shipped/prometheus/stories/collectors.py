"""What goes wrong that only the collectors `status` and `queue` tell."""

from collections.abc import Sequence
from typing import Final

from tests.shipped.prometheus.fleet_model import Exporter, Phone
from tests.shipped.prometheus.stories.fleets import (
    DAY,
    Fleet,
    Play,
    Topic,
    at,
    job,
    of,
    one_in_three,
    own,
    own_until,
)

STORIES: Final = Topic()
NO_COLLECTORS: Final = Topic()

HOUR: Final = 3600
COLLECTORS: Final = ("status", "queue")


def asked(fleet: Fleet, *names: str) -> Fleet:
    """Let the collectors be asked of these numbers, or of all."""
    fleet.exporter.collect = dict.fromkeys(names or fleet.phones, COLLECTORS)
    return fleet


def offline_within_hours(fleet: Fleet, *names: str) -> None:
    for name in names:
        own(fleet, "phone_offline_seconds", name, 1200)
        own(fleet, "phone_offline_critical_seconds", name, HOUR)


def failing(collector: str = "status") -> tuple[str, ...]:
    return job("CollectorFailing", collector=collector)


def refuse(
    fleet: Fleet, minute: float, *names: str, until: float | None = None, what: Sequence[str] = ("status",)
) -> None:
    """Let requests of these collectors fail, of these numbers."""
    fleet.say(minute, *names, refuses=tuple(what))
    if until is not None:
        fleet.say(until, *names, refuses=())


@STORIES
def phone_offline() -> Play:
    """A phone that is offline is a warning after a while and critical later, until it is online again."""
    fleet = asked(Fleet(4, 140, letter="a"), "a0", "a1", "a2")
    offline_within_hours(fleet, "a0", "a1")
    fleet.say(10, "a0", online=False)
    fleet.say(10, "a1", online=False)  # for less than that
    fleet.say(29, "a1", online=True)
    fleet.say(10, "a2", online=None)  # not readable
    fleet.say(10, "a3", online=False)  # not asked
    fleet.say(120, "a0", online=True)
    return fleet.story, {
        of("InstancePhoneOffline", "a0", severity="warning"): [(30, 120)],
        of("InstancePhoneOffline", "a0", severity="critical"): [(70, 120)],
    }


@NO_COLLECTORS
def no_file_of_collectors() -> Play:
    """Without the file of collectors their alerts cannot fire, which is told where one is asked."""
    fleet = Fleet(2, 80)
    fleet.story.at(10, lambda: asked(fleet))
    fleet.kill(40)
    fleet.start(60)
    return fleet.story, {job("ThresholdsMissing"): [(20.5, 80)], at("ExporterDown"): [(43, 60)]}


@STORIES
def phone_of_a_disconnected_number() -> Play:
    """The phone of a number that is not connected is not told as offline too, unless it was told before."""
    fleet = asked(Fleet(4, 60, letter="b"))
    offline_within_hours(fleet, "b0", "b2")
    own(fleet, "phone_offline_seconds", "b1", 1200)
    own(fleet, "phone_offline_critical_seconds", "b1", 1320)
    fleet.phones["b2"].connected = fleet.phones["b2"].online = False  # from the start
    fleet.phones["b2"].session = "disconnected"
    fleet.say(10, "b0", online=False, connected=False, session="disconnected")
    fleet.say(5, "b1", online=False)
    fleet.say(30, "b1", connected=False, session="disconnected")
    return fleet.story, {
        of("InstanceDisconnected", "b0"): [(14, 60)],
        of("InstancePhoneOffline", "b1", severity="warning"): [(25.5, 60)],
        of("InstancePhoneOffline", "b1", severity="critical"): [(27.5, 60)],
        of("InstanceDisconnected", "b1"): [(34.5, 60)],
        of("InstanceNeverConnected", "b2"): [(5.5, 60)],
    }


@STORIES
def session_lost() -> Play:
    """A lost session of a number that Z-API shows as connected is told after five minutes, as what it is."""
    fleet = asked(Fleet(5, 60))
    fleet.say(10, "p0", session="restorable")
    fleet.say(10, "p1", session="disconnected")
    fleet.say(10, "p2", session="unknown")
    fleet.say(10, "p3", session="restorable")
    fleet.say(14, "p3", session="connected")  # in time
    fleet.say(40, "p0", "p1", "p2", session="connected")
    return fleet.story, {
        of("InstanceSessionLost", "p0"): [(15, 40)],
        of("InstanceSessionLost", "p1"): [(15.5, 40.5)],
        of("InstanceSessionLost", "p2"): [(15.5, 40.5)],
    }


@STORIES
def session_lost_again() -> Play:
    """A session that is lost again within the hour is told again."""
    fleet = asked(Fleet(2, 45))
    fleet.say(10, "p0", session="restorable")
    fleet.say(20, "p0", session="connected")
    fleet.say(30, "p0", session="restorable")
    return fleet.story, {of("InstanceSessionLost", "p0"): [(15, 20), (35, 45)]}


@STORIES
def disconnected_after_its_session() -> Play:
    """What a lost session needed is not said of a disconnection that follows when it is back."""
    fleet = asked(Fleet(6, 45))
    fleet.say(10, "p0", session="restorable")
    fleet.say(20, "p0", session="connected")
    fleet.say(30, "p0", connected=False)
    return fleet.story, {
        of("InstanceSessionLost", "p0"): [(15, 20)],
        of("InstanceDisconnected", "p0"): [(34, 45)],
    }


@STORIES
def disconnected_amid_its_lost_session() -> Play:
    """A lost session that was told stays when its number disconnects; one that is lost with it later is not told."""
    fleet = asked(Fleet(6, 55))
    fleet.say(10, "p0", session="restorable")
    fleet.say(20, "p0", connected=False)
    fleet.say(30, "p0", connected=True, session="connected")
    fleet.say(40, "p0", connected=False, session="restorable")
    return fleet.story, {
        of("InstanceSessionLost", "p0"): [(15, 30)],
        of("InstanceDisconnected", "p0"): [(24, 30), (44, 55)],
    }


@STORIES
def disconnected_with_its_session() -> Play:
    """Where Z-API shows a number as disconnected that is told, with what its session needs."""
    fleet = asked(Fleet(6, 40))
    fleet.say(10, "p0", connected=False, session="restorable")
    fleet.say(10, "p1", connected=False, session="disconnected")
    fleet.phones["p2"].connected, fleet.phones["p2"].session = False, "disconnected"
    fleet.say(30, "p0", "p1", connected=True, session="connected")
    return fleet.story, {
        of("InstanceDisconnected", "p0"): [(14, 30)],
        of("InstanceDisconnected", "p1"): [(14.5, 30.5)],
        of("InstanceNeverConnected", "p2"): [(5.5, 40)],
    }


@STORIES
def queue_stuck() -> Play:
    """A connected number whose oldest message waits for an hour is told, until its queue moves."""
    fleet = asked(Fleet(4, 130, letter="c"))
    own(fleet, "queue_stuck_seconds", "c3", 2 * HOUR)
    fleet.say(10, "c0", "c3", waiting=380, oldest=600.0)
    fleet.say(100, "c0", "c3", waiting=20, oldest=5900.0)  # some minutes old
    for minute in range(5, 130, 5):  # busy, and well
        fleet.say(minute, "c1", waiting=50, oldest=minute * 60.0 - 300)
    fleet.say(10, "c2", waiting=5, oldest=600.0)
    fleet.say(60, "c2", waiting=0, oldest=None)
    elsewhere = asked(Fleet(1, 130, letter="c"))
    elsewhere.say(10, "c0", waiting=380, oldest=600.0)
    fleet.story.elsewhere = elsewhere.story, {of("InstanceQueueStuck", "c0"): [(70, 130)]}
    return fleet.story, {of("InstanceQueueStuck", "c0"): [(70, 100)]}


@STORIES
def queue_of_a_number_that_came_back() -> Play:
    """The old messages of a number that was disconnected have an hour to leave once it is connected again."""
    fleet = asked(Fleet(4, 190))
    fleet.say(5, "p0", "p1", waiting=50, oldest=240.0)
    fleet.say(10, "p0", "p1", connected=False, waiting=800, oldest=600.0)
    fleet.say(45, "p0", connected=True)
    fleet.say(100, "p0", waiting=0, oldest=None)
    fleet.say(90, "p1", connected=True)
    fleet.say(170, "p1", connected=False)  # not one that is stuck, but one that is disconnected
    return fleet.story, {
        of("InstanceDisconnected", "p0"): [(14, 45)],
        of("InstanceDisconnected", "p1"): [(14.5, 90.5), (174.5, 190)],
        of("InstanceQueueStuck", "p1"): [(150.5, 170.5)],
    }


@STORIES
def queue_full() -> Play:
    """A disconnected number whose queue is nearly full is told at once, until there is room or it is connected."""
    fleet = asked(Fleet(6, 60, letter="d"))
    own(fleet, "queue_full_messages", "d2", 500)
    fleet.say(10, "d0", "d1", "d2", connected=False, waiting=100, oldest=600.0)
    fleet.say(20, "d0", "d1", waiting=900)
    fleet.say(20, "d2", waiting=500)
    fleet.say(40, "d0", waiting=899)
    fleet.say(40, "d1", connected=True)
    fleet.say(20, "d3", waiting=950, oldest=1200.0)  # connected
    return fleet.story, {
        job("ManyInstancesDisconnected"): [(11.5, 60)],
        job("TeamInstancesDisconnected", team="support"): [(11.5, 60)],
        job("TeamInstancesDisconnected", team="sales"): [(11.5, 40.5)],
        of("InstanceQueueFull", "d0"): [(20, 40)],
        of("InstanceQueueFull", "d1"): [(20.5, 40.5)],
        of("InstanceQueueFull", "d2"): [(20.5, 60)],
    }


@STORIES
def queue_full_and_connected() -> Play:
    """A queue that is full ends as one with room only where it has room, not where the number is connected again."""
    fleet = asked(Fleet(20, 40, letter="m"), "m0", "m1", "m2", "m3")
    own(fleet, "queue_full_messages", "m2", 500)
    own(fleet, "queue_full_messages", "m3", 500)
    fleet.say(5, "m0", "m1", connected=False, waiting=950, oldest=300.0)
    fleet.say(5, "m2", connected=False, waiting=500, oldest=300.0)
    fleet.say(5, "m3", connected=False, waiting=700, oldest=300.0)
    fleet.say(30, "m0", "m2", "m3", connected=True)
    fleet.say(30, "m1", waiting=899)
    elsewhere = asked(Fleet(2, 40, letter="m"))
    elsewhere.say(5, "m1", connected=False, waiting=950, oldest=300.0)
    fleet.story.elsewhere = (
        elsewhere.story,
        {of("InstanceDisconnected", "m1"): [(9.5, 40)], of("InstanceQueueFull", "m1"): [(5.5, 40)]},
    )
    return fleet.story, {
        of("InstanceDisconnected", "m0"): [(9, 30)],
        of("InstanceDisconnected", "m1"): [(9.5, 40)],
        of("InstanceDisconnected", "m2"): [(9.5, 30.5)],
        of("InstanceQueueFull", "m0"): [(5, 30)],
        of("InstanceQueueFull", "m1"): [(5.5, 30.5)],
        of("InstanceQueueFull", "m2"): [(5.5, 30.5)],
        of("InstanceDisconnected", "m3"): [(9.5, 30.5)],
        of("InstanceQueueFull", "m3"): [(5.5, 30.5)],
    }


@STORIES
def thresholds_that_are_raised() -> Play:
    """A threshold that is raised ends its alert, though not as if a phone were online or a session restored."""
    fleet = asked(Fleet(4, 80, letter="k"))
    own_until(fleet, 50, "phone_offline_seconds", "k0", 1200, 10 * DAY)
    own_until(fleet, 50, "phone_offline_critical_seconds", "k0", 1800, 10 * DAY)
    own_until(fleet, 50, "session_lost_seconds", "k1", 600, 10 * DAY)
    fleet.say(10, "k0", online=False)
    own(fleet, "session_lost_seconds", "k2", 1200)
    fleet.say(10, "k1", "k2", "k3", session="restorable")
    return fleet.story, {
        of("InstanceSessionLost", "k2"): [(30.5, 80)],
        of("InstanceSessionLost", "k3"): [(15.5, 80)],
        of("InstancePhoneOffline", "k0", severity="warning"): [(30, 50)],
        of("InstancePhoneOffline", "k0", severity="critical"): [(40, 50)],
        of("InstanceSessionLost", "k1"): [(20.5, 50)],
    }


@STORIES
def phones_and_queues_again() -> Play:
    """A phone that is offline again, or a queue that is stuck or full again, is told again."""
    fleet = asked(Fleet(5, 90, letter="u"))
    for name in ("u0", "u1", "u2"):
        own(fleet, "phone_offline_seconds", name, 1200)
        own(fleet, "phone_offline_critical_seconds", name, 1800)
    fleet.say(10, "u0", "u1", online=False)
    fleet.say(45, "u0", "u1", online=True)
    fleet.say(50, "u1", online=False)
    fleet.say(50, "u0", online=False, connected=False)
    fleet.phones["u2"].connected = fleet.phones["u2"].online = False
    own(fleet, "queue_stuck_seconds", "u3", 1200)
    fleet.say(1, "u3", waiting=1, oldest=60.0)
    fleet.say(30, "u3", waiting=0, oldest=None)
    fleet.say(40, "u3", waiting=1, oldest=2400.0)
    fleet.say(5, "u4", connected=False)
    for minute, waiting in ((15, 950), (25, 100), (35, 950)):
        fleet.say(minute, "u4", waiting=waiting, oldest=300.0)
    return fleet.story, {
        of("InstancePhoneOffline", "u0", severity="warning"): [(30, 45)],
        of("InstancePhoneOffline", "u0", severity="critical"): [(40, 45)],
        of("InstancePhoneOffline", "u1", severity="warning"): [(30.5, 45.5), (70.5, 90)],
        of("InstancePhoneOffline", "u1", severity="critical"): [(40.5, 45.5), (80.5, 90)],
        of("InstanceDisconnected", "u0"): [(54, 90)],
        of("InstanceNeverConnected", "u2"): [(5.5, 90)],
        of("InstanceQueueStuck", "u3"): [(21.5, 30.5), (60.5, 90)],
        of("InstanceDisconnected", "u4"): [(9.5, 90)],
        of("InstanceQueueFull", "u4"): [(15.5, 25.5), (35.5, 90)],
    }


@STORIES
def queues_of_two_jobs() -> Play:
    """A queue that moves or has room again is told so, though others and that of its name in another job do not."""
    fleet = asked(Fleet(3, 100, letter="j"))
    phones = {name: Phone() for name in fleet.phones}
    other = Exporter("b:1", dict(fleet.labels), phones, job="other", collect=dict(fleet.exporter.collect))
    fleet.story.exporters.append(other)
    for names in (fleet.phones, phones):
        for name in ("j0", "j2"):
            names[name].waiting, names[name].oldest = 30, 60.0
        names["j1"].connected, names["j1"].waiting, names["j1"].oldest = False, 950, 60.0
    fleet.say(60, "j1", waiting=100)
    fleet.say(80, "j0", waiting=0, oldest=None)
    return fleet.story, {
        of("InstanceQueueStuck", "j0"): [(61, 100)],
        of("InstanceQueueStuck", "j2"): [(61, 100)],
        of("InstanceNeverConnected", "j1"): [(5.5, 100)],
        of("InstanceQueueFull", "j1"): [(0.5, 100)],
    }


@STORIES
def queues_of_another_label() -> Play:
    """A queue that is stuck or full is not told as well because its number has another label."""
    fleet = asked(Fleet(8, 90), "p0", "p1")
    fleet.say(1, "p0", waiting=30, oldest=60.0)
    fleet.say(5, "p1", connected=False, waiting=950, oldest=300.0)
    fleet.configure(75, fleet.exporter, p0={"team": "finance"}, p1={"team": "finance"})
    return fleet.story, {
        of("InstanceQueueStuck", "p0"): [(61, 90)],
        of("InstanceDisconnected", "p1"): [(9.5, 90)],
        of("InstanceQueueFull", "p1"): [(5.5, 90)],
    }


@STORIES
def collectors_through_lost_scrapes_and_restarts() -> Play:
    """Lost scrapes and an exporter that dies every four minutes hide nothing of phones, sessions and queues."""
    fleet = asked(Fleet(5, 110, one_in_three, letter="e"))
    offline_within_hours(fleet, "e0")
    fleet.story.every(4, fleet.exporter.restart)
    fleet.say(10, "e0", online=False)
    fleet.say(10, "e1", session="restorable")
    fleet.say(10, "e2", waiting=380, oldest=600.0)
    fleet.say(10, "e3", connected=False, waiting=950, oldest=600.0)
    fleet.say(100, "e0", online=True)
    fleet.say(100, "e1", session="connected")
    fleet.say(100, "e2", waiting=0, oldest=None)
    fleet.say(100, "e3", connected=True, waiting=0, oldest=None)
    return fleet.story, {
        at("ExporterRestarting"): [(12, 110)],
        of("InstancePhoneOffline", "e0", severity="warning"): [(30, 100)],
        of("InstancePhoneOffline", "e0", severity="critical"): [(70, 100)],
        of("InstanceSessionLost", "e1"): [(16.5, 100.5)],
        of("InstanceQueueStuck", "e2"): [(70.5, 100.5)],
        of("InstanceDisconnected", "e3"): [(14.5, 100.5)],
        of("InstanceQueueFull", "e3"): [(10.5, 100.5)],
    }


@STORIES
def collectors_through_an_outage() -> Play:
    """While Z-API, or a collector's endpoint, cannot be read nothing ends and nothing begins."""
    fleet = asked(Fleet(6, 120, letter="f"))
    offline_within_hours(fleet, "f0", "f4")
    fleet.say(10, "f0", online=False)
    fleet.say(10, "f1", session="restorable")
    fleet.say(10, "f2", waiting=380, oldest=600.0)
    fleet.say(10, "f3", connected=False, waiting=950, oldest=600.0)
    fleet.say(36, "f4", online=False)
    fleet.say(20, "f1", refuses=COLLECTORS)
    fleet.say(40, fault="server_error")
    fleet.start(50)
    fleet.say(80, fault=None)
    fleet.say(110, "f0", "f4", online=True)
    fleet.say(110, "f1", session="connected", refuses=())
    fleet.say(110, "f2", waiting=0, oldest=None)
    fleet.say(110, "f3", connected=True, waiting=0, oldest=None)
    return fleet.story, {
        job("ApiDown"): [(42.5, 80.5)],
        of("InstancePhoneOffline", "f0", severity="warning"): [(30, 110)],
        of("InstancePhoneOffline", "f0", severity="critical"): [(80, 110)],
        of("InstancePhoneOffline", "f4", severity="warning"): [(80.5, 110.5)],
        of("InstancePhoneOffline", "f4", severity="critical"): [(96.5, 110.5)],
        of("InstanceSessionLost", "f1"): [(15.5, 110.5)],
        of("InstanceQueueStuck", "f2"): [(80.5, 110.5)],
        of("InstanceDisconnected", "f3"): [(14.5, 110.5)],
        of("InstanceQueueFull", "f3"): [(10.5, 110.5)],
        failing("status"): [(81.5, 110.5)],
        failing("queue"): [(81.5, 110.5)],
    }


@STORIES
def collectors_after_a_dead_exporter() -> Play:
    """An exporter that was dead for long and has not asked a collector yet when it is scraped ends nothing."""
    fleet = asked(Fleet(9, 70, letter="i"))
    offline_within_hours(fleet, "i5")
    fleet.say(1, "i5", online=False)
    fleet.say(10, "i6", session="restorable")
    fleet.say(10, "i7", connected=False, waiting=950, oldest=600.0)
    refuse(fleet, 1, "i8", until=65)
    fleet.kill(40)
    fleet.start(50)
    return fleet.story, {
        at("ExporterDown"): [(43, 50)],
        of("InstancePhoneOffline", "i5", severity="warning"): [(21, 70)],
        of("InstancePhoneOffline", "i5", severity="critical"): [(61, 70)],
        of("InstanceSessionLost", "i6"): [(15, 70)],
        of("InstanceDisconnected", "i7"): [(14, 70)],
        of("InstanceQueueFull", "i7"): [(10, 70)],
        failing(): [(31, 65)],
    }


@STORIES
def queue_of_a_silent_exporter() -> Play:
    """Messages have waited all the time that an exporter was silent, whatever others say of a queue of that name."""
    fleet = asked(Fleet(3, 45))
    own(fleet, "queue_stuck_seconds", "p0", 1200)
    fleet.say(1, "p0", waiting=30, oldest=60.0)
    fleet.kill(5)
    fleet.start(12)
    return fleet.story, {at("ExporterDown"): [(8, 12)], of("InstanceQueueStuck", "p0"): [(21, 45)]}


@STORIES
def collectors_of_a_pair() -> Play:
    """Two exporters as a pair are one; one that is dead, restarts or cannot ask changes nothing."""
    fleet = asked(Fleet(5, 110, letter="g"))
    offline_within_hours(fleet, "g0")
    other = fleet.more()
    other.collect = dict(fleet.exporter.collect)
    fleet.kill(40, other)
    fleet.say(10, "g0", online=False)
    fleet.say(10, "g1", session="disconnected")
    fleet.say(10, "g2", waiting=380, oldest=600.0)
    fleet.say(100, "g0", online=True)
    fleet.say(100, "g1", session="connected")
    fleet.say(100, "g2", waiting=0, oldest=None)
    return fleet.story, {
        at("ExporterDown", "b:1"): [(43, 110)],
        of("InstancePhoneOffline", "g0", severity="warning"): [(30, 100)],
        of("InstancePhoneOffline", "g0", severity="critical"): [(70, 100)],
        of("InstanceSessionLost", "g1"): [(15.5, 100.5)],
        of("InstanceQueueStuck", "g2"): [(70.5, 100.5)],
    }


@STORIES
def collectors_that_are_not_asked_any_more() -> Play:
    """A number that is removed, or whose collectors are taken away, ends its alerts; another label keeps them."""
    fleet = asked(Fleet(6, 80, letter="h"))
    offline_within_hours(fleet, "h1", "h4")
    own(fleet, "phone_offline_seconds", "h0", 1200)
    own(fleet, "phone_offline_critical_seconds", "h0", 1440)
    own(fleet, "queue_stuck_seconds", "h0", 900)
    fleet.say(10, "h0", "h1", "h4", online=False)
    fleet.say(10, "h2", session="restorable")
    fleet.say(10, "h3", connected=False, waiting=950, oldest=600.0)
    fleet.say(10, "h0", session="disconnected", waiting=30, oldest=600.0)
    fleet.say(35, "h0", fault="timeout")
    fleet.start(36)
    fleet.say(39, "h5", fault="timeout")
    fleet.say(44, "h5", fault=None)
    fleet.configure(40, fleet.exporter, without=["h0", "h3"], h4={"team": "billing"})
    fleet.story.at(40, lambda: fleet.exporter.collect.update(h1=(), h2=()))
    return fleet.story, {
        of("InstancePhoneOffline", "h0", severity="warning"): [(30, 42)],
        of("InstancePhoneOffline", "h1", severity="warning"): [(30.5, 42)],
        of("InstancePhoneOffline", "h4", severity="warning"): [(30.5, 80)],
        of("InstancePhoneOffline", "h4", severity="critical"): [(70.5, 80)],
        of("InstancePhoneOffline", "h0", severity="critical"): [(34, 42)],
        of("InstanceSessionLost", "h2"): [(15.5, 42)],
        of("InstanceSessionLost", "h0"): [(15, 42)],
        of("InstanceQueueStuck", "h0"): [(25, 42)],
        of("InstanceDisconnected", "h3"): [(14.5, 42)],
        of("InstanceQueueFull", "h3"): [(10.5, 42)],
    }


@STORIES
def collector_taken_away_beside_another_job() -> Play:
    """A collector that is not asked any more has ended, though polls of that name fail in another job."""
    fleet, other = asked(Fleet(4, 45)), Fleet(4, 45)
    fleet.say(10, "p0", session="restorable")
    fleet.story.at(30, lambda: fleet.exporter.collect.update(p0=()))
    other.say(29, "p0", fault="timeout")
    other.say(33, "p0", fault=None)
    fleet.story.again = other.story
    return fleet.story, {of("InstanceSessionLost", "p0"): [(15, 32)]}


# --- collectors that cannot be read ----------------------------------------------------------------------------------


@STORIES
def collector_failing() -> Play:
    """A collector that cannot be read for half an hour is told once for all its numbers, until one can be read."""
    fleet = asked(Fleet(16, 90), *(f"p{number}" for number in range(14)))
    refuse(fleet, 10, *(f"p{number}" for number in range(10)), until=70)
    refuse(fleet, 12, "p10", "p11", until=70)
    refuse(fleet, 10, "p12", until=39.5)  # in time
    refuse(fleet, 20, "p13", until=80, what=("queue",))
    refuse(fleet, 10, "p14", what=COLLECTORS)  # not asked
    return fleet.story, {failing(): [(40, 70.5)], failing("queue"): [(50, 80)]}


@STORIES
def collector_that_never_answered() -> Play:
    """A collector that never answered is told too, but not an endpoint that Z-API does not have."""
    fleet = asked(Fleet(4, 60))
    refuse(fleet, 0, "p0", until=50)
    fleet.phones["p1"].refusal = "not_found"
    refuse(fleet, 0, "p1", what=COLLECTORS)
    return fleet.story, {failing(): [(31, 50)]}


@STORIES
def collector_that_is_not_offered_any_more() -> Play:
    """A collector that fails as one that Z-API does not have has ended, and nobody said that it can be read."""
    fleet = asked(Fleet(3, 60))
    refuse(fleet, 5, "p0")
    fleet.say(45, "p0", refusal="not_found")
    return fleet.story, {failing(): [(35, 45)]}


@STORIES
def collector_failing_through_lost_scrapes_and_restarts() -> Play:
    """Lost scrapes and an exporter that dies every four minutes neither hide a collector that fails nor repeat it."""
    fleet = asked(Fleet(4, 90, one_in_three))
    fleet.story.every(4, fleet.exporter.restart)
    refuse(fleet, 10, "p0", until=80)
    return fleet.story, {at("ExporterRestarting"): [(12, 90)], failing(): [(40, 80.5)]}


@STORIES
def collector_failing_through_outages() -> Play:
    """While `/me` fails a collector is not asked: of an outage, or a dead exporter, a third of the time counts."""
    fleet = asked(Fleet(4, 130))
    refuse(fleet, 10, "p0", until=100)
    fleet.say(20, fault="server_error")
    fleet.say(50, fault=None)
    refuse(fleet, 49, "p1", until=52)
    fleet.kill(70)
    fleet.start(90)
    return fleet.story, {
        job("ApiDown"): [(22.5, 50.5)],
        failing(): [(61, 100)],
        at("ExporterDown"): [(73, 90)],
    }


@STORIES
def collector_failing_of_a_pair() -> Play:
    """A collector that one of two exporters can read does not fail; one that neither can is told until one reads it."""
    fleet = asked(Fleet(4, 120))
    other = fleet.more()
    other.collect = dict(fleet.exporter.collect)
    other.phones = {name: Phone() for name in fleet.phones}
    refuse(fleet, 10, "p0")
    fleet.story.lost = lambda instance, scrape: instance == "b:1" and scrape % 3 == 1
    fleet.kill(50, other)
    fleet.start(100, other)
    return fleet.story, {at("ExporterDown", "b:1"): [(53, 100)], failing(): [(80, 100)]}


@STORIES
def collector_failing_of_a_pair_that_is_cut_off() -> Play:
    """What an exporter that is cut off read last does not hide a collector that the other cannot read."""
    fleet = asked(Fleet(4, 70))
    other = fleet.more()
    other.collect = dict(fleet.exporter.collect)
    fleet.story.at(9, lambda: setattr(other, "reaches", False))
    refuse(fleet, 10, "p0", until=60)
    return fleet.story, {failing(): [(40, 60)]}


@STORIES
def collector_failing_with_another_label() -> Play:
    """A number that gets another label while its collector fails is neither told anew nor listed twice."""
    fleet = asked(Fleet(4, 90))
    refuse(fleet, 10, "p0", "p1", until=80)
    fleet.configure(30, fleet.exporter, p0={"team": "finance"})
    fleet.configure(60, fleet.exporter, p1={"team": "finance"})
    return fleet.story, {failing(): [(40, 80.5)]}


@STORIES
def collector_failing_of_a_removed_number() -> Play:
    """A collector that fails ends without a word of success when its numbers are removed."""
    fleet = asked(Fleet(4, 60))
    refuse(fleet, 5, "p0")
    fleet.configure(45, fleet.exporter, without=["p0"])
    return fleet.story, {failing(): [(35, 47)]}


@STORIES
def collector_failing_that_is_not_asked_any_more() -> Play:
    """A collector that fails has ended when it is taken out of the configuration."""
    fleet = asked(Fleet(4, 60))
    refuse(fleet, 5, "p0")
    fleet.story.at(45, lambda: fleet.exporter.collect.update(p0=()))
    return fleet.story, {failing(): [(35, 47)]}


@STORIES
def collectors_of_an_uninstalled_exporter() -> Play:
    """What collectors told is not watched any more an hour after their exporter was uninstalled."""
    fleet = asked(Fleet(8, 110, letter="u"))
    refuse(fleet, 5, "u0")
    own(fleet, "phone_offline_seconds", "u1", 600)
    own(fleet, "phone_offline_critical_seconds", "u1", 900)
    own(fleet, "queue_stuck_seconds", "u3", 900)
    fleet.say(5, "u1", online=False)
    fleet.say(5, "u2", session="restorable")
    fleet.say(5, "u3", waiting=30, oldest=300.0)
    fleet.say(5, "u4", connected=False, waiting=950, oldest=300.0)
    fleet.kill(40, target=False)
    fleet.other_job()
    return fleet.story, {
        failing(): [(35, 99.5)],
        of("InstancePhoneOffline", "u1", severity="warning"): [(15.5, 99.5)],
        of("InstancePhoneOffline", "u1", severity="critical"): [(20.5, 99.5)],
        of("InstanceSessionLost", "u2"): [(10.5, 99.5)],
        of("InstanceQueueStuck", "u3"): [(20.5, 99.5)],
        of("InstanceDisconnected", "u4"): [(9.5, 99.5)],
        of("InstanceQueueFull", "u4"): [(5.5, 99.5)],
        job("ExporterTargetLost"): [(49.5, 99.5)],
    }
