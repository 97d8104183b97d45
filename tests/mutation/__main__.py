"""``make mutants-python``: break the exporter in small ways, and see its unit tests fail."""

import argparse
import sys
from collections.abc import Sequence
from datetime import datetime, timezone

from tests.mutation.judgement import Judgement, Mutant, read, unjudged
from tests.mutation.mutating import Outcome, mutate
from tests.mutation.packages import PACKAGES

KILLED = ("killed", "timeout", "segfault", "suspicious")


def main(arguments: Sequence[str] | None = None) -> int:
    """Return 1 if a mutant survived that nobody has judged, in a package whose survivors are judged."""
    options = _options(arguments)
    judgements, failed = read(), False
    for name in options.package or PACKAGES:
        outcome = mutate(name, PACKAGES[name], options.numbers, options.children)
        new = unjudged(outcome.survivors, judgements)
        lines = [f"  {mutant}" for mutant in new] + unneeded(name, outcome, judgements, options.numbers)
        print(summary(name, outcome, new), *lines, sep="\n", flush=True)
        failed = failed or (bool(new) and PACKAGES[name].judged)
    if failed:
        print(
            "Add the assertion that each of these lacks, or say in tests/mutation/judged.txt why it does not matter."
        )
    return int(failed)


def summary(name: str, outcome: Outcome, new: Sequence[Mutant]) -> str:
    counts = outcome.counts
    return (
        f"{name}: {outcome.made} mutants, {sum(counts[status] for status in KILLED)} killed by tests,"
        f" {counts['caught by type check']} by types, {len(outcome.survivors) - len(new)} judged,"
        f" {len(new)} survived"
    )


def unneeded(name: str, outcome: Outcome, judgements: Sequence[Judgement], numbers: str) -> list[str]:
    """Return a line for each judgement of the package that covers no survivor, where all mutants were tried."""
    if set(numbers) != set("0123456789"):
        return []
    return [
        f"  no survivor any more: {judgement.place} | {judgement.mutant}"
        for judgement in judgements
        if judgement.place.startswith(f"{name}.")
        and not any(judgement.covers(mutant) for mutant in outcome.survivors)
    ]


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--package", action="append", choices=PACKAGES, help="only this one; may be repeated")
    today = datetime.now(timezone.utc).toordinal() % 10
    parser.add_argument(
        "--numbers",
        default=str(today),
        help="digits: mutants whose number within their function ends in one of them; without it another tenth"
        " each day, 0123456789 for all",
    )
    parser.add_argument("--children", type=int, default=2, help="processes at a time")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
