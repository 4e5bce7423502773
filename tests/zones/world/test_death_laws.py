"""Laws of death: each cause provoked alone, and how long lives last."""

import numpy as np
import pytest

from Kernel.contract.arena import State
from tests.zones.world.stage import assert_uniform, now, put, stage
from tests.zones.world.worlds import make_engine, run
from zones.world import columns
from zones.world.columns import GENES

MANY = 60
CAUSES = {
    "starvation": (State.DEATH_STARVATION, 1),
    "age": (State.DEATH_AGE, 2),
    "collision": (State.DEATH_COLLISION, 3),
}
PROVOKED = {
    "starvation": {"cost_base": 1.0},
    "age": {"age_max": 3},
    "collision": {"body_radius": 4.0, "collision_damage": 100.0, "friction": 1.0},
}
"""What makes all die of one cause within ten ticks."""
HARMLESS = {"cost_base": 0.0, "age_max": 1000, "collision_damage": 0.0}


@pytest.mark.parametrize("cause", CAUSES)
def test_each_cause_alone(cause: str) -> None:
    """What kills is what is counted, in the state block and in the log, and nothing else."""
    words = stage(MANY, **PROVOKED[cause])
    pair = np.arange(MANY) // 2
    put(words, x=30.0 + 60.0 * pair + np.arange(MANY) % 2 * 6.0, y=500.0, energy=5.0)
    put(words, vx=np.where(np.arange(MANY) % 2, -1.0, 1.0), vy=0.0)
    run(words, 10)
    for name, (counter, _) in CAUSES.items():
        assert words.state(10, counter) == (MANY if name == cause else 0), name
    buffer = now(words)
    assert buffer.scalar(columns.LOG_COUNT) == MANY
    assert np.all(buffer.log_cause[:MANY] == CAUSES[cause][1])
    assert sorted(buffer.log_id[:MANY]) == list(range(1, MANY + 1))


@pytest.mark.parametrize("cause", CAUSES)
def test_without_its_reason_nobody_dies(cause: str) -> None:
    """With the reason taken away, all those live on: the provoked ones died of nothing else."""
    words = stage(MANY, **{**PROVOKED[cause], **HARMLESS})
    put(words, energy=5.0)
    run(words, 10)
    assert words.state(10, State.POPULATION) == MANY


@pytest.mark.parametrize(
    ("upkeep", "cause"), [(4.0, "collision"), (7.0, "collision"), (9.0, "starvation")]
)
def test_who_would_have_lived_died_of_the_collision(upkeep: float, cause: str) -> None:
    """A collision is the cause if without its damage there were energy left, else hunger is."""
    words = stage(
        2, cost_base=upkeep, body_radius=4.0, collision_damage=2.0, friction=1.0
    )  # fmt: skip
    put(words, x=[500.0, 506.0], y=500.0, vx=[2.0, -2.0], vy=0.0, energy=8.0)
    run(words, 1)
    assert words.state(1, CAUSES[cause][0]) == 2


def lifetimes(shortest: float, longevity: float, age_max: int) -> np.ndarray:
    """Return the age at which each of 4000 died of age alone."""
    many = 4000
    words = stage(many, gene_effect=1.0, age_max=age_max, lifespan_shortest=shortest, seed=21)
    dna = np.full((many, GENES), 0.5)
    dna[:, 7] = longevity
    put(words, dna=dna, energy=50.0)
    engine = make_engine(words)
    ages = []
    before = 0
    for tick in range(1, int(age_max * 1.5) + 3):
        engine.tick()
        dead = words.state(tick, State.DEATH_AGE)
        ages += [tick] * (dead - before)
        before = dead
    assert len(ages) == many
    return np.array(ages)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shortest", "longevity", "age_max"), [(0.75, 0.5, 400), (0.0, 0.5, 300), (0.5, 1.0, 200)]
)
def test_lifespans_are_even(shortest: float, longevity: float, age_max: int) -> None:
    """Lives end evenly between lifespan_shortest and 1 of age_max x longevity, none outside."""
    longest = age_max * (0.5 + longevity)
    ages = lifetimes(shortest, longevity, age_max)
    assert ages.min() > longest * shortest
    assert ages.max() <= longest + 1
    # A life ends in the first whole tick behind its luck: half a tick later on the whole.
    assert_uniform(ages - 1.0, longest * shortest - 1e-9, longest + 1e-9, 20)


def test_luck_is_for_life() -> None:
    """How long one lives is drawn once: the same luck whatever else the world does."""
    ends = []
    for gravity in (0.0, 3.0):
        words = stage(
            500, age_max=60, lifespan_shortest=0.2, gravity=gravity, hill_height=20.0, seed=3
        )
        run(words, 62)
        rows = slice(0, now(words).scalar(columns.LOG_COUNT))
        ids, ticks = now(words).log_id[rows], now(words).log_tick[rows]
        died = dict(zip(ids.tolist(), ticks.tolist(), strict=True))
        ends.append(died)
    assert len(ends[0]) == 500
    assert ends[0] == ends[1]
