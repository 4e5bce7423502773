"""What must hold holds in any world: random settings over all that is allowed, and the extremes.

A seed decides a world and what is changed in it while it runs; a failing test names it.
"""

from typing import Any

import numpy as np
import pytest

from Kernel.contract.inputs import SET_PARAM, Input
from Kernel.contract.settings import Sort
from tests.zones.world.test_engine import BUSY
from tests.zones.world.worlds import make_engine, make_world, run, send
from zones.world import columns
from zones.world.engine import Engine
from zones.world.invariants import all_checks, cold_check
from zones.world.parameters import PARAMETERS
from zones.world.settings import FOUNDING, SIDE_MAX

WORLDS = 100
BATCHES = 10
TICKS = 24
CHANGE_TICKS = 6
SLOTS_MAX = 80
"""More slots, places or ground cells would take the same paths, slower."""

EXTREMES: dict[str, dict[str, Any]] = {
    "weightless": {"gravity": 0.0, "friction": 1.0},
    "heavy": {"gravity": 20.0, "friction": 1.0, "hill_height": 1000.0, "hill_length": 10.0},
    "sticky": {"friction": 0.0, "speed_max": 50.0},
    "giants": {"body_radius": 50.0, "collision_push": 1.0, "collision_bounce": 1.0},
    "points": {"body_radius": 0.0, "eat_reach": 0.0},
    "flicker": {"day_ticks": 2, "year_days": 1, "day_swing": 40.0, "season_swing": 40.0},
    "one": {"max_entities": 1, "entities": 1, "resources": 1, "min_population": 1},
    "nobody": {"entities": 0, "min_population": 0},
    "full": {"entities": 60, "max_entities": 60, "min_population": 100_000},
    "frost": {"temperature": -50.0, "cost_temperature": 100.0},
    "heat": {"temperature": 80.0, "growth_span": 200.0},
    "box": {"world_width": 10.0, "world_height": 10.0, "body_radius": 50.0},
    "ribbon": {"world_width": SIDE_MAX, "world_height": 10.0, "ground_cell": 2000.0},
    "column": {"world_width": 10.0, "world_height": SIDE_MAX, "ground_cell": 2000.0},
    "plain": {"world_width": SIDE_MAX, "world_height": SIDE_MAX, "ground_cell": 50_000.0},
    "short lives": {"age_max": 1, "lifespan_shortest": 0.0, "birth_age": 0},
    "giving all": {"birth_share": 1.0, "birth_age": 0, "birth_energy": 0.0},
    "giving nothing": {"birth_share": 0.0, "birth_age": 0, "birth_energy": 0.0},
    "losing all": {"birth_loss": 1.0, "birth_age": 0, "birth_energy": 0.0},
    "penniless": {"founder_energy": 0.0, "min_population": 50},
    "lasting": {"cost_longevity": 2.0, "cost_base": 10.0},
    "wild": {"mutation": 1.0, "lineage_distance": 0.0, "birth_age": 0, "birth_energy": 1.0},
    "clones": {"mutation": 0.0, "founder_variety": 0.0, "gene_effect": 0.0},
}

BUSY_SMALL = {**BUSY, "entities": 40, "max_entities": 60, "resources": 60, "world_width": 120.0,
              "world_height": 90.0}  # fmt: skip


def draw_number(generator: np.random.Generator, low: float, high: float, usual: float) -> float:
    """Return the usual value, an end of the range, or anything within, small ones more often."""
    kind = generator.integers(0, 8)
    if kind < 3:
        return usual
    if kind < 5:
        return low if kind == 3 else high
    return low + (high - low) * float(generator.random() ** (1 if kind == 5 else 4))


def draw_values(seed: int) -> dict[str, Any]:
    """Return the settings of random world number `seed`."""
    generator = np.random.default_rng(seed)
    values: dict[str, Any] = {"seed": int(generator.integers(0, 2**63))}
    usual = {"world_width": 300.0, "world_height": 250.0, **BUSY}
    for key in FOUNDING:
        if key.sort is Sort.NUMBER:
            default = usual.get(key.name, key.low)
            values[key.name] = draw_number(generator, key.low, key.high, default)
    # Small worlds are crowded; the large ones get ground cells to match.
    longest = max(values["world_width"], values["world_height"])
    values["ground_cell"] = max(values["ground_cell"], longest / 40.0)
    for parameter in PARAMETERS:
        values[parameter.name] = draw_parameter(generator, parameter.name)
    values["max_entities"] = int(generator.integers(1, SLOTS_MAX + 1))
    values["entities"] = int(generator.integers(0, values["max_entities"] + 1))
    values["resources"] = int(generator.integers(1, 2 * SLOTS_MAX))
    return values


