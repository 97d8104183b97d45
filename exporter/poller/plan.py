"""The settings of the poller, applied as a whole at its start and at each reload."""

from collections.abc import Sequence
from dataclasses import dataclass

from exporter.model.settings import Instance, Polling


@dataclass(frozen=True, slots=True)
class Plan:
    """The instances to poll, and when. No poll takes more than ``longest_poll`` seconds."""

    instances: Sequence[Instance]
    polling: Polling
    longest_poll: float
