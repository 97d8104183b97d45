"""The sources of instances → notes about them in one language. Pure."""

from collections.abc import Iterator, Sequence

from exporter.model.poll_result import Failure, Reason
from exporter.model.settings import ACCOUNT_PREFIX, CONFIG_SOURCE, FILE_PREFIX, InstanceSource
from exporter.web.status_page.formatting import (
    Note,
    Sentence,
    detail_words,
    foreign,
    moment_from_now,
    number,
    sentence,
)
from exporter.web.status_page.problems import Level
from exporter.web.status_page.sanitize import shortened
from exporter.web.status_page.texts import Texts

_MOST_MISSED = 2
"""How many readings of a list may be missed before it is old."""
_PATIENCE = 300.0
"""Seconds that a reading may take."""


def source_notes(sources: Sequence[InstanceSource], texts: Texts, now: float) -> tuple[Note, ...]:
    """Return a note for each source that fails, is old, or lists instances that cannot be polled."""
    return tuple(note for source in sources for note in _notes(source, texts, now))


def origin(source: str, texts: Texts) -> Sentence:
    """Return where an instance comes from, in words."""
    words = texts.words
    if source.startswith(ACCOUNT_PREFIX):
        return sentence(words["from_account"], name=foreign(source.removeprefix(ACCOUNT_PREFIX)))
    if source.startswith(FILE_PREFIX):
        return sentence(words["from_file"], name=foreign(source.removeprefix(FILE_PREFIX)))
    return sentence(words["from_config"])


def has_several(sources: Sequence[InstanceSource]) -> bool:
    """Return whether any instance comes from somewhere else than the configuration."""
    return any(source.name != CONFIG_SOURCE for source in sources)


def _notes(source: InstanceSource, texts: Texts, now: float) -> Iterator[Note]:
    if source.name.startswith(FILE_PREFIX):
        yield from _file_notes(source, texts)
    elif source.name.startswith(ACCOUNT_PREFIX):
        yield from _account_notes(source, texts, now)


def _file_notes(source: InstanceSource, texts: Texts) -> Iterator[Note]:
    if not source.problems:
        return
    words = texts.words
    text = words["file_kept"] if source.instances else words["file_left_out"]
    name = foreign(source.name.removeprefix(FILE_PREFIX))
    tag = "" if texts.tag == "en" else "en"
    detail = shortened(source.problems[0])
    yield Note(Level.WARNING.value, sentence(text, name=name), detail, tag, sentence(words["file_remedy"]))


def _account_notes(source: InstanceSource, texts: Texts, now: float) -> Iterator[Note]:
    words = texts.words
    name = foreign(source.name.removeprefix(ACCOUNT_PREFIX))
    read, refresh = source.last_success, source.refresh or 0.0
    detail, tag = "", ""
    if source.problems:
        detail, tag = detail_words(Failure(Reason.INVALID_RESPONSE, source.problems[0]), texts)
    if source.problems and read is None:
        yield Note(
            Level.BAD.value,
            sentence(words["list_never_read"], name=name),
            detail,
            tag,
            sentence(words["list_remedy"]),
        )
    elif read is not None and (source.problems or now - read > _MOST_MISSED * refresh + _PATIENCE):
        counted = number(len(source.instances), texts)
        text = sentence(
            words["list_old"], name=name, n=counted, when=moment_from_now(min(read, now), now, texts)
        )
        yield Note(Level.WARNING.value, text, detail, tag, sentence(words["list_remedy"]))
    if source.skipped:
        counted = number(source.skipped, texts)
        text = sentence(words["without_token"], name=name, n=counted)
        yield Note(Level.WARNING.value, text, "", "", sentence(words["token_remedy"]))
