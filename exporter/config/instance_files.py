"""The files that match ``instance_files``: each provides instances, or is ignored as a whole if it contains an
error.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from exporter.config import keys
from exporter.config.document import Context, ListNode, MapNode, Node, read_document
from exporter.config.files import shown_path
from exporter.config.instances import Inherited, KnownInstances, instance_at
from exporter.config.problem import Problems
from exporter.config.section import SectionValues, Unusable, Value, usable
from exporter.model.settings import FILE_PREFIX, Instance, InstanceSource


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
        seen: set[str] = set()
        troubles: dict[str, str] = {}
        for number, pattern in enumerate(patterns):
            found = self._files.matching(pattern)
            if found.problem:
                troubles[pattern] = f"instance_files[{number}]: {found.problem}"
            elif not found.files:
                self.unmatched.append(number)
            for file in found.files:
                if (shown := shown_path(file)) not in seen:
                    seen.add(shown)
                    yield self._source(file, shown)
        if troubles:  # nobody knows which other files there are
            yield from self._all_kept(seen, next(iter(troubles.values())))
            for pattern, problem in troubles.items():
                place = shown_path(self._files.path(pattern))
                yield InstanceSource(f"{FILE_PREFIX}{place}", (), (f"{place}: {problem}",))

    def _all_kept(self, seen: set[str], problem: str) -> Iterator[InstanceSource]:
        for name, instances in self._before.items():
            file = name.removeprefix(FILE_PREFIX)
            if name.startswith(FILE_PREFIX) and file not in seen and instances:
                yield self._kept(file, (f"{file}: {problem}",))

    def _kept(self, file: str, problems: tuple[str, ...]) -> InstanceSource:
        name = f"{FILE_PREFIX}{file}"
        return InstanceSource(name, self._known.keep(self._before.get(name, ()), file), problems)

    def _source(self, file: Path, shown: str) -> InstanceSource:
        problems = Problems(shown, keys.KNOWN_KEYS)
        context = Context(problems, self._files.below(file.parent))
        for instances in usable(self._instances, file, shown, context):
            if not problems:
                if context.has_written_secret:
                    context.files.mark_secret(file.name)
                return InstanceSource(f"{FILE_PREFIX}{shown}", instances)
        self._known.forget()
        return self._kept(shown, tuple(str(problem) for problem in problems.error().problems))

    def _instances(self, file: Path, shown: str, context: Context) -> tuple[Instance, ...]:
        """Return the instances of a file. Raise :class:`Unusable` after reporting what is wrong."""
        self._known.add(())
        root = read_document(
            file.name,
            context,
            advice="correct it, or have no pattern match it",
            environ=self._environ,
            is_json=file.suffix.lower() == ".json",
        )
        if root is None:
            raise Unusable
        whole = _as_mapping(root, context)
        context.problems.instance_at = partial(instance_at, whole.node)
        values = SectionValues(keys.INSTANCE_FILE, whole)
        instances = values[keys.FILE_INSTANCES]
        self._known.add(instances, shown)
        defaults = values[keys.FILE_DEFAULTS]
        inherited = replace(self._inherited, source=f"{FILE_PREFIX}{shown}").overridden(defaults)
        return tuple(map(inherited.instance, instances))


def _as_mapping(root: Node, context: Context) -> Value:
    """Return the document as a mapping; a list of instances becomes a mapping with that list."""
    if isinstance(root, ListNode):
        root = MapNode(root.line, {"instances": root}, {"instances": root.line})
    return Value(root, root.line, None, context)
