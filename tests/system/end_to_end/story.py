"""Troubles that begin, are told, are mended and end, many at once in one running chain."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from harness.waiting import wait_until
from stack.page import Message
from tests.system.end_to_end.chain import Chain, concerns

RUNBOOKS: Final = "https://github.com/zapi-exporter/zapi-exporter/blob/main/docs/runbooks"


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that goes wrong, and what must be said of it.

    ``subject`` is what the messages name: an instance, a job or an address. ``title`` and ``says`` are parts of
    the first message. ``receivers`` hear it. It begins ``starts`` minutes into the story, and is mended once it was
    told and the story is ``lasts`` minutes old.
    """

    alert: str
    subject: str
    title: str
    receivers: tuple[str, ...]
    begin: Callable[[], object]
    mend: Callable[[], object]
    says: tuple[str, ...] = ()
    starts: float = 0.0
    lasts: float = 0.0

    def is_meant_by(self, message: Message) -> bool:
        return concerns(message, self.alert, self.subject)


def play(chain: Chain, troubles: Sequence[Trouble], *, minutes: float) -> None:
    """Let all troubles begin, mend each once it was told, and wait until the end of each was told.

    Gives up after so many minutes: what was not told by then is for the test of that trouble to say.
    """
    to_begin, to_mend, to_end = list(troubles), list(troubles), list(troubles)
    first = chain.minutes()

    def all_ended() -> bool:
        now = chain.minutes() - first
        for trouble in [one for one in to_begin if one.starts <= now]:
            to_begin.remove(trouble)
            trouble.begin()
        for trouble in [
            one for one in to_mend if one not in to_begin and one.lasts <= now and _told(chain, one) >= 1
        ]:
            to_mend.remove(trouble)
            trouble.mend()
        to_end[:] = [one for one in to_end if _told(chain, one) < 2]
        return not to_end or now >= minutes

    wait_until(all_ended, patience=10 * minutes, pause=0.25)
    chain.pass_a_group_interval()


def _told(chain: Chain, trouble: Trouble) -> float:
    """How often each receiver heard of it, on average."""
    return sum(map(trouble.is_meant_by, chain.messages)) / len(trouble.receivers)


def heard(running: Chain, troubles: Sequence[Trouble]) -> dict[tuple[str, str], list[tuple[str, bool]]]:
    """Alert and subject → who was told, and whether it was told as ended."""
    return {
        (trouble.alert, trouble.subject): sorted(
            (message.receiver, message.title.startswith("[RESOLVED]"))
            for message in running.messages
            if trouble.is_meant_by(message)
        )
        for trouble in troubles
    }


def expected(troubles: Sequence[Trouble]) -> dict[tuple[str, str], list[tuple[str, bool]]]:
    """What :func:`heard` should be: everybody concerned is told once, and of the end once."""
    return {
        (trouble.alert, trouble.subject): sorted(
            (receiver, ended) for receiver in trouble.receivers for ended in (False, True)
        )
        for trouble in troubles
    }


def of_no_trouble(running: Chain, troubles: Sequence[Trouble]) -> list[str]:
    return [
        f"{message.receiver}: {message.title}"
        for message in running.without_witnesses()
        if not any(trouble.is_meant_by(message) for trouble in troubles)
    ]


def wrong_words(running: Chain, troubles: Sequence[Trouble]) -> list[str]:
    """Parts that the first message of a trouble lacks."""
    return [
        f"{part!r} is not in {first.title!r}, {first.text!r}"
        for trouble in troubles
        for first in [next(filter(trouble.is_meant_by, running.messages))]
        for part in (trouble.title, *trouble.says, "\nSince ", f"What to do: {RUNBOOKS}/{trouble.alert}.md")
        if part not in first.title + first.text
    ]
