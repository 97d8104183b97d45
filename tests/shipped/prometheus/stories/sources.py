"""What goes wrong where instances come from."""

from collections.abc import Sequence
from functools import partial
from typing import Final

from tests.shipped.prometheus.fleet_model import Alert, Exporter, Window
from tests.shipped.prometheus.stories.fleets import (
    Fleet,
    Play,
    Topic,
    at,
    job,
    of,
    one_in_three,
    raise_thresholds,
    record_thresholds,
)

STORIES: Final = Topic()
NO_SOURCES: Final = Topic()
OWN_FILE: Final = Topic()

ACCOUNT: Final = "account:matriz"
FOLDER: Final = "file:/etc/zapi/sales.yaml"


def says(fleet: Fleet, minute: float, source: str, good: bool, instances: int = 2) -> None:
    """From then on the source is read well or not; the list of an account is read every ten minutes."""

    def change() -> None:
        _, last_success, _ = fleet.exporter.sources.get(source, (good, 0.0, 0))
        fleet.exporter.sources[source] = (good, minute * 60 if good else last_success, instances)

    fleet.story.at(minute, change)


def both_wrong(fleet: Fleet, minute: float, skipped: int) -> None:
    """From then on a file cannot be read, and the list of an account has so many instances without a token."""
    says(fleet, minute, FOLDER, good=False)
    says(fleet, minute, ACCOUNT, good=True)
    fleet.story.at(minute, partial(fleet.exporter.skipped.update, {ACCOUNT: skipped}))


def failing(source: str) -> tuple[str, ...]:
    return job("InstanceSourceFailing", source=source)


def both(*windows: Window, file: str = FOLDER, account: str = ACCOUNT) -> dict[Alert, Sequence[Window]]:
    """A file that cannot be read and an account that lacks tokens are told at the same times."""
    return {failing(file): windows, job("InstanceSourceIncomplete", source=account): windows}


@NO_SOURCES
def no_file_of_sources() -> Play:
    """Without the file of sources their alerts cannot fire, which is told where there are files or accounts."""
    fleet = Fleet(2, 80)
    says(fleet, 0.5, "config", good=True)
    says(fleet, 10, ACCOUNT, good=True)
    fleet.kill(40)
    fleet.start(60)
    return fleet.story, {job("ThresholdsMissing"): [(20, 80)], at("ExporterDown"): [(43, 60)]}


@STORIES
def source_failing() -> Play:
    """A source that cannot be read for a quarter of an hour is told, through lost scrapes, until it is read."""
    fleet = Fleet(4, 80, one_in_three)
    for source in ("config", ACCOUNT, FOLDER):
        says(fleet, 0.5, source, good=True)
    says(fleet, 10, ACCOUNT, good=False)
    says(fleet, 60, ACCOUNT, good=True)
    says(fleet, 10, "config", good=False)  # another alert's
    says(fleet, 10, FOLDER, good=False)
    says(fleet, 20, FOLDER, good=True)
    return fleet.story, {failing(ACCOUNT): [(25, 60)]}


@STORIES
def source_failing_again() -> Play:
    """A source that fails again, or lacks a token again, is told again, by when it did."""
    fleet = Fleet(2, 60)
    says(fleet, 0.5, ACCOUNT, good=True)
    for minute, good in ((0.5, True), (10, False), (30, True), (40, False)):
        says(fleet, minute, FOLDER, good)
        fleet.story.at(minute, partial(fleet.exporter.skipped.update, {ACCOUNT: int(not good)}))
    return fleet.story, both((25, 30), (55, 60))


@OWN_FILE
def account_that_is_not_read_any_more() -> Play:
    """An account whose list is good and has not been read for long is failing; of a file that changes nothing."""
    fleet = Fleet(2, 60)
    record_thresholds(fleet, source_old_seconds=1800)
    says(fleet, 0.5, ACCOUNT, good=True)
    says(fleet, 0.5, FOLDER, good=True)
    says(fleet, 55, ACCOUNT, good=True)
    return fleet.story, {failing(ACCOUNT): [(45.5, 55)]}


@STORIES
def source_failing_through_restarts() -> Play:
    """While the exporter is dead, or restarts without a list, a failing source is neither ended nor told anew."""
    fleet = Fleet(4, 110)
    says(fleet, 0.5, ACCOUNT, good=True)
    says(fleet, 10, ACCOUNT, good=False)
    fleet.kill(40)
    fleet.start(60)
    says(fleet, 60, ACCOUNT, good=False, instances=0)
    says(fleet, 90, ACCOUNT, good=True)
    return fleet.story, {at("ExporterDown"): [(43, 60)], failing(ACCOUNT): [(25, 90)]}


