"""Lineages by size: the same as counting them one by one."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zones.client.top.crowd import RANKS, Crowd, rank_crowd


def crowd_of(lineages: list[int]) -> Crowd:
    zeros = np.zeros(len(lineages), np.float32)
    ids = np.array(lineages, np.uint32)
    return rank_crowd((zeros, zeros), (zeros, zeros), zeros, ids, ids & 0xFFFFFF)


@pytest.mark.slow
@settings(max_examples=50)
@given(
    st.lists(st.integers(0, 60), max_size=300), st.sampled_from((1, 70_000)), st.integers(0, 999)
)
def test_ranks_are_those_of_counting(found: list[int], spread: int, first: int) -> None:
    """Sizes, order and ranks are those of a loop, for numbers close together and far apart."""
    lineages = [each * spread + first for each in found]
    crowd = crowd_of(lineages)
    counted = sorted(Counter(lineages).items(), key=lambda each: (-each[1], each[0]))
    largest = counted[: RANKS - 1]
    assert [(each.lineage, each.members) for each in crowd.largest] == largest
    place = {lineage: rank for rank, (lineage, _) in enumerate(largest)}
    assert crowd.rank.tolist() == [place.get(each, RANKS - 1) for each in lineages]
    assert crowd.lineage_count == len(counted)
    assert all(each.colour == each.lineage & 0xFFFFFF for each in crowd.largest)


@pytest.mark.parametrize(
    ("lineages", "effective"), [([], 0.0), ([5], 1.0), ([1, 2], 2.0), ([1, 1, 2, 2, 3, 3], 3.0)]
)
def test_effective_number(lineages: list[int], effective: float) -> None:
    """Lineages of one size count in full, nobody counts nothing."""
    assert crowd_of(lineages).effective == pytest.approx(effective)
