"""Which shard polls an instance: each instance exactly one, whatever its name and however many shards there are."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.model.shard import Shard, shard_of

NAMES = [f"loja {number}" for number in range(10_000)]

a_name = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200)
a_number_of_shards = st.integers(1, 1000)


@given(a_name, st.integers(1, 40))
def test_all_shards_together_poll_an_instance_exactly_once(name: str, total: int) -> None:
    assert sum(Shard(index, total).owns(name) for index in range(total)) == 1


@given(a_name, a_number_of_shards)
def test_a_new_shard_takes_instances_and_moves_none_between_the_others(name: str, total: int) -> None:
    assert shard_of(name, total + 1) in (shard_of(name, total), total)


@pytest.mark.parametrize("total", [1, 2, 20])
def test_growing_by_one_shard_moves_one_share_of_the_instances(total: int) -> None:
    moved = sum(shard_of(name, total) != shard_of(name, total + 1) for name in NAMES)
    share = len(NAMES) / (total + 1)
    assert 0.8 * share < moved < 1.2 * share


def test_instances_are_spread_evenly() -> None:
    counts = Counter(shard_of(name, 8) for name in NAMES)
    assert sorted(counts) == list(range(8))
    assert all(1100 < count < 1400 for count in counts.values())


def test_where_an_instance_belongs_never_changes() -> None:
    """A change of these would have every instance polled by another exporter after an update."""
    names = ("vendas", "recepção", "loja 1", "loja 2", "loja 3", "cobrança", "loja 29340", "loja 149453")
    assert [shard_of(name, 1000) for name in names] == [169, 969, 958, 223, 983, 971, 677, 279]
