"""Files of rules that are missing."""

from typing import Final

from tests.shipped.prometheus.stories.fleets import Fleet, Play, Topic, job, of

NO_FILE: Final = Topic()
NO_FIRST_FILE: Final = Topic()


@NO_FILE
def no_file() -> Play:
    """Without a file of rules its alerts cannot fire, which is told after ten minutes."""
    fleet = Fleet(2, 20)
    fleet.say(2, "p0", connected=False)
    return fleet.story, {job("ThresholdsMissing"): [(10.5, 20)], of("InstanceDisconnected", "p0"): [(6, 20)]}


@NO_FIRST_FILE
def no_first_file() -> Play:
    """Without the file on which the others stand nothing is known, which is told after ten minutes."""
    fleet = Fleet(2, 20)
    fleet.say(2, "p0", connected=False)
    fleet.story.more = [{"series": "zapi:exporter_seen:timestamp", "values": "_x36 1080+30x4"}]
    return fleet.story, {job("ThresholdsMissing"): [(10, 18)]}


@NO_FIRST_FILE
def no_first_file_after_a_while() -> Play:
    """That the file on which the others stand is not loaded is told ten minutes after it was last evaluated."""
    fleet = Fleet(2, 30)
    fleet.story.more = [{"series": "zapi:exporter_seen:timestamp", "values": "_x20 600 stale"}]
    return fleet.story, {job("ThresholdsMissing"): [(20.5, 30)]}


@NO_FIRST_FILE
def no_first_file_when_an_exporter_comes() -> Play:
    """An exporter that comes while the file on which the others stand is not loaded is told ten minutes later."""
    fleet = Fleet(2, 30)
    fleet.exporter.running = fleet.exporter.target = False
    fleet.start(5)
    return fleet.story, {job("ThresholdsMissing"): [(15, 30)]}


@NO_FIRST_FILE
def no_first_file_and_no_exporter() -> Play:
    """That the file on which the others stand is not loaded ends, and not well, when no exporter is scraped."""
    fleet = Fleet(2, 20)
    fleet.kill(15, target=False)
    return fleet.story, {job("ThresholdsMissing"): [(10, 15)]}