@STORIES
def source_lost_with_its_instances() -> Play:
    """A job that lists fewer instances says which source cannot be read."""
    fleet = Fleet(10, 30)
    says(fleet, 0.5, FOLDER, good=True)
    says(fleet, 20, FOLDER, good=False)
    fleet.configure(20, fleet.exporter, without=[f"p{number}" for number in range(4, 10)])
    return fleet.story, {job("InstancesVanished"): [(22, 30)]}


@STORIES
def source_unreadable_at_a_start() -> Play:
    """A number that is missing because its source cannot be read was not removed: it is not watched any more."""
    fleet = Fleet(4, 60)
    says(fleet, 0.5, FOLDER, good=True)
    fleet.say(10, "p0", connected=False)
    fleet.start(30)
    says(fleet, 30, FOLDER, good=False, instances=0)
    fleet.configure(30, fleet.exporter, without=["p0"])
    return fleet.story, {of("InstanceDisconnected", "p0"): [(14, 32)], failing(FOLDER): [(45, 60)]}


@STORIES
def removed_from_a_source_that_is_read() -> Play:
    """A number that is missing though its source can be read was removed."""
    fleet = Fleet(4, 25)
    says(fleet, 0.5, FOLDER, good=True)
    fleet.say(5, "p0", connected=False)
    fleet.configure(15, fleet.exporter, without=["p0"])
    return fleet.story, {of("InstanceDisconnected", "p0"): [(9, 17)]}


@STORIES
def source_removed() -> Play:
    """A source that is taken out of the configuration ends its alert, and one of an uninstalled exporter too."""
    fleet = Fleet(4, 60)
    says(fleet, 0.5, ACCOUNT, good=False)
    says(fleet, 0.5, FOLDER, good=False)
    says(fleet, 0.5, "account:filial", good=True)
    fleet.story.at(0.5, lambda: fleet.exporter.skipped.update({"account:filial": 3}))
    fleet.story.at(
        30,
        lambda: fleet.exporter.sources.pop(ACCOUNT),
        lambda: fleet.exporter.sources.pop("account:filial"),
        fleet.exporter.skipped.clear,
    )
    return fleet.story, {
        failing(ACCOUNT): [(15.5, 32)],
        failing(FOLDER): [(15.5, 60)],
        job("InstanceSourceIncomplete", source="account:filial"): [(15.5, 32)],
    }


@STORIES
def source_incomplete() -> Play:
    """An account that lists instances without a token is told after a quarter of an hour, until each has one."""
    fleet = Fleet(2, 50, one_in_three)
    says(fleet, 0.5, ACCOUNT, good=True)
    fleet.story.at(0.5, lambda: fleet.exporter.skipped.update({ACCOUNT: 0}))
    fleet.story.at(10, lambda: fleet.exporter.skipped.update({ACCOUNT: 3}))
    fleet.story.at(40, lambda: fleet.exporter.skipped.update({ACCOUNT: 0}))
    return fleet.story, {job("InstanceSourceIncomplete", source=ACCOUNT): [(25, 40)]}


@STORIES
def source_of_an_uninstalled_exporter() -> Play:
    """A source of an exporter that was uninstalled ends after an hour; one that another does not have is removed."""
    fleet = Fleet(2, 100)
    both_wrong(fleet, 0.5, skipped=3)
    fleet.kill(20, target=False)
    other = Exporter("b:1", {"q0": {}}, {"q0": fleet.phones["p0"]}, job="other")
    other.sources = {"file:other": (False, 0.0, 1), "account:other": (True, 0.0, 1)}
    other.skipped = {"account:other": 1}
    fleet.story.exporters.append(other)
    fleet.story.at(85, other.sources.clear, other.skipped.clear)
    return fleet.story, {
        **both((15.5, 79.5)),
        **both((15.5, 87), file="file:other", account="account:other"),
        job("ExporterTargetLost"): [(29.5, 79.5)],
    }


@STORIES
def source_removed_beside_an_uninstalled_exporter() -> Play:
    """A source that is removed is told as such, though an exporter in another namespace was uninstalled long ago."""
    fleet = Fleet(2, 105)
    both_wrong(fleet, 81, skipped=1)
    fleet.story.at(100, fleet.exporter.sources.clear, fleet.exporter.skipped.clear)
    return fleet.story, both((96, 102))


