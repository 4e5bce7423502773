"""Missions without a kernel: what is found comes in and helps, and no clock decides anything."""

from dataclasses import replace

import pytest

from tests.bench.missions import Missions
from tests.bench.recovery import BY_SCENARIO


@pytest.mark.slow
def test_a_starving_world_is_helped_and_the_same_each_time() -> None:
    """A trait comes in once the famine is seen, and children are born; a seed tells one story."""
    short = replace(BY_SCENARIO["starving"], horizon_ticks=3600)
    first, second = Missions(short, 3), Missions(short, 3)
    found = first.run()
    assert second.run() == found and second.told == first.told
    assert "Forager_v1" in first.told[0] and found.immigrants < 0.5
