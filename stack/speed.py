"""Shorter durations in the shipped files, so that what takes minutes can be seen in seconds."""

import re
from typing import Final

from exporter.config.validators import format_duration, parse_duration

_DURATION: Final = re.compile(
    r"(?P<before>\b(?:for|keep_firing_for|\w*interval|group_wait): +|\[|\boffset )"
    r"(?P<duration>(?:\d+[smhdwy])+)(?=[\])\s])"
)
_THRESHOLD: Final = re.compile(
    r"(?P<before>record: zapi:threshold:(?!expiring_)\w+_seconds\n +expr: vector)\((?P<seconds>.+)\)"
)

_SECONDS: Final = re.compile(r"(?P<before>\.Seconds )60\.0")


def hurry(text: str, speed: float, *, least: float = 0.0) -> str:
    """The text of a rule file, or of Prometheus' or Alertmanager's configuration, ``speed`` (≥ 1) times as quick.

    Nothing but durations is rewritten: how long a state lasts, ranges, offsets, intervals, and thresholds in
    seconds. Those of an expiry stay, because a due date is a date at any speed. None is made shorter than
    ``least`` seconds, for what has to outlast the delays of the machine, which are not any shorter.
    """
    if speed == 1:
        return text

    def shorter(match: "re.Match[str]") -> str:
        duration = parse_duration(match["duration"])
        return match["before"] + format_duration(max(duration / speed, min(duration, least)))

    text = _DURATION.sub(shorter, text)
    return _THRESHOLD.sub(rf"\g<before>((\g<seconds>) / {speed:g})", text)


def hurry_template(text: str, speed: float) -> str:
    """Shorten in a template how long ago an alert that counts as new may have begun."""
    return _SECONDS.sub(lambda match: f"{match['before']}{60 / speed:.3f}", text)
