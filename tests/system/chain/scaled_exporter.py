"""The exporter, with its longest backoff as much shorter as the chain's minutes are.

``python -m tests.system.chain.scaled_exporter SPEED …`` runs the command with the arguments that follow the speed.
"""

import sys

from exporter.cli import main
from exporter.poller import schedule


def run() -> int:
    """Run the command, and return its exit status."""
    _, speed, *arguments = sys.argv
    vars(schedule)["BACKOFF_CAP"] = schedule.BACKOFF_CAP / float(speed)
    return main(arguments)


if __name__ == "__main__":
    sys.exit(run())
