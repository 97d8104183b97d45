"""Colours, thresholds and value mappings: what a number or a word looks like."""

from collections.abc import Mapping
from typing import Final

from grafana_foundation_sdk.builders.dashboard import FieldColor, ThresholdsConfig
from grafana_foundation_sdk.models.dashboard import (
    DynamicConfigValue,
    FieldColorModeId,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMapping,
    ValueMappingResult,
)

GOOD: Final = "green"
BAD: Final = "red"
WARN: Final = "orange"
NEUTRAL: Final = "blue"
UNKNOWN: Final = "#808080"

NONE_IS_GOOD: Final = ((None, GOOD), (1, BAD))
"""Steps for a number of things that are wrong."""

NONE_IS_FINE: Final = ((None, GOOD), (1, WARN))
"""The same, for what is not urgent."""

PLAIN: Final = ((None, NEUTRAL),)
"""For a number that is neither good nor bad."""

Steps = tuple[tuple[float | None, str], ...]
"""From which value on (``None`` is the lowest) a colour is used."""


def thresholds(steps: Steps) -> ThresholdsConfig:
    built = [Threshold(value=value, color=color) for value, color in steps]
    return ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(built)


def by_threshold() -> FieldColor:
    return FieldColor().mode(FieldColorModeId.THRESHOLDS)


def mapping(texts: Mapping[str, tuple[str, str | None]]) -> list[ValueMapping]:
    """Value → its text and colour, ``None`` for the colour it would have had."""
    results = {
        value: ValueMappingResult(text=text, color=color, index=index)
        for index, (value, (text, color)) in enumerate(texts.items())
    }
    return [ValueMap(options=results)]


def property_of(key: str, value: object) -> DynamicConfigValue:
    """What an override sets: ``custom.`` begins the keys that only some kinds of panel know."""
    return DynamicConfigValue(id_val=key, value=value)


def color_of(series: str) -> DynamicConfigValue:
    return property_of("color", {"mode": "fixed", "fixedColor": series})


COLOURED_TEXT: Final = property_of("custom.cellOptions", {"type": "color-text"})
COLOURED_CELL: Final = property_of("custom.cellOptions", {"type": "color-background", "mode": "basic"})
