"""Colours, thresholds and value mappings: what a number or a word looks like."""

from collections.abc import Mapping
from typing import Final

from grafana_foundation_sdk.builders.dashboard import FieldColor, ThresholdsConfig
from grafana_foundation_sdk.models.dashboard import (
    DashboardSpecialValueMapOptions,
    DynamicConfigValue,
    FieldColorModeId,
    SpecialValueMap,
    SpecialValueMatch,
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
"""What is not known is never green."""

UNSET: Final = "transparent"
"""What is neither good nor bad needs no colour."""

NONE_IS_GOOD: Final = ((None, UNKNOWN), (0, GOOD), (1, BAD))
"""Steps for a number of things that are wrong."""

NONE_IS_FINE: Final = ((None, UNKNOWN), (0, GOOD), (1, WARN))
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


def when_unknown(text: str) -> SpecialValueMap:
    """What is shown, in grey, where there is no value at all."""
    result = ValueMappingResult(text=text, color=UNKNOWN, index=100)
    return SpecialValueMap(
        options=DashboardSpecialValueMapOptions(match=SpecialValueMatch.NULL_AND_NAN, result=result)
    )


def severities() -> list[ValueMapping]:
    """Those of the alerts, and what stands there where no rules are."""
    return mapping(
        {
            "critical": ("critical", BAD),
            "warning": ("warning", WARN),
            "info": ("info", NEUTRAL),
            "unknown": ("unknown", UNKNOWN),
        }
    )


def property_of(key: str, value: object) -> DynamicConfigValue:
    """What an override sets: ``custom.`` begins the keys that only some kinds of panel know."""
    return DynamicConfigValue(id_val=key, value=value)


def color_of(series: str) -> DynamicConfigValue:
    return property_of("color", {"mode": "fixed", "fixedColor": series})


WRAPPED: Final = (property_of("custom.wrapText", True), property_of("custom.wrapHeaderText", True))
COLOURED_TEXT: Final = property_of("custom.cellOptions", {"type": "color-text"})
COLOURED_CELL: Final = property_of("custom.cellOptions", {"type": "color-background", "mode": "basic"})
