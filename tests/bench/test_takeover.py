"""The takeover bench: its kill loop on a stand-in world, and its sums."""

import mmap
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from Kernel.contract.arena import ArenaWords, Header
from tests.bench.live_kernel import ArenaView
from tests.bench.report import ROOT, CannotMeasure
from tests.bench.stand_in_world import PERIOD_NS, TICK_NS, make_arena
from tests.bench.takeover import Kill, compare, judge, kill_once, summarise, watch_calm

TIMEOUT_S = 20.0


@pytest.fixture
def arena(home: Path) -> Iterator[ArenaView]:
    """Give the arena of a running stand-in world; ask it to leave afterwards."""
    path = home / "arena"
    make_arena(path)
    world = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.stand_in_world", str(path)], cwd=ROOT
    )
    view = ArenaView(path)
    try:
        view.wait_for_heir(TIMEOUT_S)
        yield view
    finally:
        with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as memory:
            words = ArenaWords(memoryview(memory))
            words.put(Header.DRAIN_AT, 0)
            words.release()
        world.wait(TIMEOUT_S)
        view.close()


@pytest.mark.chaos
def test_kills_inside_and_between_ticks_are_told_apart(arena: ArenaView) -> None:
    """Aimed inside, a kill redoes the tick under way; aimed between, it is counted as between."""
    watch_calm(arena)
    assert TICK_NS <= arena.recent_tick_ns(16) < PERIOD_NS
    draw = random.Random(1)
    epoch = arena.get(Header.EPOCH)
    inside = [kill_once(arena, True, draw) for _ in range(3)]
    between = [kill_once(arena, False, draw) for _ in range(3)]
    assert arena.get(Header.EPOCH) == epoch + 6
    assert any(kill.inside for kill in inside)
    assert not any(kill.inside for kill in between)
    for kill in inside + between:
        assert 0 < kill.takeover_ms < kill.commit_ms
        assert kill.commit_ms - kill.takeover_ms >= TICK_NS / 1e6, "a whole tick lies between"


def test_wait_that_is_never_over_says_what_was_awaited(home: Path) -> None:
    """A condition that does not come true ends in an error that names it."""
    make_arena(home / "arena")
    view = ArenaView(home / "arena")
    with pytest.raises(CannotMeasure, match=r"cannot measure: a new heir .* 0\.0 s"):
        view.wait_for_heir(0.0)
    view.close()


KILLS = (
    Kill(inside=True, takeover_ms=0.4, commit_ms=2.4, tick_ms=2.0, missed=0),
    Kill(inside=True, takeover_ms=0.6, commit_ms=3.6, tick_ms=2.0, missed=1),
    Kill(inside=True, takeover_ms=9.0, commit_ms=11.5, tick_ms=2.0, missed=0),
    Kill(inside=False, takeover_ms=3.0, commit_ms=4.0, tick_ms=2.0, missed=1),
)


def test_kills_between_ticks_have_their_own_row() -> None:
    """Rows tell inside and between apart, and each counts its own missed ticks."""
    inside, between = summarise(500, 480, KILLS, calm=0)
    assert (inside["kills"], inside["missed_ticks"], inside["takeover_ms"]) == (3, 1, 0.6)
    assert (between["kills"], between["missed_ticks"], between["commit_p99_ms"]) == (1, 1, 4.0)


def test_only_kills_inside_a_tick_are_judged_by_time() -> None:
    """Median, p99 and commit come from kills inside; missed ticks from all of them."""
    goals = {goal.name.partition(",")[0]: goal for goal in judge(500, KILLS)}
    assert (goals["takeover median"].value, goals["takeover median"].met) == (0.6, True)
    assert (goals["takeover p99"].value, goals["takeover p99"].met) == (9.0, False)
    assert goals["takeover to commit"].value == pytest.approx(1.25)
    assert (goals["missed ticks"].value, goals["missed ticks"].met) == (2, False)


def test_population_above_50k_is_judged_by_missed_ticks_only() -> None:
    """At 200k the only goal is that no tick is missed."""
    assert [goal.name for goal in judge(200_000, KILLS)] == ["missed ticks, 200000 entities"]


def test_goal_without_kills_inside_is_not_met() -> None:
    """When no kill met a tick nothing was measured, and a goal is not met by that."""
    median_goal = judge(500, KILLS[3:])[0]
    assert (median_goal.value, median_goal.met) == (None, False)


def test_peers_are_compared_by_the_best_of_them() -> None:
    """The ratio is the quickest peer's over molt's commit; skipped peers do not count."""
    rows = [{"peer": "a", "served_median_ms": 90.0}, {"peer": "b", "served_median_ms": 66.0}]
    assert compare([*rows, {"peer": "c", "skipped": "not here"}], 1.0).value == 66.0
    assert compare(rows, 1.0).met
    assert not compare(rows, 2.0).met
    assert compare([{"peer": "c", "skipped": "not here"}], 1.0).value is None
