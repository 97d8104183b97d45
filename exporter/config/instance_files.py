"""The files that match ``instance_files``: each provides instances, or is ignored as a whole if it contains an
error.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from exporter.config import keys
from exporter.config.document import json_as_yaml, read_document
from exporter.config.file_reader import UnreadableFile
from exporter.config.instances import Inherited, KnownInstances
from exporter.config.nodes import ListNode, MapNode, Node
from exporter.config.problem import Problems
from exporter.config.section import SectionValues
from exporter.config.value import Context, Unusable, Value, usable
from exporter.model.settings import FILE_PREFIX, Instance, InstanceSource

MAX_BYTES: Final = 32 * 1024 * 1024
"""Most bytes of a document."""


class InstanceFiles:
    """Reads the instance files of one load."""

    def __init__(
        self,
        context: Context,
        environ: Mapping[str, str],
        inherited: Inherited,
        known: KnownInstances,
        before: Sequence[InstanceSource],
    ) -> None:
        """``known`` are the instances of the configuration itself, ``before`` the sources of the last load."""
        self._files = context.files
        self._environ = environ
        self._inherited = inherited
        self._known = known
        self._before = {source.name: source.instances for source in before}
        self.unmatched: list[int] = []
        """The numbers of the patterns that match no file; filled by :meth:`read`."""

    def read(self, patterns: Sequence[str]) -> Iterator[InstanceSource]:
        """Read each file that a pattern matches, once, in the order of the patterns and of the names."""
        seen: set[Path] = set()
        troubles: dict[str, str] = {}
        for number, pattern in enumerate(patterns):
            found = self._files.matching(pattern)
            if found.problem:
                troubles[pattern] = f"instance_files[{number}]: {found.problem}"
            elif not found.files:
                self.unmatched.append(number)
            for file in found.files:
                if file not in seen:
                    seen.add(file)
                    yield self._source(file)
        if troubles:  # nobody knows which other files there are
            yield from self._all_kept(seen, next(iter(troubles.values())))
            for pattern, problem in troubles.items():
                place = self._files.path(pattern)
                yield InstanceSource(f"{FILE_PREFIX}{place}", (), (f"{place}: {problem}",))

    def _all_kept(self, seen: set[Path], problem: str) -> Iterator[InstanceSource]:
        for name, instances in self._before.items():
            file = Path(name.removeprefix(FILE_PREFIX))
            if name.startswith(FILE_PREFIX) and file not in seen and instances:
                yield self._kept(file, (f"{file}: {problem}",))

    def _kept(self, file: Path, problems: tuple[str, ...]) -> InstanceSource:
        name = f"{FILE_PREFIX}{file}"
        return InstanceSource(name, self._known.keep(self._before.get(name, ()), str(file)), problems)

    def _source(self, file: Path) -> InstanceSource:
        problems = Problems(str(file), keys.KNOWN_KEYS)
        context = Context(problems, self._files.below(file.parent))
        for instances in usable(self._instances, file, context):
            if not problems:
                if context.has_written_secret:
                    context.files.mark_secret(file.name)
                return InstanceSource(f"{FILE_PREFIX}{file}", instances)
        self._known.forget()
        return self._kept(file, tuple(str(problem) for problem in problems.error().problems))

    def _instances(self, file: Path, context: Context) -> tuple[Instance, ...]:
        """Return the instances of a file. Raise :class:`Unusable` after reporting what is wrong."""
        self._known.add(())
        text = read_text(file.name, context, "correct it, or have no pattern match it")
        if text is not None and file.suffix.lower() == ".json":
            text = json_as_yaml(text)
        root = None if text is None else read_document(text, context.problems, self._environ)
        if root is None:
            raise Unusable
        values = SectionValues(keys.INSTANCE_FILE, _as_mapping(root, context))
        instances = values[keys.FILE_INSTANCES]
        self._known.add(instances, str(file))
        defaults = values[keys.FILE_DEFAULTS]
        inherited = replace(self._inherited, source=f"{FILE_PREFIX}{file}").overridden(defaults)
        return tuple(map(inherited.instance, instances))


def read_text(name: str, context: Context, advice: str) -> str | None:
    """Return the text of a document, or ``None`` after reporting what is wrong."""
    try:
        content = context.files.read(name, MAX_BYTES)
    except UnreadableFile as error:
        context.problems.report(1, None, f"{error}; {advice}")
        return None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        context.problems.report(line, None, "is not UTF-8 text; save it as UTF-8")
        return None


def _as_mapping(root: Node, context: Context) -> Value:
    """Return the document as a mapping; a list of instances becomes a mapping with that list."""
    if isinstance(root, ListNode):
        root = MapNode(root.line, {"instances": root}, {"instances": root.line})
    return Value(root, root.line, None, context)
