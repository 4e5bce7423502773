"""Ticks: the same bits whatever runs them, and rules that hold in every tick."""

import numpy as np
import pytest

from Kernel.contract.arena import Header, State
from tests.zones.world.worlds import check_invariants, living, make_engine, make_world, run
from zones.world import engine as engine_module
from zones.world import parameters
from zones.world.columns import COLD, open_world
from zones.world.engine import PHASES, Engine
from zones.world.genes import COLOUR, SIZE
from zones.world.weather import weather_at
from zones.world.world_hash import world_hash

BUSY = {
    "world_width": 300.0,
    "world_height": 250.0,
    "entities": 300,
    "max_entities": 340,
    "resources": 500,
    "birth_age": 5,
    "birth_energy": 60.0,
    "age_max": 120,
    "min_population": 30,
    "resource_spawn_rate": 0.12,
    "cost_base": 0.4,
    "collision_damage": 0.2,
}
"""A crowded world in which much is born and dies within a hundred ticks."""

GOLDEN = {
    "default": ({"seed": 1}, 2000, "33e35f8aa96090f3"),
    "busy": ({"seed": 2, **BUSY}, 400, "a9966e7e9c23917f"),
    "large": ({"seed": 3, "max_entities": 6000}, 60, "3cb88455ecf565b9"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", list(GOLDEN))
def test_golden(name: str) -> None:
    """A known world comes to a known hash. A change of rules changes these on purpose only."""
    values, ticks, expected = GOLDEN[name]
    words = make_world(**values)
    run(words, ticks)
    assert world_hash(words).hex()[:16] == expected


def test_threads_decide_nothing() -> None:
    """One thread and two give the same bits, in a world large enough to be shared out."""
    large = {"max_entities": 20_000, "entities": 18_000, "resources": 20_000}
    hashes = set()
    for threads in (1, 2):
        words = make_world(seed=3, **{**BUSY, **large})
        engine = run(words, 40, threads=threads)
        assert engine._parallel == (threads == 2)
        hashes.add(world_hash(words))
        assert words.state(40, State.BIRTHS) > 100
        assert words.state(40, State.DEATH_AGE) > 100
    assert len(hashes) == 1


def test_parallel_phases_decide_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The threaded form of each phase gives the bits of the plain one, in a small world too."""
    plain = make_world(seed=2, **BUSY)
    run(plain, 120)
    monkeypatch.setattr(engine_module, "PARALLEL_FROM", 1)
    monkeypatch.setattr(engine_module, "PARALLEL_LIGHT_FROM", 1)
    threaded = make_world(seed=2, **BUSY)
    engine = run(threaded, 120, threads=2)
    assert engine._parallel
    assert engine._parallel_light
    assert world_hash(threaded) == world_hash(plain)


def test_canary() -> None:
    """One random draw too many a tick shows in the hash of every tick, whatever the seed."""
    for seed in range(1, 5):
        honest, canary = make_world(seed=seed), make_world(seed=seed)
        honest_engine, canary_engine = make_engine(honest), make_engine(canary, extra_draw=True)
        for tick in range(1, 26):
            assert honest_engine.tick() == canary_engine.tick() == tick
            assert world_hash(honest) != world_hash(canary), (seed, tick)


@pytest.mark.slow
def test_canary_stays() -> None:
    """The trace of the extra draws does not die out while generations come and go."""
    for seed in (1, 2, 20261120):
        honest, canary = make_world(seed=seed, **BUSY), make_world(seed=seed, **BUSY)
        for _ in range(10):
            run(honest, 150)
            run(canary, 150, extra_draw=True)
            assert world_hash(honest) != world_hash(canary), (seed, honest.get(Header.COMMIT))
        assert honest.state(1500, State.DEATH_AGE) > 300


def test_invariants_in_every_tick() -> None:
    """Counts, ids, ranges and both buffers agree in each of 300 busy ticks."""
    words = make_world(seed=4, **BUSY)
    engine = make_engine(words)
    world = engine.world
    for tick in range(1, 301):
        engine.tick()
        check_invariants(world, tick)
    assert words.state(300, State.BIRTHS) > 150
    assert words.state(300, State.DEATH_AGE) > 50
    assert words.state(300, State.DEATH_STARVATION) > 10


def test_cold_columns_agree() -> None:
    """Both buffers hold the same cold columns for every slot alive in both and not just touched."""
    words = make_world(seed=4, **BUSY)
    engine = make_engine(words)
    for tick in range(1, 200):
        engine.tick()
        new, old = engine.world.buffer(tick), engine.world.buffer(tick - 1)
        touched = new.touched[: new.scalar(State.TOUCHED_COUNT)]
        same = np.setdiff1d(living(new), touched)
        for name in COLD:
            assert np.array_equal(getattr(new, name)[same], getattr(old, name)[same]), name


def test_committed_buffer_is_never_written() -> None:
    """Computing tick T+1 leaves every byte of tick T's buffer as it was."""
    words = make_world(seed=4, **BUSY)
    engine = make_engine(words)
    for tick in range(60):
        before = bytes(engine.world.buffer(tick).whole)
        engine.tick()
        assert bytes(engine.world.buffer(tick).whole) == before


def test_energy_is_not_conjured() -> None:
    """Energy of Molbots and food together grows by no more than what grows on the places."""
    words = make_world(seed=6, **{**BUSY, "min_population": 0})
    engine = make_engine(words)
    for tick in range(1, 150):
        before = _energy(engine, tick - 1)
        engine.tick()
        most = 500 * 0.12 * weather_at(tick, engine.world.committed.parameters.tolist()).growth
        assert _energy(engine, tick) <= before + most * 1.0001 + 0.01


def _energy(engine: Engine, tick: int) -> float:
    buffer = engine.world.buffer(tick)
    alive = living(buffer)
    food = np.sum(buffer.resource_amount, dtype=float)
    return float(np.sum(buffer.energy[alive], dtype=float) + food)


def test_speed_limit_and_walls() -> None:
    """On even ground and without bodies nobody is faster than speed_max or outside the walls."""
    words = make_world(seed=7, gravity=0.0, body_radius=0.0, gene_effect=0.0)
    engine = make_engine(words)
    for tick in range(1, 200):
        engine.tick()
        buffer = engine.world.buffer(tick)
        alive = living(buffer)
        assert np.hypot(buffer.vx[alive], buffer.vy[alive]).max() <= 2.0 * 1.0001
        assert buffer.x[alive].min() >= 0
        assert buffer.x[alive].max() <= 2000
        assert buffer.y[alive].min() >= 0
        assert buffer.y[alive].max() <= 2000


def test_freed_slots_rest_one_tick() -> None:
    """A slot freed in tick T is not born into before T+1 is computed from it."""
    words = make_world(seed=4, **BUSY)
    engine = make_engine(words)
    reused = 0
    for tick in range(1, 200):
        engine.tick()
        new, old = engine.world.buffer(tick), engine.world.buffer(tick - 1)
        touched = new.touched[: new.scalar(State.TOUCHED_COUNT)]
        assert np.all(old.state[touched] == 0)
        reused += len(touched)
    assert reused > 100


@pytest.mark.parametrize(("radii", "winner"), [((4, 5, 3), 1), ((4, 5, 5), 1), ((5, 4, 5), 0)])
def test_largest_eats(radii: tuple[int, ...], winner: int) -> None:
    """Of several at one place the largest gets the bite, of equal ones the first slot."""
    words = make_world(
        entities=3, max_entities=3, resources=1, world_width=10.0, world_height=10.0,
        gene_effect=0.0, gravity=0.0, collision_damage=0.0,
    )  # fmt: skip
    world = open_world(words)
    for buffer in world.buffers:
        buffer.x[:] = buffer.resource_x[0]
        buffer.y[:] = buffer.resource_y[0]
        buffer.resource_amount[:] = 20
        buffer.radius[:] = radii
    make_engine(words).tick()
    ate = np.flatnonzero(world.committed.energy > 50)
    assert list(ate) == [winner]
    grown = 0.05 * weather_at(1, world.committed.parameters.tolist()).growth
    assert world.committed.resource_amount[0] == np.float32(15 + np.float32(grown))


def test_children_take_after_parents() -> None:
    """A child is of the next generation, with nearly its mother's genes and what she gave."""
    words = make_world(seed=4, **BUSY)
    engine = make_engine(words)
    children = 0
    for tick in range(1, 60):
        engine.tick()
        new, old = engine.world.buffer(tick), engine.world.buffer(tick - 1)
        place = {int(new.id[slot]): slot for slot in living(new)}
        for slot in new.touched[: new.scalar(State.TOUCHED_COUNT)]:
            mother = place[int(new.parent[slot])]
            assert new.generation[slot] == old.generation[mother] + 1
            apart = np.abs(new.dna[slot] - old.dna[mother])
            apart[COLOUR] = min(apart[COLOUR], 1 - apart[COLOUR])
            assert apart.max() <= 0.0501
            # She has given half, and 0.13 of birth_energy (60) is lost, by the child's size.
            arrives = new.energy[mother] - 0.13 * 60.0 * (0.5 + new.dna[slot, SIZE])
            assert new.energy[slot] == pytest.approx(min(arrives, new.max_energy[slot]), rel=1e-4)
            assert abs(new.x[slot] - new.x[mother]) <= 10.001
            children += 1
    assert children > 20


def test_reseeding() -> None:
    """Below min_population Molbots of generation 0 appear, until there are that many."""
    words = make_world(entities=0, max_entities=50, min_population=12)
    engine = run(words, 2)
    world = engine.world
    check_invariants(world, 2)
    assert words.state(2, State.SEEDED) == 12
    assert set(world.committed.generation[living(world.committed)]) == {0}


def test_never_more_than_slots() -> None:
    """A full world bears nobody, and one with a single free slot bears one."""
    values = {**BUSY, "entities": 339, "cost_base": 0.0, "age_max": 1000, "birth_age": 0}
    values |= {"collision_damage": 0.0, "cost_speed": 0.0, "cost_senses": 0.0, "gene_effect": 0.0}
    words = make_world(seed=1, **{**values, "birth_energy": 20.0})
    engine = make_engine(words)
    for tick in range(1, 20):
        engine.tick()
        check_invariants(engine.world, tick)
    assert words.state(1, State.BIRTHS) == 1
    assert words.state(19, State.POPULATION) == 340


def test_flight_word(monkeypatch: pytest.MonkeyPatch) -> None:
    """The flight word names the phase while one runs, and is 0 after the commit."""
    words = make_world()
    seen: list[tuple[str, int]] = []

    def watched(name: str, phase: object) -> tuple[str, object]:
        def run_phase(engine: Engine, tick: object) -> None:
            seen.append((PHASES[words.get(Header.FLIGHT)], words.get(Header.COMMIT)))
            phase(engine, tick)  # type: ignore[operator]

        return name, run_phase

    phases = tuple(watched(name, phase) for name, phase in engine_module._PHASES)
    monkeypatch.setattr(engine_module, "_PHASES", phases)
    make_engine(words).tick()
    assert seen == [(name, 0) for name in PHASES[1:]]
    assert words.get(Header.FLIGHT) == 0
    assert words.get(Header.COMMIT) == 1


def test_published_hash() -> None:
    """publish_hash writes the world hash of the committed tick, marked by that tick."""
    words = make_world()
    engine = run(words, 3)
    assert engine.publish_hash() == world_hash(words)
    assert words.get(Header.HASH_TICK) == 4
    assert words.get_bytes(Header.HASH, 32) == world_hash(words)
    engine.tick()
    assert engine.publish_hash() == world_hash(words)


@pytest.mark.slow
def test_default_world_lives() -> None:
    """The default world keeps itself between bounds, with births and deaths all the time."""
    words = make_world(seed=11)
    engine = make_engine(words)
    before = 0
    for tick in range(1, 30_001):
        engine.tick()
        if tick % 5000 == 0:
            assert 30 <= words.state(tick, State.POPULATION) <= 400
            assert words.state(tick, State.BIRTHS) - before > 100
            before = words.state(tick, State.BIRTHS)
    assert words.state(30_000, State.SEEDED) == 0
    assert words.state(30_000, State.DEATH_AGE) > 200
    assert engine.world.committed.parameters[parameters.FRICTION] == 0.85