def pair_of_which_one_cannot_read(minutes: int) -> tuple[Fleet, Exporter]:
    """Two exporters that read an account; from minute 5 on the second cannot, though the first does."""
    fleet = Fleet(3, minutes)
    other = fleet.more()
    other.sources[ACCOUNT] = (True, 0.0, 3)
    fleet.story.every(10, lambda now: fleet.exporter.sources.update({ACCOUNT: (True, float(now), 3)}))
    fleet.exporter.sources[ACCOUNT] = (True, 0.0, 3)
    fleet.story.at(5, lambda: other.sources.update({ACCOUNT: (False, 0.0, 3)}))
    return fleet, other


@STORIES
def source_of_a_pair_through_a_restart() -> Play:
    """A source that one of a pair cannot read is told through a lost scrape, a restart and a move of this one."""
    fleet, other = pair_of_which_one_cannot_read(90)
    fleet.story.lost = lambda instance, scrape: instance == "b:1" and scrape == 60
    fleet.kill(40, other)
    fleet.start(43, other)
    fleet.kill(50, other, target=False)
    moved = fleet.more("c:1", running=False, target=False)
    moved.sources[ACCOUNT] = (False, 0.0, 3)
    fleet.start(53, moved)
    fleet.story.at(70, lambda: moved.sources.update({ACCOUNT: (True, 4200.0, 3)}))
    return fleet.story, {failing(ACCOUNT): [(20, 70)]}


@STORIES
def source_of_a_pair_with_lost_scrapes() -> Play:
    """A source that one of a pair cannot read is told although every third scrape of this one is lost."""
    fleet, other = pair_of_which_one_cannot_read(60)
    fleet.story.lost = lambda instance, scrape: instance == "b:1" and scrape % 3 == 1
    fleet.story.at(45, lambda: other.sources.update({ACCOUNT: (True, 2700.0, 3)}))
    return fleet.story, {failing(ACCOUNT): [(20.5, 45)]}


@STORIES
def source_of_an_exporter_that_was_taken_away() -> Play:
    """A source that only one of a pair could not read ends an hour after this one was taken away."""
    fleet, other = pair_of_which_one_cannot_read(110)
    fleet.kill(30, other, target=False)
    fleet.story.unsure = (89, 89.5, 90)
    return fleet.story, {failing(ACCOUNT): [(20, 89.5)], job("ExporterTargetLost"): [(39.5, 89.5)]}


@STORIES
def source_that_read_well_before_a_lost_scrape() -> Play:
    """A source that could be read again is not told anew when the exporter then dies."""
    fleet, other = pair_of_which_one_cannot_read(80)
    fleet.story.at(30, lambda: other.sources.update({ACCOUNT: (True, 1800.0, 3)}))
    fleet.kill(30.5, other)
    return fleet.story, {failing(ACCOUNT): [(20, 30)], at("ExporterDown", "b:1"): [(33.5, 80)]}


@STORIES
def source_of_a_pair_that_one_does_not_have_any_more() -> Play:
    """A source that only one of a pair could not read, or had a token missing, ends when this one does not have it."""
    fleet, other = pair_of_which_one_cannot_read(60)
    other.sources[FOLDER] = (True, 0.0, 1)
    fleet.exporter.skipped[ACCOUNT] = 0
    other.skipped |= {ACCOUNT: 1, FOLDER: 0}
    fleet.story.at(40, lambda: other.sources.pop(ACCOUNT), lambda: other.skipped.pop(ACCOUNT))
    return fleet.story, {
        failing(ACCOUNT): [(20, 42)],
        job("InstanceSourceIncomplete", source=ACCOUNT): [(15.5, 42)],
    }


@STORIES
def source_incomplete_of_a_pair() -> Play:
    """Of a pair, the list that lacks a token is told through lost scrapes and a restart of the one that reads it."""
    fleet = Fleet(3, 60)
    other = fleet.more()
    for exporter in (fleet.exporter, other):
        exporter.sources[ACCOUNT] = (True, 0.0, 3)
        exporter.skipped[ACCOUNT] = 0
    fleet.story.lost = lambda instance, scrape: instance == "b:1" and scrape in {12, 40, 46}
    fleet.story.at(5, lambda: other.skipped.update({ACCOUNT: 1}))
    fleet.kill(30, other)
    fleet.start(33, other)
    fleet.story.at(50, lambda: other.skipped.update({ACCOUNT: 0}))
    return fleet.story, {job("InstanceSourceIncomplete", source=ACCOUNT): [(20.5, 50)]}


@STORIES
def sources_of_a_raised_threshold() -> Play:
    """A threshold that is raised ends what is told of sources, though not as if they could be read or were complete."""
    fleet = Fleet(2, 41)
    both_wrong(fleet, 0.5, skipped=3)
    raise_thresholds(fleet, 30, "source_failing_seconds")
    return fleet.story, {
        **both((15.5, 30)),
        job("ThresholdsMissing"): [(40, 41)],
    }
