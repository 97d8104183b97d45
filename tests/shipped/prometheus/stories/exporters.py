"""What happens to exporters and to targets."""

from typing import Final

from tests.shipped.prometheus.fleet_model import Exporter
from tests.shipped.prometheus.stories.fleets import Fleet, Play, Topic, at, job, of, one_in_three

STORIES: Final = Topic()


@STORIES
def reload_failed() -> Play:
    """A configuration that was refused is told after five minutes, through lost scrapes."""
    fleet = Fleet(2, 40, one_in_three)
    fleet.story.at(10, lambda: setattr(fleet.exporter, "reload_successful", False))
    fleet.story.at(30, lambda: setattr(fleet.exporter, "reload_successful", True))
    return fleet.story, {at("ExporterReloadFailed"): [(15, 30)]}


@STORIES
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


@STORIES
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


@STORIES
def missing() -> Play:
    """Without any exporter among the targets for ten minutes, that is told."""
    fleet = Fleet(2, 60)
    fleet.kill(10, target=False)
    fleet.start(40)
    return fleet.story, {job("ExporterMissing"): [(19.5, 40)]}


@STORIES
def behind() -> Play:
    """Polls that begin late for twenty minutes are told."""
    fleet = Fleet(2, 60)
    fleet.story.at(5, lambda: setattr(fleet.exporter, "lateness", 20.0))
    fleet.story.at(40, lambda: setattr(fleet.exporter, "lateness", 0.0))
    fleet.story.unsure = (22, 42)
    return fleet.story, {at("ExporterBehind"): [(22.5, 41.5)]}


@STORIES
def behind_from_its_start() -> Play:
    """An exporter whose polls begin late from its start is told after ten minutes."""
    fleet = Fleet(2, 45)
    fleet.start(20, fleet.more(running=False, target=False, lateness=20.0))
    return fleet.story, {at("ExporterBehind", "b:1"): [(30.5, 45)]}


@STORIES
def behind_no_more() -> Play:
    """Polls of an exporter that begin in time again are told as such."""
    fleet = Fleet(2, 60)
    fleet.story.at(5, lambda: setattr(fleet.exporter, "lateness", 16.0))
    fleet.story.at(40, lambda: setattr(fleet.exporter, "lateness", 0.0))
    fleet.story.unsure = (23.5,)
    return fleet.story, {at("ExporterBehind"): [(24, 40.5)]}


@STORIES
def hardly_behind() -> Play:
    """Polls that begin fifteen and a half seconds late are told, fourteen and a half are not."""
    fleet = Fleet(2, 40)
    other = fleet.more()
    fleet.story.at(5, lambda: setattr(fleet.exporter, "lateness", 15.5))
    fleet.story.at(5, lambda: setattr(other, "lateness", 14.5))
    fleet.story.unsure = tuple(minute / 2 for minute in range(46, 60))
    return fleet.story, {at("ExporterBehind"): [(26, 40)]}


@STORIES
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


@STORIES
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


@STORIES
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


@STORIES
def target_for_ten_minutes() -> Play:
    """An exporter counts as one of those of a job when it has been a target for ten minutes, and not before."""
    fleet, elsewhere = Fleet(2, 60), Fleet(2, 60)
    for numbers, minute in ((fleet, 20.1), (elsewhere, 19.1)):
        guest = numbers.more(running=False, target=False)
        numbers.start(9.6, guest)
        numbers.kill(minute, guest, target=False)
    fleet.story.elsewhere = elsewhere.story, {}
    return fleet.story, {job("ExporterTargetLost"): [(30, 60)]}


@STORIES
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


@STORIES
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


@STORIES
def targets_back() -> Play:
    """Exporters that are targets again are told as such; a job that goes on with fewer is not."""
    fleet = Fleet(2, 120)
    other = fleet.more()
    fleet.kill(20, other, target=False)
    fleet.start(40, other)
    return fleet.story, {job("ExporterTargetLost"): [(29.5, 40)]}


@STORIES
def only_target_back() -> Play:
    """The only exporter of a job that is a target again is told as all that the job had."""
    fleet = Fleet(2, 50)
    fleet.kill(20, target=False)
    fleet.start(40)
    fleet.other_job()
    return fleet.story, {job("ExporterTargetLost"): [(29.5, 40)]}


@STORIES
def a_target_again_that_is_down() -> Play:
    """An exporter that is a target again is told as scraped only where it is."""
    fleet = Fleet(2, 60)
    fleet.kill(10, target=False)
    fleet.story.at(40, lambda: setattr(fleet.exporter, "target", True))
    return fleet.story, {job("ExporterMissing"): [(19.5, 40)], at("ExporterDown"): [(43, 60)]}
