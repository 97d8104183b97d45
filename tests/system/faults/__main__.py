"""``make faults``: the whole table of faults, one line for each with what was promised and what was seen."""

import sys
import tempfile
from pathlib import Path

from tests.system.faults.suites import SUITES, run


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


if __name__ == "__main__":
    sys.exit(main())
