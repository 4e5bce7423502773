"""The interpreted tier: what a call is given, what it leaves behind, and that it is fair."""

import numpy as np
import pytest

from tests.zones.traits.interpreting import body, outcome, run
from tests.zones.traits.scenes import make_scene
from zones.traits import contract

OWN = ("x", "y", "vx", "vy", "energy", "max_energy", "radius", "colour", "mood")


def columns(scene):
    return {name: array.copy() for name, array in scene.arrays.items() if name != "scratch"}


def assert_untouched(scene, before, besides=()):
    for name, array in before.items():
        if name not in (*besides, "fuel", "status"):
            assert scene.arrays[name].tobytes() == array.tobytes(), name


def test_stores_reach_the_columns_of_each_entity():
    """What a trait stores is in the column, rounded to float32, and nothing else changed."""
    scene = make_scene(entities=20)
    before = columns(scene)
    run(body("entity.vx = entity.vx * 0.5 + 0.1"), scene)
    assert_untouched(scene, before, {"new_vx"})
    living = scene.living
    wanted = (before["new_vx"][living].astype(np.float64) * 0.5 + 0.1).astype(np.float32)
    assert np.array_equal(scene.arrays["new_vx"][living], wanted)
    assert np.array_equal(scene.arrays["fuel"][:20], np.ones(20))
    assert not scene.arrays["status"][:20].any()


FAILING = {
    "1 // 0": contract.ZERO_DIVISION,
    "1.0 / 0.0": contract.ZERO_DIVISION,
    "2 ** len('a' * 80)": contract.OVERFLOW,
    "int('x')": contract.DOMAIN,
    "entity.vx + 'a'": contract.TYPE_ERROR,
    "[1][3]": contract.LOOKUP,
    "{}['a']": contract.LOOKUP,
    "entity.state.count + (1).real.real.color": contract.ATTRIBUTE,
    "next(iter([]))": contract.OTHER,
    "[0] * (len('a' * 1000) * 100)": contract.OTHER,
}


@pytest.mark.parametrize(("expression", "status"), FAILING.items())
def test_a_failed_call_changes_nothing(expression, status):
    """A call that fails leaves all columns as they were, bit by bit, but fuel and status."""
    scene = make_scene(entities=5)
    before = columns(scene)
    lines = (
        "entity.x = 3.0\nentity.energy = 1.0\nentity.vx = 1.0\nentity.color = '#ffffff'\n"
        f"entity.radius = 1.0\nentity.move(1.0, 1.0)\nentity.eat(1.0)\nprobe = {expression}"
    )
    run(body(lines), scene)
    assert_untouched(scene, before)
    assert set(scene.arrays["status"][:5].tolist()) == {status}


def test_out_of_fuel_ends_a_call_for_good():
    """A loop without an end uses the limit, and its entity is as before."""
    scene = make_scene(entities=2, fuel_max=1000)
    before = columns(scene)
    run(body("entity.vx = 1.0\nwhile entity.vx == 1.0:\n    pass"), scene)
    assert outcome(scene) == (contract.OUT_OF_FUEL, 1000)
    assert_untouched(scene, before)
