"""Troubles that begin, are told, are mended and end, many at once in one running chain."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from harness.waiting import wait_until
from tests.system.chain.chain import Chain
from tests.system.chain.inbox import Notice, history, repetitions

CRITICAL: Final = ("on-call", "everybody")
WARNING: Final = ("everybody",)
"""Who hears of an alert of a severity that concerns no team."""
ONCE: Final = ["firing", "resolved"]


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that goes wrong, by itself if nothing begins it, and what must be said of it.

    ``alert`` and ``labels`` tell the alert from all others. ``receivers`` hear of it. ``title`` and ``says`` are
    parts of the first message, ``ending`` and ``ending_says`` of the last. It begins ``starts`` minutes into the
    story, and is mended once it was told, everything that comes between has come, and the story is ``lasts`` minutes
    old. What comes between also begins and ends a trouble that is ``during`` it. One that does not end takes too long
    for the story.
    """

    alert: str
    labels: Mapping[str, str]
    receivers: tuple[str, ...]
    begin: Callable[[], object] = lambda: None
    mend: Callable[[], object] = lambda: None
    title: str = ""
    says: tuple[str, ...] = ()
    ending: str = ""
    ending_says: tuple[str, ...] = ()
    starts: float = 0.0
    lasts: float = 0.0
    during: bool = False
    ends: bool = True

    @property
    def identity(self) -> dict[str, str]:
        return {"alertname": self.alert, **self.labels}

    def messages(self, notices: Sequence[Notice]) -> list[Notice]:
        """Return the messages that hold this alert."""
        return [notice for notice in notices if any(one.has(self.identity) for one in notice.alerts)]


@dataclass(slots=True)
class Story:
    """Troubles in one running chain, and ``meanwhile``, what happens one after another while all of them last.

    ``minutes`` is the longest that the chain may take to tell all of the beginnings, and again to tell all the ends:
    what was not told by then is for the test to say. ``allowed`` are alerts that may be told or not, by their labels.
    """

    chain: Chain
    troubles: Sequence[Trouble]
    minutes: float
    meanwhile: Sequence[Callable[[], object]] = ()
    allowed: Sequence[Mapping[str, str]] = ()
    _begun: list[Trouble] = field(default_factory=list)
    _mended: list[Trouble] = field(default_factory=list)

    def play_well(self) -> None:
        """Let it all happen, and wait until Alertmanager has nothing more to say; nothing was told wrongly."""
        first = self.chain.minutes()
        if self.meanwhile:
            self._until(
                lambda: self._begin(first) and all(one.during or self._was_told(one) for one in self.troubles)
            )
            for happening in self.meanwhile:
                happening()
        self._until(lambda: self._begin(first) and self._mend(first) and all(map(self._ended, self.troubles)))
        self.chain.pass_a_group_interval()

        wrong = [*self._wrong_times(), *self._wrong_words(), *self._of_no_trouble(), *self._repeated()]
        assert not wrong, "\n".join(wrong)

    def _until(self, condition: Callable[[], bool]) -> None:
        last = self.chain.minutes() + self.minutes
        wait_until(lambda: condition() or self.chain.minutes() >= last, patience=600, pause=0.2)

    def _begin(self, first: float) -> bool:
        now = self.chain.minutes() - first
        for trouble in self.troubles:
            if trouble not in self._begun and trouble.starts <= now:
                self._begun.append(trouble)
                trouble.begin()
        return len(self._begun) == len(self.troubles)

    def _mend(self, first: float) -> bool:
        now = self.chain.minutes() - first
        for trouble in self.troubles:
            if trouble not in self._mended and trouble.lasts <= now and self._was_told(trouble):
                self._mended.append(trouble)
                trouble.mend()
        return len(self._mended) == len(self.troubles)

    def _was_told(self, trouble: Trouble) -> bool:
        told = history(self.chain.notices, trouble.identity)
        return all(told.get(receiver) for receiver in trouble.receivers)

    def _ended(self, trouble: Trouble) -> bool:
        told = history(self.chain.notices, trouble.identity)
        return not trouble.ends or all(
            told.get(receiver, [])[-1:] == ["resolved"] for receiver in trouble.receivers
        )

    def _wrong_times(self) -> list[str]:
        return [
            f"{trouble.identity}: {told}"
            for trouble in self.troubles
            for told in [history(self.chain.notices, trouble.identity)]
            if told != dict.fromkeys(trouble.receivers, ONCE if trouble.ends else ONCE[:1])
        ]

    def _wrong_words(self) -> list[str]:
        wrong = []
        for trouble in self.troubles:
            told = trouble.messages(self.chain.notices)
            expected = (
                (told[:1], (trouble.title, *trouble.says)),
                (told[-1:], (trouble.ending, *trouble.ending_says) if trouble.ends else ()),
            )
            wrong += [
                f"{part!r} is not in {notice.title!r}, {notice.text!r}"
                for notices, parts in expected
                for notice in notices
                for part in parts
                if part not in f"{notice.title}\n{notice.text}"
            ]
        return wrong

    def _of_no_trouble(self) -> list[str]:
        expected = [*(trouble.identity for trouble in self.troubles), *self.allowed]
        return sorted(
            {
                f"{notice.receiver} heard of {dict(one.labels)}, {'firing' if one.firing else 'resolved'}"
                for notice in self.chain.notices
                for one in notice.alerts
                if not any(map(one.has, expected))
            }
        )

    def _repeated(self) -> list[str]:
        return [f"{one.receiver} heard again: {one.title}" for one in repetitions(self.chain.notices)]
