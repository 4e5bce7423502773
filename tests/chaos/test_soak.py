"""The soak's checks find what they are there for; `make chaos` soaks for a minute, too."""

from pathlib import Path

import pytest

from tests.bench.evolution_story import Story
from tests.chaos.soak import scenario_words, soak
from tests.chaos.soak_checks import check_flat, check_missed, check_story
from tests.chaos.soak_kills import NOBODY, VICTIMS, Cost, Sample
from zones.agents.mutation import Mutation

SOAK_S = 60.0


@pytest.mark.parametrize(
    ("victim", "missed", "holds"),
    [
        ("sandbox", [0, 0, 0, 0], True),
        ("sandbox", [2, 0, 0, 1], True),
        ("sandbox", [9, 9, 0, 9], False),
        ("world", [1, 1, 1, 1], True),
        ("world", [8, 8, 8, 8], False),
    ],
)
def test_what_a_kill_may_cost(victim: str, missed: list[int], holds: bool) -> None:
    """No more than as long a time without one, but a tick for each takeover."""
    costs = {NOBODY: Cost([0, 1, 2, 0], [0.0] * 4), victim: Cost(missed, [0.1] * 4)}
    (check,) = check_missed(costs)
    assert check.holds is holds, check


def test_whose_death_stops_the_world_is_told_only() -> None:
    """Without a kernel, or with neither world nor heir, there is nobody who could tick."""
    costs = {victim: Cost([50], [3.0]) for victim in ("kernel", "world and heir")}
    assert check_missed(costs) == []


@pytest.mark.parametrize(
    ("memory", "files", "holds"),
    [
        ([100, 100, 120], [50, 50, 50], True),
        ([40, 50, 60], [50, 50, 50], True),
        ([100, 150, 200], [50, 50, 50], False),
        ([100, 100, 100], [50, 60, 70], False),
    ],
)
def test_who_grows_is_found(memory: list[float], files: list[int], holds: bool) -> None:
    """Memory and descriptors of the last third, against those of the first."""
    taken = [
        Sample(float(index), *each) for index, each in enumerate(zip(memory, files, strict=True))
    ]
    (check,) = check_flat({"archive": taken})
    assert check.holds is holds, check


def test_a_soak_in_which_nothing_evolved_proves_nothing() -> None:
    """Something must have been tried, and each mutation be explained."""
    assert [each.holds for each in check_story(Story())] == [False, True]
    one = Mutation("mut_1", status="refused")
    whole = Story(mutations=[one], walks={"mut_1": ["mutation.failed", "telemetry"]})
    torn = Story(mutations=[one], walks={"mut_1": ["mutation.failed"]})
    assert [each.holds for each in check_story(whole)] == [True, True]
    assert [each.holds for each in check_story(torn)] == [True, False]


def test_what_it_takes_is_there() -> None:
    """Shares add up, and a scenario is laid over the world as the kernel does."""
    assert sum(VICTIMS.values()) == 100
    assert "resource_spawn_rate=0.005" in scenario_words("starving")
    assert scenario_words("default") == []


@pytest.mark.slow
@pytest.mark.chaos
def test_a_short_soak(home: Path, rounds: int) -> None:
    """A minute of kills: everything holds, but for what takes longer to happen."""
    if rounds == 1:
        return  # `make soak` is an hour of it
    report = soak(home, "starving", 20261128, SOAK_S)
    late = {"something was tried"}
    failed = [each for each in report["checks"] if not each["holds"] and each["name"] not in late]
    assert not failed, failed
