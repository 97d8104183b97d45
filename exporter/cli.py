"""The command line → a running command and its exit status."""

import os
import sys
from collections.abc import Sequence
from functools import partial
from typing import Final

from exporter.flags import parse
from exporter.options import Options
from exporter.process import logs
from exporter.process.logs import LOG_GRACE, LineWriter, log_unexpected
from exporter.process.output import complain, stand_in_for_closed_stderr
from exporter.process.resources import TooFewResources, forbid_core_dumps, is_lack
from exporter.process.signals import Signals

FAILED: Final = 1


def main(arguments: Sequence[str] | None = None, signals: Signals | None = None) -> int:
    """Run the command line and return its exit status; :class:`SystemExit` for wrong usage, help and version.

    ``signals`` are the signal handlers installed at the start of the process; by default they are installed here.
    """
    words = sys.argv[1:] if arguments is None else arguments
    stand_in_for_closed_stderr()
    options = parse(words)
    forbid_core_dumps()
    log = LineWriter(sys.stderr.fileno(), partial(logs.count_dropped, options.log_format))
    logs.set_up(options.log_level, options.log_format, log.write)
    logs.guard_tracebacks()
    try:
        return _run(options, signals or Signals(one_off=options.once or options.config_check), log)
    except ModuleNotFoundError:  # no fault of the exporter
        raise
    except TooFewResources as error:
        complain(str(error))
        return FAILED
    except Exception as error:
        if is_lack(error):
            complain(str(TooFewResources()))
        else:
            log_unexpected(error)
        return FAILED
    finally:
        log.close(LOG_GRACE)


def _run(options: Options, signals: Signals, log: LineWriter) -> int:
    from exporter import commands  # what --version and --help do not need is not loaded for them

    if options.config_check:
        return commands.check(options, os.environ)
    if options.once:
        return commands.once(options, os.environ, signals, log)
    return commands.serve(options, os.environ, signals, log)
