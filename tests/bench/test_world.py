"""The peers of the world bench live by molt's rules."""

import random
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from Kernel.contract.arena import State
from tests.bench.peers.world_rules import Body, Food
from tests.bench.world_peers import compile_limit, rules_of, run_limit
from tests.bench.world_runs import plain_rules
from tests.zones.world.worlds import make_engine, make_world
from zones.world.columns import open_world


def test_peer_lives_as_a_molbot() -> None:
    """One Molbot with food in sight moves, pays and eats the same in the peers' rules."""
    words = make_world(
        **plain_rules(),
        seed=3,
        entities=1,
        max_entities=1,
        resources=12,
        world_width=80.0,
        world_height=80.0,
    )
    world = open_world(words)
    rules = replace(rules_of(1, ticks=1), side=80.0)
    generator = random.Random(1)
    start = world.committed
    places = [Food(rules, generator) for _ in range(12)]
    for place, x, y, amount in zip(
        places, start.resource_x, start.resource_y, start.resource_amount, strict=True
    ):
        place.x, place.y, place.amount = float(x), float(y), float(amount)
    body = Body()
    body.place(rules, float(start.x[0]), float(start.y[0]), float(start.energy[0]))
    engine = make_engine(words)
    ate = 0
    for _ in range(60):
        engine.tick()
        ripe = [place for place in places if place.amount >= rules.resource_ripe]
        nearest = min(ripe, key=lambda place: (place.x - body.x) ** 2 + (place.y - body.y) ** 2)
        before = body.energy
        body.live(rules, nearest, generator)
        ate += body.energy > before
        for place in places:
            place.grow(rules)
        now = world.committed
        assert (now.x[0], now.y[0]) == pytest.approx((body.x, body.y), abs=0.01)
        assert now.energy[0] == pytest.approx(body.energy, abs=0.01)
    assert ate > 3
    assert np.allclose(now.resource_amount, [place.amount for place in places], atol=0.01)


needs_gcc = pytest.mark.skipif(shutil.which("gcc") is None, reason="the C limit needs gcc")


@needs_gcc
@pytest.mark.slow
def test_limit_has_our_ecology(tmp_path: Path) -> None:
    """The C limit feeds as many Molbots as our plain world, once the founders' plenty is over."""
    entities, ticks = 5_000, 2_500
    words = make_world(**plain_rules(), max_entities=entities)
    engine = make_engine(words)
    for _ in range(ticks):
        engine.tick()
    ours = words.state(ticks, State.POPULATION)
    program = compile_limit(tmp_path)
    assert program is not None
    _, population = run_limit(program, entities, threads=1, warm=ticks - 1, ticks=1)
    assert ours < 0.7 * entities, "food, not the number of slots, limits the population"
    assert population == pytest.approx(ours, rel=0.1)


@needs_gcc
@pytest.mark.slow
def test_limit_is_the_same_on_two_threads(tmp_path: Path) -> None:
    """Threads change the speed of the C limit and not what happens in it."""
    program = compile_limit(tmp_path)
    assert program is not None
    first, second = (
        run_limit(program, 10_000, threads=threads, warm=1_500, ticks=1)[1] for threads in (1, 2)
    )
    assert first == second
    assert first < 10_000
