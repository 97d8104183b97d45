"""``make faults``: the whole table of faults, one line for each with what was promised and what was seen."""

import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from tests.system.faults import connections, machine, replies, secrecy
from tests.system.faults.promise import Result, Tell

SUITES: Final[Mapping[str, Callable[[Path, Tell], Iterator[Result]]]] = {
    "connections": connections.of_connections,
    "the machine": machine.of_machine,
    "secrets": secrecy.of_secrets,
    "replies that hang": replies.of_hanging,
    "strange values": replies.of_values,
    "other replies": replies.of_answering,
}
"""All faults, by what it takes to make them: each suite works in an empty folder, and tells what it is doing."""


def main() -> int:
    """Give 1 if anything differs from its promise."""
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for number, name in enumerate(SUITES):
            work = Path(folder) / str(number)
            work.mkdir()

            def tell(what: str, name: str = name) -> None:
                print(f"... {name}: {what}", file=sys.stderr, flush=True)

            for result in run(name, work, tell):
                print(result, flush=True)
                results.append(result)
    wrong = [result for result in results if not result.ok]
    print(f"{len(results)} promises, {len(wrong)} broken", flush=True)
    return 1 if wrong else 0


def run(name: str, directory: Path, tell: Tell) -> Iterator[Result]:
    """The results of a suite; one that breaks off gives a result that says so."""
    try:
        yield from SUITES[name](directory, tell)
    except Exception as error:
        yield Result(name, "to run to its end", "an error", (f"{type(error).__name__}: {error}",))


if __name__ == "__main__":
    sys.exit(main())
