"""A diagnosis in one language → the words of one row. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from exporter.fleet.store import UNKNOWN_STATUS, InstanceView
from exporter.model.poll_result import Session
from exporter.web.status_page.diagnosis import Diagnosis, Problem, WebhookState
from exporter.web.status_page.formatting import (
    Moment,
    Note,
    Piece,
    Sentence,
    day,
    detail_words,
    duration,
    failure_note,
    foreign,
    moment,
    moment_from_now,
    number,
    precise,
    sentence,
)
from exporter.web.status_page.query import Query, can_be_asked_for, label_search
from exporter.web.status_page.sanitize import shortened, visible
from exporter.web.status_page.selection import Listing
from exporter.web.status_page.texts import Texts

_WEBHOOKS_OF: Final = {
    Problem.WEBHOOK_MISSING: WebhookState.MISSING,
    Problem.WEBHOOK_MUTED: WebhookState.SILENCED,
    Problem.WEBHOOK_DIFFERENT: WebhookState.DIFFERENT,
}
_PAYMENT_CLASSES: Final = {None: "unknown", True: "paid", False: "wrong"}
_REMEDIES: Final = {
    Session.RESTORABLE: Problem.SESSION_LOST,
    Session.DISCONNECTED: Problem.DISCONNECTED,
}
"""State of a lost session → the problem that has the right remedy."""
_OF_QUEUE: Final = (Problem.QUEUE_FULL, Problem.QUEUE_STUCK)
_OF_DUE: Final = (Problem.EXPIRED, Problem.EXPIRING)


@dataclass(frozen=True, slots=True)
class Label:
    """A label and the link that finds all instances with it."""

    name: str
    value: str
    link: str


@dataclass(frozen=True, slots=True)
class Group:
    """The group of a row: its heading, and its number of rows on all pages."""

    heading: str
    size: str


@dataclass(frozen=True, slots=True)
class WebhookWords:
    """All webhooks of one instance. ``each`` has name, state and whether that is wrong."""

    count: str
    verdict: str
    wrong: bool
    each: tuple[tuple[str, str, bool], ...]


@dataclass(frozen=True, slots=True)
class Row:
    """The texts of one instance. A text is empty if it is not shown."""

    key: str
    source: str
    group: Group | None
    name: str
    display_name: str
    labels: tuple[Label, ...]
    level: str
    state: str
    state_level: str
    since: Moment | None
    state_notes: tuple[str, ...]
    problems: tuple[Note, ...]
    due: Moment | None
    due_day: Moment | None
    due_level: str
    payment: str
    payment_status: str
    payment_class: str
    webhooks: WebhookWords | None
    last_poll: Moment | None
    last_duration: str


class RowWriter:
    """Writes rows for one reader: in one language, at one moment, under one query."""

    def __init__(self, texts: Texts, query: Query, now: float, listing: Listing | None = None) -> None:
        """``listing`` is what the rows are a part of, if it is more than one row."""
        self._common = listing.common if listing else frozenset()
        self._group_sizes = listing.group_sizes if listing else {}
        self._texts = texts
        self._query = query
        self._now = now

    def row(self, diagnosis: Diagnosis) -> Row:
        view, words, texts = diagnosis.view, self._texts.words, self._texts
        status, instance = view.status, view.instance
        display_name = status.display_name if status else None
        due = status.due if status else None
        return Row(
            key=visible(instance.name),
            source=instance.source,
            group=self._group(instance.labels.get(self._query.by)),
            name=shortened(instance.name),
            display_name=shortened(display_name) if display_name and display_name != instance.name else "",
            labels=tuple(self._labels(instance.labels)),
            level=diagnosis.level.value,
            state=self._state(diagnosis),
            state_level=diagnosis.state_level.value,
            since=self._since(diagnosis),
            state_notes=tuple(self._state_notes(diagnosis)),
            problems=tuple(self._problem(problem, diagnosis) for problem in diagnosis.problems),
            due=None if due is None else moment_from_now(due, self._now, self._texts),
            due_day=None if due is None else day(due, texts),
            due_level=next(
                (diagnosis.level_of(one).value for one in diagnosis.problems if one in _OF_DUE), ""
            ),
            payment=self._payment(view),
            payment_status=self._payment_status(diagnosis),
            payment_class=_PAYMENT_CLASSES[view.paid],
            webhooks=self._webhooks(diagnosis) if diagnosis.webhooks else None,
            last_poll=None
            if view.last_poll is None
            else moment_from_now(min(view.last_poll, self._now), self._now, self._texts),
            last_duration=""
            if view.last_duration is None
            else words["took"].format(duration=precise(view.last_duration, texts)),
        )

    def _state(self, diagnosis: Diagnosis) -> str:
        view, words = diagnosis.view, self._texts.words
        if view.up is None:
            return words["not_polled_yet"]
        if not view.up:
            return words["cannot_be_polled"]
        return self._connection(diagnosis)

    def _connection(self, diagnosis: Diagnosis) -> str:
        status, words = diagnosis.view.status, self._texts.words
        if status is None:
            return words["not_known"]
        return words["connected"] if status.connected else words["disconnected"]

    def _since(self, diagnosis: Diagnosis) -> Moment | None:
        """Return when the shown state began; ``None`` where polls have stopped without a failure."""
        if diagnosis.view.since is None or Problem.STOPPED in diagnosis.problems:
            return None
        lasted = duration(self._now - diagnosis.view.since, self._texts)
        words = self._texts.words
        text = (words["since"] if diagnosis.view.since_is_exact else words["since_at_least"]).format(
            duration=lasted
        )
        return moment(diagnosis.view.since, text, self._texts)

    def _state_notes(self, diagnosis: Diagnosis) -> Iterator[str]:
        view, words = diagnosis.view, self._texts.words
        if view.up is False and view.status is not None:
            yield words["last_known"].format(state=self._connection(diagnosis).lower())
        if view.disconnects:
            yield self._texts.plurals["disconnects"].of(
                view.disconnects, number(view.disconnects, self._texts)
            )
        if view.message_queue is not None and view.message_queue.messages:
            waiting = view.message_queue.messages
            yield self._texts.plurals["messages_waiting"].of(waiting, number(waiting, self._texts))

    def _problem(self, problem: Problem, diagnosis: Diagnosis) -> Note:
        view, level = diagnosis.view, diagnosis.level_of(problem).value
        if problem is Problem.UNREACHABLE and view.failure is not None:
            return failure_note(level, view.failure, self._texts)
        advice = self._texts.problems[problem]
        if problem is Problem.COLLECTOR_FAILING:
            failures = {name.value: known.failure for name, known in view.collected.items() if known.failure}
            detail, tag = detail_words(next(iter(failures.values())), self._texts)
            failing = sentence(advice.sentence, collectors=_names(tuple(failures)))
            return Note(level, failing, detail, tag, sentence(advice.remedy))
        if problem is Problem.SESSION_LOST_UNNOTICED:
            session = view.phone_status.session if view.phone_status else Session.UNKNOWN
            remedy = self._texts.problems[_REMEDIES.get(session, problem)].remedy
            return Note(level, sentence(advice.sentence), "", "", sentence(remedy))
        parts = self._parts(problem, diagnosis)
        return Note(level, sentence(advice.sentence, **parts), "", "", sentence(advice.remedy))

    def _parts(self, problem: Problem, diagnosis: Diagnosis) -> dict[str, str | Moment | Sentence]:
        view = diagnosis.view
        if problem in _OF_DUE and view.status and view.status.due:
            return {"when": moment_from_now(view.status.due, self._now, self._texts)}
        if problem is Problem.UNPAID:
            return {"status": foreign(view.payment_status or UNKNOWN_STATUS)}
        if problem in _OF_QUEUE and view.message_queue is not None:
            waiting = number(view.message_queue.messages, self._texts)
            return {
                "n": waiting,
                "when": moment_from_now(view.message_queue.oldest or self._now, self._now, self._texts),
            }
        if problem in _WEBHOOKS_OF:
            return {"webhooks": _names(diagnosis.webhooks_that_are(_WEBHOOKS_OF[problem]))}
        return {}

    def _payment(self, view: InstanceView) -> str:
        words = self._texts.words
        if view.paid is not None:
            return words["paid"] if view.paid else words["unpaid"]
        return words["not_known"] if view.payment_status in (None, UNKNOWN_STATUS) else words["unclassified"]

    def _payment_status(self, diagnosis: Diagnosis) -> str:
        """Return Z-API's word for the status, unless it is the same as ours."""
        status = diagnosis.view.payment_status
        if status in (None, UNKNOWN_STATUS, "paid", "unpaid"):
            return ""
        return shortened(status)

    def _webhooks(self, diagnosis: Diagnosis) -> WebhookWords:
        words = self._texts.words
        states = [state for _, state in diagnosis.webhooks]
        wrong = sum(state.is_wrong for state in states)
        are_set = sum(state.is_set for state in states)
        verdict = self._texts.plurals["webhooks_wrong"].of(wrong, str(wrong)) if wrong else ""
        if not wrong and WebhookState.AS_EXPECTED in states:
            verdict = words["webhooks_as_expected"]
        return WebhookWords(
            count=words["webhooks_set"].format(n=are_set, total=len(states)),
            verdict=verdict,
            wrong=bool(wrong),
            each=tuple(
                (name, self._texts.webhooks[state], state.is_wrong) for name, state in diagnosis.webhooks
            ),
        )

    def _labels(self, labels: Mapping[str, str]) -> Iterator[Label]:
        """Yield the labels that not every row has and that the heading of its group does not show."""
        for name, value in labels.items():
            if (name, value) not in self._common and name != self._query.by:
                yield self._label(name, value)

    def _label(self, name: str, value: str) -> Label:
        asks = self._query.labelled(name, value) if can_be_asked_for(name) else None
        query = asks or self._query.searched(label_search(name, value))
        return Label(shortened(name), shortened(value), query.link())

    def _group(self, value: str | None) -> Group | None:
        label = self._query.by
        if not self._group_sizes:
            return None
        heading = self._texts.words["without_label"].format(label=label) if value is None else value
        return Group(shortened(heading), number(self._group_sizes[value], self._texts))


def _names(names: tuple[str, ...]) -> Sentence:
    pairs = [(", ", Piece("code", name)) for name in names]
    return tuple(part for pair in pairs for part in pair)[1:]
