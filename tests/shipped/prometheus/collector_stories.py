"""What goes wrong that only the collectors `status` and `queue` tell."""

from typing import Final

from tests.shipped.prometheus.stories import Fleet, Play, at, job, of, one_in_three, story

TOPICS: Final = ("collectors", "collectors_survival")

HOUR: Final = 3600
OWN: Final = "zapi_instance:threshold:"
COLLECTORS: Final = ("status", "queue")


def asked(fleet: Fleet, *names: str) -> Fleet:
    """Let the collectors be asked of these numbers, or of all."""
    fleet.exporter.collect = dict.fromkeys(names or fleet.phones, COLLECTORS)
    return fleet


def own(fleet: Fleet, ending: str, name: str, value: int) -> None:
    """Give a number a threshold of its own."""
    fleet.story.more.append(
        {
            "series": f'{OWN}{ending}{{name="{name}"}}',
            "values": f"{value}x{fleet.story.seconds // 30}",
        }
    )


def offline_within_hours(fleet: Fleet, *names: str) -> None:
    for name in names:
        own(fleet, "phone_offline_seconds", name, 1200)
        own(fleet, "phone_offline_critical_seconds", name, HOUR)


@story("collectors")
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


@story("collectors")
def phone_of_a_disconnected_number() -> Play:
    """The phone of a number that is disconnected is not told as offline too, unless it was told before."""
    fleet = asked(Fleet(4, 60, letter="b"))
    offline_within_hours(fleet, "b0", "b1")
    fleet.say(10, "b0", online=False, connected=False, session="disconnected")
    fleet.say(5, "b1", online=False)
    fleet.say(30, "b1", connected=False, session="disconnected")
    return fleet.story, {
        of("InstanceDisconnected", "b0"): [(14, 60)],
        of("InstancePhoneOffline", "b1", severity="warning"): [(25.5, 60)],
        of("InstanceDisconnected", "b1"): [(34.5, 60)],
    }


@story("collectors")
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


@story("collectors")
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


@story("collectors")
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
    return fleet.story, {of("InstanceQueueStuck", "c0"): [(70, 100)]}


@story("collectors")
def queue_of_a_number_that_came_back() -> Play:
    """The old messages of a number that was disconnected have an hour to leave once it is connected again."""
    fleet = asked(Fleet(4, 190))
    fleet.say(10, "p0", "p1", connected=False, waiting=800, oldest=600.0)
    fleet.say(90, "p0", "p1", connected=True)
    fleet.say(130, "p0", waiting=0, oldest=None)
    fleet.say(170, "p1", connected=False)  # not one that is stuck, but one that is disconnected
    return fleet.story, {
        of("InstanceDisconnected", "p0"): [(14, 90)],
        of("InstanceDisconnected", "p1"): [(14.5, 90.5), (174.5, 190)],
        of("InstanceQueueStuck", "p1"): [(150.5, 170.5)],
    }


@story("collectors")
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


@story("collectors")
def queue_full_and_connected() -> Play:
    """A queue that is full ends as one with room only where it has room, not where the number is connected again."""
    fleet = asked(Fleet(8, 40), "p0", "p1", "p2")
    fleet.say(5, "p0", "p1", connected=False, waiting=950, oldest=300.0)
    fleet.say(30, "p0", connected=True)
    fleet.say(30, "p1", waiting=899)
    return fleet.story, {
        of("InstanceDisconnected", "p0"): [(9, 30)],
        of("InstanceDisconnected", "p1"): [(9.5, 40)],
        of("InstanceQueueFull", "p0"): [(5, 30)],
        of("InstanceQueueFull", "p1"): [(5.5, 30.5)],
    }


@story("collectors")
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


@story("collectors_survival")
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


@story("collectors_survival")
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
    fleet.story.at(50, lambda: fleet.exporter.restart(50 * 60))
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
    }


@story("collectors_survival")
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


@story("collectors_survival")
def collectors_that_are_not_asked_any_more() -> Play:
    """A number that is removed, or whose collectors are taken away, ends its alerts; another label keeps them."""
    fleet = asked(Fleet(6, 80, letter="h"))
    offline_within_hours(fleet, "h0", "h1", "h4")
    fleet.say(10, "h0", "h1", "h4", online=False)
    fleet.say(10, "h2", session="restorable")
    fleet.say(10, "h3", connected=False, waiting=950, oldest=600.0)
    fleet.configure(40, fleet.exporter, without=["h0", "h3"], h4={"team": "billing"})
    fleet.story.at(40, lambda: fleet.exporter.collect.update(h1=(), h2=()))
    return fleet.story, {
        of("InstancePhoneOffline", "h0", severity="warning"): [(30, 42)],
        of("InstancePhoneOffline", "h1", severity="warning"): [(30.5, 42)],
        of("InstancePhoneOffline", "h4", severity="warning"): [(30.5, 80)],
        of("InstancePhoneOffline", "h4", severity="critical"): [(70.5, 80)],
        of("InstanceSessionLost", "h2"): [(15.5, 42)],
        of("InstanceDisconnected", "h3"): [(14.5, 42)],
        of("InstanceQueueFull", "h3"): [(10.5, 42)],
    }
