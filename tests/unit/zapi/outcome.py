"""What came of a poll, in one word."""

from exporter.model.poll_result import Failure, Reading, Reason, Status


def reason(read: object) -> Reason | None:
    """Return why something could not be read; ``None`` for what was read."""
    return read.reason if isinstance(read, Failure) else None


def said(reading: Reading) -> bool | Reason:
    """Return whether the reply says that the instance is connected, or why that is not known."""
    return reading.connected if isinstance(reading, Status) else reading.reason
