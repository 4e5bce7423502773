"""The peers of the world bench live by molt's rules."""

import random

import numpy as np
import pytest

from tests.bench.peers.world_rules import Body, Food, Rules
from tests.zones.world.worlds import make_engine, make_world
from zones.world.columns import open_world
from zones.world.parameters import BY_NAME


def test_peer_lives_as_a_molbot() -> None:
    """One Molbot with food in sight moves, pays and eats the same in the peers' rules."""
    words = make_world(
        seed=3, entities=1, max_entities=1, resources=12, world_width=80.0, world_height=80.0
    )
    world = open_world(words)
    defaults = {parameter.name: parameter.default for parameter in BY_NAME.values()}
    kept = {key: defaults[key] for key in Rules.__slots__ if key in defaults}
    rules = Rules(entities=1, side=80.0, ticks=1, budget_s=1.0, **kept)
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
