"""What is known of one account's list, from one reading to the next. Pure."""

from dataclasses import dataclass, replace

from exporter.model.account_list import ListedInstance, Listing
from exporter.model.poll_result import Failure, Reason


@dataclass(frozen=True, slots=True)
class KnownList:
    """The instances of an account, by the last good readings of its list.

    ``missing`` are the identities absent from the last reading; if absent from the next one too, they are removed.
    ``last_success`` is unix seconds. ``failure`` is why the last reading failed, ``is_read`` whether there was one
    since the start.
    """

    instances: Listing = ()
    missing: frozenset[str] = frozenset()
    last_success: float | None = None
    failure: Failure | None = None
    is_read: bool = False

    def after(self, read: Listing | Failure, now: float) -> "KnownList":
        """Return the list after another reading, which ended at ``now``.

        A failure changes no instance. An empty list after one that was not empty counts as a failure.
        """
        if isinstance(read, Failure):
            return replace(self, failure=read, is_read=True)
        if not read and self.instances:
            empty = Failure(
                Reason.INVALID_RESPONSE, f"the list is empty, and had {len(self.instances)} instances before"
            )
            return replace(self, failure=empty, is_read=True)
        kept, missing = self._kept(read)
        return KnownList(kept, missing, now, is_read=True)

    def _kept(self, read: Listing) -> tuple[Listing, frozenset[str]]:
        """Return the list plus the instances absent for the first time, and the identities of the latter.

        An instance that is listed without its token counts as lacking; it is kept with its known token.
        """
        usable = {instance.identity for instance in read if instance.token is not None}
        missed = {
            instance.identity: instance
            for instance in self.instances
            if instance.token is not None
            and instance.identity not in usable
            and instance.identity not in self.missing
        }
        listed = [_with_token_of(missed.get(instance.identity), instance) for instance in read]
        identities = {instance.identity for instance in read}
        gone = [instance for instance in missed.values() if instance.identity not in identities]
        kept = (*listed, *gone)
        return self.instances if kept == self.instances else kept, frozenset(missed)


def _with_token_of(known: ListedInstance | None, listed: ListedInstance) -> ListedInstance:
    return listed if known is None else replace(listed, token=known.token)
