"""Where the process begins and ends, as ``zapi-exporter`` and as ``python -m exporter``.

Signals are handled from here on. All imports that can wait come later, even ``typing``, which takes longer than the
rest of this module.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

_ONE_OFF = frozenset({"--once", "--config.check", "--version", "--help", "-h"})
_OTHER_SYSTEM = (
    "zapi-exporter runs on Linux and other Unix systems only; on Windows run it in a container or in WSL\n"
)
_CANNOT_START = "zapi-exporter cannot start: {reason}; raise the limits of this process (ulimit -n)\n"
_INCOMPLETE = "this Python has no module {module!r}: install zapi-exporter anew, with a complete Python\n"


def main() -> NoReturn:
    """Run the command line, and end the process with its exit status."""
    status = _run(sys.argv[1:])
    # Not by ending the interpreter: a thread that is then in C code (the hash of a password, a name lookup) is ended in
    # the midst of it, which can abort the process.
    os._exit(status)


def _run(arguments: Sequence[str]) -> int:
    if os.name != "posix":
        sys.stderr.write(_OTHER_SYSTEM)
        return 1
    from exporter.process.signals import Signals

    try:
        signals = Signals(one_off=not _ONE_OFF.isdisjoint(arguments))
        from exporter import cli

        return cli.main(arguments, signals)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    except OSError as error:
        sys.stderr.write(_CANNOT_START.format(reason=error.strerror))
        return 1
    except ModuleNotFoundError as error:
        sys.stderr.write(_INCOMPLETE.format(module=error.name))
        return 1


if __name__ == "__main__":
    main()
