"""The commands: check a configuration, poll once, serve."""

import logging
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import Final

from exporter import __version__, config
from exporter.cli import Options
from exporter.clock import Clock, SystemClock
from exporter.config import Config, InvalidConfig
from exporter.daemon import Daemon, Load
from exporter.exposition.lines import Format
from exporter.zapi.transport import UnusableProxy

OK: Final = 0
FAILED: Final = 1
POLLS_FAILED: Final = 2

_log = logging.getLogger(__name__)


def check(options: Options, environ: Mapping[str, str]) -> int:
    """``--config.check``: name every problem of the configuration."""
    try:
        checked = config.load(options.config_file, environ)
    except InvalidConfig as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        return FAILED
    print(f"{options.config_file}: valid, {len(checked.instances)} instances")
    return OK
