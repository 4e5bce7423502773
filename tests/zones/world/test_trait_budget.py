"""The fuel budget: who runs is decided from the cursor, and everybody's turn comes."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from Kernel.contract.arena import State
from tests.zones.world.fake_traits import add, engine_with, facts, loaded
from tests.zones.world.stage import put, stage
from tests.zones.world.worlds import living
from zones.traits.contract import INTERPRETED
from zones.world import columns
from zones.world.carriers import find_limit, new_rota
from zones.world.engine import Engine
from zones.world.trait_library import TraitLibrary
from zones.world.trait_phase import fuel_of_a_call, fuel_of_a_tick

COUNT = 60
SLOW = facts("Slow", tier=INTERPRETED)


class Watched:
    """A still world of COUNT Molbots whose one trait notes the ids it ran for, tick by tick."""

    def __init__(self, fuel: int, budget_steps: int, given: Any = SLOW, **more: Any) -> None:
        # 1000 steps in a millisecond: the budget in s is that of steps / 1e6.
        rules = {"fuel_per_ms": 1000, "fuel_native_gain": 10}
        words = stage(
            COUNT, **{**rules, "tick_time_budget_sec": budget_steps / 1e6, **more}
        )  # fmt: skip
        put(words, energy=50.0)
        self.runs: list[list[int]] = []
        add(words, given)

        def note(scene: Any, who: Any) -> None:
            scene.arrays["fuel"][: len(who)] = self.fuel
            if len(who):
                self.runs.append(scene.arrays["id"][who].tolist())

        self.fuel = fuel
        self.engine: Engine = engine_with(words, TraitLibrary([loaded(given, note)]))

    def go(self, ticks: int) -> list[list[int]]:
        """Run some ticks and return who ran in each."""
        self.runs.clear()
        for _ in range(ticks):
            before = len(self.runs)
            self.engine.tick()
            if len(self.runs) == before:
                self.runs.append([])
        return list(self.runs)


def test_all_run_while_it_fits() -> None:
    """While the sum is within the budget, everybody runs in every tick, in the order of ids."""
    watched = Watched(10, COUNT * 10)
    watched.go(4)  # what a call costs is found out first
    assert watched.go(3) == [list(range(1, COUNT + 1))] * 3
    assert watched.engine.world.committed.scalar(State.FUEL_CURSOR) >= 0


def test_turns_are_fair() -> None:
    """What does not fit comes first in the next tick: each runs as often as any other, by one."""
    watched = Watched(10, 170)
    watched.go(12)
    runs = watched.go(60)
    counts = np.bincount(np.concatenate(runs), minlength=COUNT + 1)[1:]
    assert counts.max() - counts.min() <= 1
    assert {len(each) for each in runs} == {17}
    for each, following in pairwise(runs):
        last = next(n for n in each if n % COUNT + 1 not in each)
        assert last % COUNT + 1 in following
    put_off = watched.engine.world.committed.scalar(columns.TRAITS_PUT_OFF)
    assert put_off >= 60 * (COUNT - 17)


def test_the_first_tick_of_a_trait_is_careful() -> None:
    """Of a trait that has never run, a call is taken to cost the limit: few run at first."""
    watched = Watched(10, 6000, trait_timeout_sec=0.002)  # 2000 steps a call
    assert [len(each) for each in watched.go(3)] == [3, COUNT, COUNT]


def test_one_runs_whatever_it_costs() -> None:
    """A budget below what a single call costs lets one run in each tick, and then the next."""
    watched = Watched(500, 100)
    watched.go(2)
    assert [len(each) for each in watched.go(5)] == [1] * 5
    assert len({each[0] for each in watched.go(COUNT)}) == COUNT


def test_native_steps_are_cheaper() -> None:
    """A native step costs a share of an interpreted one; the limit of a call is the same."""
    native = facts("Fast")
    watched = Watched(100, 100, native)
    watched.go(6)
    assert [len(each) for each in watched.go(4)] == [10] * 4
    rules = watched.engine.world.committed.parameters
    assert (fuel_of_a_call(rules), fuel_of_a_tick(rules)) == (5000, 1000)


@pytest.mark.parametrize("size", [1, 5, 3000])
def test_the_limit_is_that_of_a_sorted_sum(size: int) -> None:
    """The search without sorting finds what sorting by key and adding up finds."""
    rng = np.random.default_rng(size)
    for _ in range(60):
        next_id = int(rng.integers(size + 1, 10 ** rng.integers(4, 12)))
        ids = rng.choice(min(next_id - 1, 10**6), size, replace=False) * (next_id // 10**6 or 1) + 1
        cursor = int(rng.integers(0, next_id))
        rota = new_rota(size, 1)
        rota.runners[:] = rng.permutation(size)
        rota.cost[:] = rng.integers(1, 2**31, size)
        budget = int(rng.integers(0, rota.cost.sum()))
        limit = int(find_limit(size, ids, cursor, next_id, budget, rota))
        keys = (ids - cursor) % next_id
        order = np.argsort(keys)
        fitting = np.cumsum(rota.cost[order]) <= budget
        expected = set(order[fitting].tolist()) or {int(order[0])}
        assert set(np.flatnonzero(keys < limit).tolist()) == expected


def test_who_has_no_energy_left_does_not_run() -> None:
    """One that will die of what it has spent in this tick is not asked any more."""
    watched = Watched(1, 10**6, cost_base=1.0)
    put(watched.engine._words, energy=0.5)
    assert watched.go(1) == [[]]
    assert not len(living(watched.engine.world.committed))
