"""The lists of all accounts, each read periodically on a thread of its own."""

import logging
import random
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from exporter.discovery.cache import ListCache
from exporter.discovery.known_list import KnownList
from exporter.model.account_list import Listing, ListPage
from exporter.model.clock import Clock
from exporter.model.poll_result import Failure, Reason
from exporter.model.settings import Account
from exporter.poller.schedule import Backoff
from exporter.process.logs import log_unexpected
from exporter.zapi.instance_list import ListingReader

FIRST_RETRY: Final = 15.0
"""Seconds after which a list that could not be read is tried again for the first time."""
LONGEST_READING: Final = 300.0
"""Seconds that the pages of a list may take together before the rest is left to the next reading."""

_log = logging.getLogger(__name__)

AskPage = Callable[[Account, int], ListPage | Failure]
"""Asks Z-API for one page of the list of an account, counted from 1."""


class AccountReader:
    """Reads the list of one account every ``refresh`` after :meth:`start`, and calls ``changed`` after each reading.

    After a failure the list is read again sooner, with waits that double. Accounts do not wait for each other.
    """

    def __init__(
        self,
        account: Account,
        ask: AskPage,
        changed: Callable[[], None],
        *,
        clock: Clock,
        backoff: Backoff,
        cache: ListCache,
    ) -> None:
        self._account = account
        self._ask = ask
        self._changed = changed
        self._clock = clock
        self._backoff = backoff
        self._cache = cache
        self._condition = threading.Condition()
        self._due = clock.monotonic()
        self._failures = 0
        self._listing = ListingReader()
        self._is_stopping = False
        self._thread: threading.Thread | None = None
        self._known = cache.load(account.name) or KnownList()

    @property
    def known(self) -> KnownList:
        """What is known of the list now."""
        return self._known

    def start(self) -> None:
        """Begin to read. Raise :class:`RuntimeError` where the machine has no thread left."""
        if self._thread is None:
            thread = threading.Thread(target=self._work, name="account", daemon=True)
            thread.start()
            self._thread = thread

    def replace(self, account: Account, ask: AskPage, *, at_once: bool) -> None:
        """Apply new settings; read the list now (``at_once``, new token) or sooner (shorter ``refresh``)."""
        with self._condition:
            now = self._clock.monotonic()
            if at_once or account.partner_token != self._account.partner_token:
                self._due = now
            elif account.refresh < self._account.refresh:
                # Only then: a wait that Z-API asked for must not be cut short by any reload.
                self._due = min(self._due, now + account.refresh)
            if at_once or account != self._account:
                self._listing = ListingReader()  # other pages than those that were read
            self._account, self._ask = account, ask
            self._condition.notify_all()

    def stop(self) -> None:
        """Stop reading and ask for no more pages."""
        with self._condition:
            self._is_stopping = True
            self._condition.notify_all()

    def _work(self) -> None:
        while self._wait():
            self._read_safely()

    def _wait(self) -> bool:
        """Wait until the list is to be read; return whether it is."""
        with self._condition:
            while not self._is_stopping and (wait := self._due - self._clock.monotonic()) > 0:
                self._condition.wait(wait)
            self._due = float("inf")
            return not self._is_stopping

    def _read_safely(self) -> None:
        """Read; an unexpected error must cost one reading, not the account for ever."""
        try:
            self._read()
        except Exception as error:
            log_unexpected(error)
            self._take(Failure(Reason.INVALID_RESPONSE, "an unexpected error of the exporter itself"))

    def _read(self) -> None:
        account, ask, listing = self._account, self._ask, self._listing
        deadline = self._clock.monotonic() + LONGEST_READING

        def ask_in_time(page: int) -> ListPage | Failure:
            if self._is_stopping or self._clock.monotonic() > deadline:
                return Failure(Reason.TIMEOUT, f"the list was not read within {LONGEST_READING:g} s")
            return ask(account, page)

        read = listing.read(ask_in_time)
        if not self._is_stopping:
            self._take(read)

    def _take(self, read: Listing | Failure) -> None:
        before, self._known = self._known, self._known.after(read, self._clock.time())
        failure = self._known.failure
        with self._condition:
            self._failures = 0 if failure is None else self._failures + 1
            self._due = min(self._due, self._clock.monotonic() + self._pause(failure))
        _tell(self._account.name, before, self._known)
        try:
            self._changed()
        except Exception as error:  # an error of the listener must not end this thread
            log_unexpected(error)
        if failure is None:
            self._cache.store(self._account.name, self._known)

    def _pause(self, failure: Failure | None) -> float:
        """Return the seconds until the next reading."""
        refresh = self._account.refresh
        if failure is None:
            return refresh
        wait = self._backoff.wait(failure, self._failures, min(refresh, FIRST_RETRY))
        return wait if failure.retry_after is not None else min(wait, refresh)


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


def _tell(account: str, before: KnownList, after: KnownList) -> None:
    """Log what has changed."""
    failure = after.failure
    if failure is not None:
        if before.failure is None or before.failure.detail != failure.detail:
            extra = {"account": account, "reason": failure.reason.value, "detail": failure.detail}
            kept = (
                "its known instances are kept"
                if after.instances
                else "none of its instances is polled until it can be read"
            )
            _log.error(f"the list of an account cannot be read; {kept}", extra=extra)
    elif before.failure is not None or not before.is_read:
        _log.info(
            "the list of an account was read", extra={"account": account, "instances": len(after.instances)}
        )
    skipped, earlier = _without_token(after), _without_token(before)
    if skipped and skipped != earlier:
        _log.warning(
            "listed instances have no token and are skipped", extra={"account": account, "skipped": skipped}
        )


def _without_token(known: KnownList) -> int:
    return sum(instance.token is None for instance in known.instances)
