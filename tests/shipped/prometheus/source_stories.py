"""What goes wrong where instances come from."""

from typing import Final

from tests.shipped.prometheus.fleet_model import Exporter
from tests.shipped.prometheus.stories import Fleet, Play, at, job, of, one_in_three, story

TOPICS: Final = ("sources",)

ACCOUNT: Final = "account:matriz"
FOLDER: Final = "file:/etc/zapi/sales.yaml"


def says(fleet: Fleet, minute: float, source: str, good: bool, instances: int = 2) -> None:
    """From then on the source is read well or not; the list of an account is read every ten minutes."""

    def change() -> None:
        _, last_success, _ = fleet.exporter.sources.get(source, (good, 0.0, 0))
        fleet.exporter.sources[source] = (good, minute * 60 if good else last_success, instances)

    fleet.story.at(minute, change)


def failing(source: str) -> tuple[str, ...]:
    return job("InstanceSourceFailing", source=source)


@story("sources")
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


@story("sources")
def source_failing_through_restarts() -> Play:
    """While the exporter is dead, or restarts without a list, a failing source is neither ended nor told anew."""
    fleet = Fleet(4, 110)
    says(fleet, 0.5, ACCOUNT, good=True)
    says(fleet, 10, ACCOUNT, good=False)
    fleet.kill(40)
    fleet.start(60)
    says(fleet, 60, ACCOUNT, good=False, instances=0)
    says(fleet, 90, ACCOUNT, good=True)
    return fleet.story, {at("ExporterDown"): [(43, 59.5)], failing(ACCOUNT): [(25, 90)]}


@story("sources")
def source_lost_with_its_instances() -> Play:
    """A job that lists fewer instances says which source cannot be read."""
    fleet = Fleet(10, 30)
    says(fleet, 0.5, FOLDER, good=True)
    says(fleet, 20, FOLDER, good=False)
    fleet.configure(20, fleet.exporter, without=[f"p{number}" for number in range(4, 10)])
    return fleet.story, {job("InstancesVanished"): [(22, 30)]}


@story("sources")
def source_unreadable_at_a_start() -> Play:
    """A number that is missing because its source cannot be read was not removed: it is not watched any more."""
    fleet = Fleet(4, 60)
    says(fleet, 0.5, FOLDER, good=True)
    fleet.say(10, "p0", connected=False)
    fleet.story.at(30, lambda: fleet.exporter.restart(30 * 60))
    says(fleet, 30, FOLDER, good=False, instances=0)
    fleet.configure(30, fleet.exporter, without=["p0"])
    return fleet.story, {of("InstanceDisconnected", "p0"): [(14, 32)], failing(FOLDER): [(45, 60)]}


@story("sources")
def source_removed() -> Play:
    """A source that is taken out of the configuration ends its alert, and one of an uninstalled exporter too."""
    fleet = Fleet(4, 60)
    says(fleet, 0.5, ACCOUNT, good=False)
    says(fleet, 0.5, FOLDER, good=False)
    fleet.story.at(30, lambda: fleet.exporter.sources.pop(ACCOUNT))
    return fleet.story, {failing(ACCOUNT): [(15.5, 32)], failing(FOLDER): [(15.5, 60)]}


@story("sources")
def source_incomplete() -> Play:
    """An account that lists instances without a token is told after a quarter of an hour, until each has one."""
    fleet = Fleet(2, 50, one_in_three)
    says(fleet, 0.5, ACCOUNT, good=True)
    fleet.story.at(0.5, lambda: fleet.exporter.skipped.update({ACCOUNT: 0}))
    fleet.story.at(10, lambda: fleet.exporter.skipped.update({ACCOUNT: 3}))
    fleet.story.at(40, lambda: fleet.exporter.skipped.update({ACCOUNT: 0}))
    return fleet.story, {job("InstanceSourceIncomplete", source=ACCOUNT): [(25, 40)]}


@story("sources")
def source_of_an_uninstalled_exporter() -> Play:
    """The failing source of an exporter that was uninstalled ends after an hour."""
    fleet = Fleet(2, 100)
    says(fleet, 0.5, FOLDER, good=False)
    fleet.kill(20, target=False)
    fleet.story.exporters.append(Exporter("b:1", {"q0": {}}, {"q0": fleet.phones["p0"]}, job="other"))
    return fleet.story, {
        failing(FOLDER): [(15.5, 79.5)],
        job("ExporterTargetLost"): [(29.5, 79)],
    }