def draw_parameter(generator: np.random.Generator, name: str) -> float | int:
    """Return any value that a parameter may have."""
    parameter = next(each for each in PARAMETERS if each.name == name)
    usual = float(BUSY.get(name, parameter.default))
    value = draw_number(generator, parameter.low, parameter.high, usual)
    return int(value) if parameter.whole else value


def check(engine: Engine, tick: int, seed: object) -> None:
    """Assert every invariant of the committed tick."""
    failed = [each for each in all_checks(engine.world, tick) if not each.ok]
    assert failed == [], (seed, tick)
    if tick > 1:
        assert cold_check(engine.world, tick).ok, (seed, tick)


def live(values: dict[str, Any], seed: object, ticks: int) -> None:
    """Run a world with threads and without, changing parameters, and check every tick."""
    generator = np.random.default_rng([77, len(str(seed)), int(values.get("seed", 0)) % 2**32])
    plain, threaded = make_world(**values), make_world(**values)
    engines = make_engine(plain), make_engine(threaded, threads=2)
    engines[1].use_parallel(True)
    check(engines[0], 0, seed)
    for tick in range(1, ticks + 1):
        if tick % CHANGE_TICKS == 0:
            for _ in range(3):
                name = PARAMETERS[generator.integers(0, len(PARAMETERS))].name
                value = float(draw_parameter(generator, name))
                for words in (plain, threaded):
                    send(words, Input(SET_PARAM, param=name, value=value))
        for engine in engines:
            engine.tick()
        check(engines[0], tick, seed)
    assert engines[0].publish_hash() == engines[1].publish_hash(), seed


@pytest.mark.slow
@pytest.mark.parametrize("batch", range(BATCHES))
def test_random_worlds(batch: int) -> None:
    """In any allowed world every invariant holds in every tick, and threads decide nothing."""
    for seed in range(batch * WORLDS // BATCHES, (batch + 1) * WORLDS // BATCHES):
        live(draw_values(seed), seed, TICKS)


@pytest.mark.slow
@pytest.mark.parametrize("name", EXTREMES)
def test_extreme_worlds(name: str) -> None:
    """The ends of what is allowed are worlds as well."""
    live({**BUSY_SMALL, **EXTREMES[name]}, name, 2 * TICKS)


@pytest.mark.slow
def test_nobody_holds_more_than_it_can() -> None:
    """Who eats all that it has room for holds max_energy, not the next float32 above it."""
    values = {"max_energy": 1.0, "eat_bite": 100.0, "resource_spawn_rate": 10.0}
    live({**BUSY_SMALL, **values}, "thrifty", TICKS)


def test_random_worlds_live() -> None:
    """The random worlds are no deserts: in most of them some live, are born, and die."""
    lively = 0
    for seed in range(20):
        words = make_world(**draw_values(seed))
        engine = run(words, TICKS)
        buffer = engine.world.committed
        lively += buffer.scalar(0) == TICKS and buffer.scalar(columns.LOG_COUNT) > 0
    assert lively > 10


@pytest.mark.parametrize(
    ("column", "value", "found"),
    [
        ("energy", np.nan, "numbers"),
        ("x", -5.0, "numbers"),
        ("state", 0, "population"),
        ("id", 1, "ids"),
        ("lineage", 0, "lineages"),
        ("parent", 2**40, "parents"),
        ("age", -3, "ages"),
        ("resource_amount", -1.0, "numbers"),
        ("ground_height", np.nan, "finite columns"),
    ],
)
def test_checks_can_fail(column: str, value: float, found: str) -> None:
    """One wrong value in a column is found, by the check that looks for it."""
    engine = run(make_world(seed=4, **BUSY), 10)
    buffer = engine.world.committed
    place = 7 if column.startswith(("resource", "ground")) else np.flatnonzero(buffer.state)[7]
    getattr(buffer, column)[place] = value
    failed = {each.name for each in all_checks(engine.world, 10) if not each.ok}
    assert found in failed
