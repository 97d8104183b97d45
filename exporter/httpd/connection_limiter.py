"""All open connections, and whom to drop when there are too many."""

from enum import IntEnum
from typing import Protocol


class Stage(IntEnum):
    """What a connection is doing, the most easily spared first."""

    WAITING = 0
    """It has not yet sent one whole request that was let in: a slow client, as far as anybody knows."""
    IDLE = 1
    """It had its answers and may send another request."""
    CHECKING = 2
    """Its password is being checked."""
    WRITING = 3
    """It is reading its answer."""
    HANDLING = 4
    """Its answer is being made."""


class Member(Protocol):
    def drop(self) -> None:
        """Closes the connection at once; its task then leaves the crowd."""


class Crowd:
    """Bounds the number of connections and the bytes of their answers. Belongs to one event loop."""

    def __init__(self, most: int, most_unsent: int) -> None:
        self._most = most
        self._most_unsent = most_unsent
        self._stage_of: dict[Member, Stage] = {}
        self._stages: dict[Stage, dict[Member, int]] = {stage: {} for stage in Stage}
        self._unsent = 0

    def __len__(self) -> int:
        return len(self._stage_of)

    def join(self, member: Member) -> None:
        """Takes a new connection in, and drops another where there is no room."""
        if len(self._stage_of) >= self._most:
            self.drop_one()
        self._place(member, Stage.WAITING, 0)

    def move(self, member: Member, stage: Stage, unsent: int = 0) -> None:
        """``unsent`` is the size of the answer that the member is about to read."""
        if self._stage_of.get(member) is None:
            return
        self._remove(member)
        self._place(member, stage, unsent)
        self._bound_unsent(member)

    def leave(self, member: Member) -> None:
        if member in self._stage_of:
            self._remove(member)

    def drop_one(self) -> None:
        """Drops the connection that is spared most easily, if there is one."""
        for stage, members in self._stages.items():
            if members:
                # The newest whose answer is being made most likely still waits for a thread.
                spared = next(reversed(members) if stage is Stage.HANDLING else iter(members))
                self._drop(spared)
                return

    def drop_all_but_served(self) -> None:
        """Drops everybody who is owed no answer."""
        for stage in (Stage.WAITING, Stage.IDLE, Stage.CHECKING):
            for member in list(self._stages[stage]):
                self._drop(member)

    def _bound_unsent(self, newest: Member) -> None:
        readers = self._stages[Stage.WRITING]
        while self._unsent > self._most_unsent:
            oldest = next(iter(readers))
            if oldest is newest:
                return
            self._drop(oldest)

    def _drop(self, member: Member) -> None:
        self._remove(member)
        member.drop()

    def _place(self, member: Member, stage: Stage, unsent: int) -> None:
        self._stage_of[member] = stage
        self._stages[stage][member] = unsent
        self._unsent += unsent

    def _remove(self, member: Member) -> None:
        self._unsent -= self._stages[self._stage_of.pop(member)].pop(member)
