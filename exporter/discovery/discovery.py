"""The lists of all accounts: starts, replaces and stops a reader for each."""

import logging
import random
from collections.abc import Callable, Mapping, Sequence

from exporter.discovery.cache import ListCache
from exporter.discovery.known_list import KnownList
from exporter.discovery.reader import AccountReader, AskPage
from exporter.model.clock import Clock
from exporter.model.settings import Account
from exporter.poller.schedule import Backoff

_log = logging.getLogger(__name__)


class Discovery:
    """The lists of several accounts. ``changed`` is called after each reading, on the thread of the account."""

    def __init__(
        self,
        accounts: Sequence[Account],
        ask: AskPage,
        changed: Callable[[], None],
        *,
        clock: Clock,
        cache: ListCache,
    ) -> None:
        self._changed = changed
        self._clock = clock
        self._cache = cache
        self._backoff = Backoff(random.Random())
        self._is_started = False
        self._readers: dict[str, AccountReader] = {}
        self.replace(accounts, ask, at_once=False)

    def start(self) -> None:
        """Begin to read the lists. Raise :class:`RuntimeError` where the machine has no thread left."""
        self._is_started = True
        for reader in self._readers.values():
            reader.start()

    def replace(self, accounts: Sequence[Account], ask: AskPage, *, at_once: bool) -> None:
        """Read the lists of these accounts from now on; with ``at_once``, read all of them immediately.

        An account whose name already existed keeps its list.
        """
        before, self._readers = self._readers, {}
        for account in accounts:
            reader = before.pop(account.name, None)
            if reader is None:
                reader = self._reader(account, ask)
            else:
                reader.replace(account, ask, at_once=at_once)
            self._readers[account.name] = reader
        for removed in before.values():
            removed.stop()
        if self._is_started:
            try:
                self.start()
            except RuntimeError:
                _log.error(
                    "no thread can be started to read the list of an account; raise the thread limit of this machine"
                )

    def lists(self) -> Mapping[str, KnownList]:
        """Return what is known of each account, by its name."""
        return {name: reader.known for name, reader in self._readers.items()}

    def is_every_list_tried(self) -> bool:
        """Return whether each list was read once, could not be read, or is known from the cache."""
        lists = self.lists().values()
        return all(known.is_read or known.last_success is not None for known in lists)

    def stop(self) -> None:
        """Stop reading; the result of a request in flight is discarded."""
        for reader in self._readers.values():
            reader.stop()

    def _reader(self, account: Account, ask: AskPage) -> AccountReader:
        return AccountReader(
            account,
            ask,
            self._changed,
            clock=self._clock,
            backoff=self._backoff,
            cache=self._cache,
        )
