"""All faults, by what it takes to make them."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from tests.system.faults import connections, machine, replies, secrecy
from tests.system.faults.promise import Result, Tell

Suite = Callable[[Path, Tell], Iterator[Result]]
"""Makes its faults, with an empty folder to work in, and tells what it is doing."""

SUITES: Final[Mapping[str, Suite]] = MappingProxyType(
    {
        "connections": connections.of_connections,
        "the machine": machine.of_machine,
        "secrets": secrecy.of_secrets,
        "replies that hang": replies.of_hanging,
        "strange values": replies.of_values,
        "other replies": replies.of_answering,
    }
)


def run(name: str, directory: Path, tell: Tell) -> Iterator[Result]:
    """The results of a suite; one that breaks off gives a result that says so."""
    try:
        yield from SUITES[name](directory, tell)
    except Exception as error:
        yield Result(name, "to run to its end", "an error", (f"{type(error).__name__}: {error}",))
