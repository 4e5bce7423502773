"""Meals of traits: settled in the order of ids, within what is there and what fits in."""

from typing import Any

import numpy as np
import pytest

from tests.zones.world.fake_traits import HUNGRY, add, engine_with, loaded
from tests.zones.world.stage import now, put, stage
from tests.zones.world.worlds import living
from zones.world import columns
from zones.world.meals import new_table, serve
from zones.world.trait_library import TraitLibrary


def plain_model(
    who: Any, wanted: Any, place: Any, ids: Any, energy: Any, most: Any, amount: Any
) -> None:
    """Do the same one after the other, in the order of ids."""
    for i in sorted(who, key=lambda slot: ids[slot]):
        if wanted[i] > 0 and 0 <= place[i] < len(amount):
            room = max(most[i] - energy[i], np.float32(0))
            meal = min(wanted[i], amount[place[i]], room)
            energy[i] = min(energy[i] + meal, most[i])
            amount[place[i]] = amount[place[i]] - meal


@pytest.mark.parametrize("places", [1, 3, 200])
def test_as_one_after_the_other(places: int) -> None:
    """Whatever the crowd, the bits are those of a plain loop over sorted ids."""
    rng = np.random.default_rng(places)
    table = new_table(500, places)
    for _ in range(30):
        count = int(rng.integers(0, 400))
        who = np.sort(rng.choice(500, count, replace=False)).astype(np.int32)
        wanted = np.where(rng.random(500) < 0.2, 0, rng.uniform(0, 6, 500)).astype(np.float32)
        wanted[rng.integers(0, 500)] = np.nan
        place = rng.integers(-1, places + 1, 500).astype(np.int32)
        ids = (rng.permutation(500) + 1).astype(np.int64)
        most = rng.uniform(50, 100, 500).astype(np.float32)
        energy = (most * rng.uniform(0, 1, 500)).astype(np.float32)
        amount = rng.uniform(0, 30, places).astype(np.float32)
        expected = energy.copy(), amount.copy()
        plain_model(who, wanted, place, ids, expected[0], most, expected[1])
        before = energy.astype(np.float64).sum()
        eaten = serve(count, who, wanted, place, ids, energy, most, amount, table)
        assert np.array_equal(energy, expected[0]) and np.array_equal(amount, expected[1])
        assert eaten == pytest.approx(energy.astype(np.float64).sum() - before, abs=1e-3)
        assert not table.ends.any()


def test_the_lowest_id_eats_first() -> None:
    """Of three who want a bite of a place that has two, the youngest gets nothing; it is booked."""
    words = stage(3, resource_max=20.0, max_energy=100.0)
    put(words, resource_amount=20.0, energy=10.0)
    add(words, HUNGRY)

    def want(scene: Any, who: Any) -> None:
        scene.arrays["place"][who] = 0
        scene.arrays["wanted"][who] = 10.0

    engine = engine_with(words, TraitLibrary([loaded(HUNGRY, want)]))
    engine.tick()
    buffer = now(words)
    by_id = np.argsort(buffer.id[living(buffer)])
    assert buffer.energy[living(buffer)][by_id].tolist() == [20.0, 20.0, 10.0]
    assert buffer.resource_amount[0] == 0.0
    assert buffer.real(columns.EATEN) == 20.0
