"""Parts of the process that take a thread or a descriptor when they start."""

from collections.abc import Callable


class TooFewResources(Exception):
    """The machine gives the process too little to start. The text is one line with the way out."""

    def __init__(self) -> None:
        super().__init__(
            "this machine gives the exporter too few threads or descriptors to start; raise its limits"
            " (ulimit -u, ulimit -n, the container's pids.max)"
        )


def start(*parts: Callable[[], object]) -> None:
    """Start each part. Raise :class:`TooFewResources` where no thread, descriptor or memory is left for one."""
    try:
        for begin in parts:
            begin()
    except (RuntimeError, OSError, MemoryError):
        raise TooFewResources from None
