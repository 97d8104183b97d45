"""A file → :class:`Config`, or every problem with its line."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from exporter.config.document import MapNode, Reader, Scalar
from exporter.config.files import NamedFiles
from exporter.config.problem import InvalidConfig
from exporter.model.settings import Config

MAX_BYTES: Final = 64 * 1024 * 1024


def load(
    path: Path, environ: Mapping[str, str], before_reading: Callable[[Path], None] = lambda file: None
) -> Config:
    """Read the configuration at ``path``; raises :class:`InvalidConfig` with all that is wrong.

    Relative names of other files begin at its folder. Variables come from ``environ``. ``before_reading`` is told
    of each file, of one that cannot be read too.
    """
    from exporter.config import resolve, rules, shape, written  # with pydantic, which only a file needs

    reader = Reader(str(path), environ)
    before_reading(path)
    root = _root(path, reader)
    if root is None:
        raise InvalidConfig(reader.problems)
    files = NamedFiles(path.parent, before_reading)
    document = shape.read(root, reader.report)
    rules.check(root, files, reader.report)
    if document is None or reader.problems:
        raise InvalidConfig(reader.problems)
    return resolve.config(document, path, files, holds_secret=written.holds_secret(root))


def _root(path: Path, reader: Reader) -> MapNode | None:
    text = _text(path, reader)
    root = None if text is None else reader.read(text)
    if root is None or isinstance(root, MapNode):
        return root
    empty = isinstance(root, Scalar) and root.is_null
    reader.report(root.line, "", f"{'is empty' if empty else 'must be a mapping'}; see config.example.yaml")
    return None


def _text(path: Path, reader: Reader) -> str | None:
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "no such name is possible"
        reader.report(
            1, "", f"cannot be read: {why}; name another with --config.file, or see config.example.yaml"
        )
        return None
    if len(content) > MAX_BYTES:
        reader.report(1, "", f"is larger than {MAX_BYTES // 1024 // 1024} MiB")
        return None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        reader.report(line, "", "is not UTF-8 text; save it as UTF-8")
        return None
