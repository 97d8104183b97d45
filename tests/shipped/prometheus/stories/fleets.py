"""Fleets, and how stories say what happens to them and which alerts fire."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tests.shipped.prometheus.fleet_model import Alert, Exporter, Phone, Story, Window
from tests.shipped.prometheus.tools import RULES, parse

Play = tuple[Story, Mapping[Alert, Sequence[Window]]]

DAY: Final = 86400


@dataclass(frozen=True, slots=True)
class Topic:
    """Stories that need the same files of rules. As a decorator it keeps one more."""

    plays: dict[str, Callable[[], Play]] = field(default_factory=dict)
    """Title → what plays it. Minutes are those of the story."""

    def __call__(self, play: Callable[[], Play]) -> Callable[[], Play]:
        title = (play.__doc__ or "").strip().split("\n")[0].rstrip(".")
        self.plays[title] = play
        return play


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

    def other_job(self, instance: str = "b:1") -> Exporter:
        """An exporter of one number that is well, in another job."""
        other = Exporter(instance, {"q0": {}}, {"q0": Phone()}, job="other")
        self.story.exporters.append(other)
        return other

    def say(self, minute: float, *names: str, **changes: Any) -> None:
        """From then on Z-API says this of these numbers, or of all."""

        def change() -> None:
            for name in names or self.phones:
                for key, value in changes.items():
                    setattr(self.phones[name], key, value)

        self.story.at(minute, change)

    def flap(self, name: str, minutes: Sequence[int] = (5, 10, 15)) -> None:
        """Disconnect it for two minutes, again and again."""
        for minute in minutes:
            self.say(minute, name, connected=False)
            self.say(minute + 2, name, connected=True)

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
    own_values(fleet, ending, name, f"{value}x{fleet.story.seconds // 30}")


def own_until(fleet: Fleet, minute: int, ending: str, name: str, value: float, then: float) -> None:
    """Give a number a threshold of its own, and another from then on."""
    steps = fleet.story.seconds // 30
    own_values(fleet, ending, name, f"{value}x{2 * minute - 1} {then}x{steps - 2 * minute}")


def own_values(fleet: Fleet, ending: str, name: str, values: str) -> None:
    fleet.story.more.append(
        {"series": f'zapi_instance:threshold:{ending}{{name="{name}"}}', "values": values}
    )


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


def raise_thresholds(fleet: Fleet, minute: int, *thresholds: str, until: int | None = None) -> None:
    """Record far higher thresholds beside those of the file, of which the larger counts."""
    end = fleet.story.seconds // 60 + 1 if until is None else until
    values = f"_x{2 * minute} {10 * DAY}x{2 * (end - minute) - 1} stale"
    fleet.story.more += [
        {"series": f'zapi:threshold:{one}{{twice="yes"}}', "values": values} for one in thresholds
    ]


def record_thresholds(fleet: Fleet, **changes: float) -> None:
    """Record the thresholds that are shipped, with changes."""
    for rule in parse((RULES / "thresholds.yaml").read_text())["groups"][0]["rules"]:
        factors = re.fullmatch(r"vector\((.+)\)", rule["expr"])
        assert factors
        shipped = math.prod(float(factor) for factor in factors[1].split(" * "))
        value = changes.get(rule["record"].rpartition(":")[2], shipped)
        fleet.story.more.append({"series": rule["record"], "values": f"{value}x{fleet.story.seconds // 30}"})
