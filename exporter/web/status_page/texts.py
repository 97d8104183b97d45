"""What the page says: the shape that every language fills.

In a text, ``{braces}`` are filled in and `backticks` set what is typed in a configuration.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from exporter.model.poll_result import Reason
from exporter.web.status_page.problems import Problem
from exporter.web.status_page.query import Show
from exporter.web.status_page.webhook_states import WebhookState


@dataclass(frozen=True, slots=True)
class Plural:
    """A text for one and for any other number, with ``{n}`` for the number as it is written."""

    one: str
    many: str

    def of(self, number: int, written: str, **more: str) -> str:
        return (self.one if number == 1 else self.many).format(n=written, **more)


@dataclass(frozen=True, slots=True)
class Advice:
    """A problem in one sentence, and what to do about it."""

    sentence: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Numbers:
    """How numbers, dates and durations are written; the dates as for ``strftime``."""

    thousands: str
    decimal: str
    day: str
    moment: str
    seconds: Plural
    minutes: Plural
    hours: Plural
    days: Plural


@dataclass(frozen=True, slots=True)
class Headlines:
    """The first line. The title is for the browser's tab."""

    title: str
    trouble: Plural
    cause: str
    good: Plural
    waiting: str
    none: str


@dataclass(frozen=True, slots=True)
class Words:
    """The short words of the table and around it."""

    instance: str
    state: str
    to_do: str
    due: str
    payment: str
    webhooks: str
    last_poll: str
    name_at_zapi: str
    labels: str
    connected: str
    disconnected: str
    cannot_be_polled: str
    not_polled_yet: str
    last_known: str
    since: str
    since_at_least: str
    messages_waiting: Plural
    disconnects: Plural
    ago: str
    ahead: str
    took: str
    never: str
    not_known: str
    paid: str
    unpaid: str
    unclassified: str
    webhooks_set: str
    webhooks_wrong: Plural
    webhooks_as_expected: str


@dataclass(frozen=True, slots=True)
class Controls:
    """What the reader can do, and what the page says of itself."""

    skip: str
    instances: str
    filters: str
    search: str
    search_hint: str
    search_button: str
    clear: str
    show_all: str
    matching: str
    matching_sorted: str
    matching_none: str
    only_with: str
    without: str
    group_by: str
    ungroup: str
    without_label: str
    shown: str
    show_folded: str
    pages: str
    page: str
    previous: str
    next: str
    updated: str
    pause: str
    resume: str
    paused: str
    trouble: str
    metrics: str
    times: str
    times_local: str


@dataclass(frozen=True, slots=True)
class SourceTexts:
    """What is said of the places that instances come from."""

    from_config: str
    from_file: str
    from_account: str
    file_kept: str
    file_left_out: str
    file_remedy: str
    list_never_read: str
    list_old: str
    list_remedy: str
    without_token: str
    token_remedy: str


@dataclass(frozen=True, slots=True)
class Texts:
    """All texts of one language.

    ``details`` translates :attr:`~exporter.model.poll_result.Failure.detail`, with ``{n}`` for the HTTP status in it;
    one that is missing is shown in English, and marked so.
    """

    tag: str
    numbers: Numbers
    headlines: Headlines
    words: Words
    controls: Controls
    sources: SourceTexts
    filters: Mapping[Show, str]
    webhooks: Mapping[WebhookState, str]
    problems: Mapping[Problem, Advice]
    reasons: Mapping[Reason, Advice]
    details: Mapping[str, str]
