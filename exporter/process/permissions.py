"""Secret files → a warning for each file that every user of the machine can read."""

import logging
import stat
from collections.abc import Iterable
from pathlib import Path

_log = logging.getLogger(__name__)


class PermissionChecker:
    """Warns about a file when it is first found exposed, and again only if it was protected in between."""

    def __init__(self) -> None:
        self._known: frozenset[Path] = frozenset()

    def check(self, files: Iterable[Path]) -> None:
        """Check ``files``: all that hold a secret now. A file that does not exist is not exposed."""
        exposed = tuple(filter(_is_exposed, files))
        for file in exposed:
            if file not in self._known:
                _log.warning(
                    "every user of this machine can read a secret file; run chmod o-r on it",
                    extra={"path": str(file)},
                )
        self._known = frozenset(exposed)


def _is_exposed(file: Path) -> bool:
    try:
        return bool(file.stat().st_mode & stat.S_IROTH)
    except OSError:
        return False
