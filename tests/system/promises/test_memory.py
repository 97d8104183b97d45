"""The soak of ``make soak``, for a minute or so; and that it would notice."""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest

from tests.system.promises.soak import MEBIBYTE, Footprint, complaints, soaking

ROUNDS: Final = 6
ROUND: Final = 5.0
POLLS: Final = 1500
"""How many it takes until all faults have been met; a busy machine needs more rounds for them."""


@pytest.mark.nightly
def test_among_all_faults_memory_threads_and_descriptors_stay_flat(tmp_path: Path) -> None:
    with soaking(tmp_path) as soak:
        for done in itertools.count():
            if done >= ROUNDS and soak.polls >= POLLS:
                break
            soak.go_on(ROUND)
        assert complaints(soak.seen) == [], soak.seen[:: len(soak.seen) // 12]


def footprints(
    resident: Sequence[float] = (60, 60, 60), threads: Sequence[int] = (35,) * 3, peak: float = 90
) -> list[Footprint]:
    return [
        Footprint(int(size * MEBIBYTE), int(peak * MEBIBYTE), count, 40)
        for size, count in zip(resident, threads, strict=True)
    ]


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        (footprints(peak=150), ["the peak of resident memory was 150.0 MiB"]),
        (footprints((60, 60, 71)), ["resident memory grew from 60.0 to 71.0 MiB"]),
        (footprints(threads=(35, 35, 45)), ["threads grew from 35 to 45"]),
        (footprints((20, 60, 62), (2, 35, 36)), []),
    ],
)
def test_only_what_is_not_flat_is_told(seen: list[Footprint], told: list[str]) -> None:
    assert complaints(seen) == told
