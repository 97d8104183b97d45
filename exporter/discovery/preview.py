"""What ``--config.check --accounts`` prints: the instances that would be polled."""

from collections.abc import Iterable
from functools import partial

from exporter.discovery.known_list import KnownList
from exporter.discovery.merge import Merger
from exporter.discovery.readers import AskPage
from exporter.model.settings import Config, Instance
from exporter.process.logs import printable
from exporter.zapi.instance_list import read_listing

_HEADS = ("NAME", "ID", "SOURCE")
_WIDEST = 60


def with_lists(config: Config, ask: AskPage, now: float) -> Config:
    """Read the list of each account once and return the configuration with their instances.

    The source of an account whose list cannot be read says why. ``now`` is unix time.
    """
    lists = {
        account.name: KnownList().after(read_listing(partial(ask, account)), now)
        for account in config.accounts
    }
    return Merger().merge(config, lists)


def instance_table(instances: Iterable[Instance]) -> str:
    """Return instances as lines of text with the name, the id and the source of each, but no secret."""
    rows = [_HEADS, *(tuple(map(printable, (each.name, each.id, each.source))) for each in instances)]
    widths = [min(_WIDEST, max(len(row[column]) for row in rows)) for column in range(2)]
    return "".join(f"{name:{widths[0]}}  {ident:{widths[1]}}  {source}\n" for name, ident, source in rows)
