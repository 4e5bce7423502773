"""The proxy: every rule of a store, move, eat and search, as `contract.py` has it."""

import math

import numpy as np
import pytest

from tests.zones.traits.both_tiers import bind
from tests.zones.traits.interpreting import body, interpret, outcome, run
from tests.zones.traits.scenes import make_scene
from zones.traits import contract

F32 = np.float32
OK, RANGE, ENERGY, NAN = (
    contract.OK,
    contract.CLIPPED_RANGE,
    contract.CLIPPED_ENERGY,
    contract.CLIPPED_NAN,
)
FIELDS = {"color": "colour", "state": "mood"}


def after(lines, field, **scene_options):
    """Return (status, what the field's column holds, scene, slot) after one call."""
    scene = make_scene(entities=1, **scene_options)
    slot = scene.living[0]
    scene.arrays["new_energy"][slot] = 50.0
    scene.arrays["new_max_energy"][slot] = 100.0
    scene.arrays["new_vx"][slot] = 0.25
    scene.arrays["new_radius"][slot] = 2.0
    scene.arrays["new_x"][slot] = 100.0
    scene.arrays["new_y"][slot] = 100.0
    trait = interpret(body(lines))
    bind(scene, trait.checked)
    trait.run(scene, 1)
    column = scene.arrays["new_" + FIELDS.get(field, field)]
    return outcome(scene)[0], column[slot], scene, slot


STORES = {
    ("vx", "0.1"): (OK, F32(0.1)),
    ("vx", "3"): (OK, F32(3)),
    ("vx", "True"): (OK, F32(1)),
    ("vx", "50.0"): (OK, F32(50)),
    ("vx", "50.1"): (RANGE, F32(50)),
    ("vx", "-60"): (RANGE, F32(-50)),
    ("vy", "1e300 * 1e300"): (RANGE, F32(50)),
    ("vy", "-1e300"): (RANGE, F32(-50)),
    ("vx", "float('nan')"): (NAN, F32(0.25)),
    ("vx", "'a'"): (contract.TYPE_ERROR, F32(0.25)),
    ("vx", "None"): (contract.TYPE_ERROR, F32(0.25)),
    ("vx", "[1]"): (contract.TYPE_ERROR, F32(0.25)),
    ("energy", "49.9"): (OK, F32(49.9)),
    ("energy", "-1"): (OK, F32(0)),
    ("energy", "50.0"): (OK, F32(50)),
    ("energy", "50.1"): (ENERGY, F32(50)),
    ("energy", "float('inf')"): (ENERGY, F32(50)),
    ("energy", "float('nan')"): (NAN, F32(50)),
    ("max_energy", "80"): (OK, F32(80)),
    ("max_energy", "49"): (RANGE, F32(50)),
    ("max_energy", "2000"): (RANGE, F32(1000)),
    ("max_energy", "float('nan')"): (NAN, F32(100)),
    ("radius", "3.3"): (OK, F32(3.3)),
    ("radius", "-1"): (RANGE, F32(0)),
    ("radius", "51"): (RANGE, F32(50)),
    ("radius", "float('nan')"): (NAN, F32(2)),
    ("color", "'#0a0B0c'"): (OK, 0x0A0B0C),
    ("color", "'#0a0b0'"): (RANGE, None),
    ("color", "'0a0b0c0'"): (RANGE, None),
    ("color", "'#0a0b0g'"): (RANGE, None),
    ("color", "5"): (RANGE, None),
    ("state", "'sleepy'"): (OK, 3),
    ("state", "'slee' + 'py2'"): (RANGE, None),
    ("state", "7"): (RANGE, None),
    ("age", "1"): (contract.ATTRIBUTE, None),
    ("generation", "1"): (contract.ATTRIBUTE, None),
    ("id", "'1'"): (contract.ATTRIBUTE, None),
    ("traits", "[]"): (contract.ATTRIBUTE, None),
    ("move", "1"): (contract.ATTRIBUTE, None),
    ("amount", "1.0"): (contract.ATTRIBUTE, None),
}


@pytest.mark.parametrize(("store", "wanted"), STORES.items(), ids=[f"{k}={v}" for k, v in STORES])
def test_each_store_keeps_its_rule(store, wanted):
    """A store is rounded, clipped or refused as the contract says."""
    field, value = store
    column = field if field in contract.WRITABLE else "vx"
    named = "if entity.age < 0:\n    entity.state = 'sleepy'\n" if field == "state" else ""
    fresh = make_scene(entities=1)
    status, held, _, slot = after(f"{named}entity.{field} = {value}", column)
    assert status == wanted[0]
    if wanted[1] is not None:
        assert held == wanted[1]
    elif field in FIELDS:
        assert held == fresh.arrays["new_" + FIELDS[field]][slot]


@pytest.mark.parametrize(
    "lines",
    [
        "entity.vx = 0.1",
        "entity.vx, other = 0.1, 2",
        "[entity.vx, *rest] = [0.1, 2, 3]",
        "for entity.vx in [7.0, 0.1]:\n    pass",
        "a = entity.vx = 0.1",
        "entity.vx += -0.15",
        "entity.vx: float = 0.1",
        "def f(e):\n    e.vx = 0.1\nf(entity)",
    ],
)
def test_a_field_is_stored_by_whatever_form_of_assignment(lines):
    """All targets go through the same rule: rounded, and readable at once as stored."""
    status, held, scene, slot = after(lines + "\nentity.vy = entity.vx", "vx")
    assert status == OK
    assert held == F32(0.1) or held == F32(0.25 - 0.15)
    assert scene.arrays["new_vy"][slot] == held


@pytest.mark.parametrize("target", ["other", "food"])
@pytest.mark.parametrize("store", ["{}.x = 1.0", "{}.x += 1.0", "{}.new = 1", "del {}.x"])
def test_what_is_seen_cannot_be_changed(target, store):
    """Other entities and resources are read-only, for every form of a store."""
    scene = make_scene(entities=2, width=40.0, height=40.0)
    lines = (
        "other = entity.nearby_entities(500.0)[0]\nfood = entity.nearby_resources(500.0)[0]\n"
        + store.format(target)
    )
    source = body(lines).replace("class Made", "class Box:\n    new = 0\n\n\nclass Made")
    run(source, scene)
    assert outcome(scene)[0] == contract.ATTRIBUTE


def test_the_first_clipping_is_told_and_a_failure_before_all():
    """Of several clippings the first counts; a failure counts more than any."""
    assert after("entity.vx = 99\nentity.energy = 999", "vx")[0] == RANGE
    assert after("entity.energy = 999\nentity.vx = 99", "vx")[0] == ENERGY
    assert after("entity.energy = 999\nentity.vx = 1 / len([])", "vx")[0] == contract.ZERO_DIVISION


def test_moving_costs_and_lowers_the_ceiling():
    """Move is cut to what is left of the speed, costs energy, and that cannot be had again."""
    status, x, scene, slot = after("entity.move(3.0, 4.0)\nentity.energy = 1000.0", "x")
    scale = math.sqrt(4.0 / 25.0)
    assert x == F32(100.0 + 3.0 * scale)
    assert scene.arrays["new_y"][slot] == F32(100.0 + 4.0 * scale)
    assert scene.arrays["moved2"][slot] == 4.0
    assert status == ENERGY
    assert scene.arrays["new_energy"][slot] == F32(50.0 - scene.real("cost_speed") * 4.0)


def test_assigning_a_place_is_a_move():
    """X and y go through move, one after the other, within one reach."""
    _, x, scene, slot = after("entity.x = 101.0\nentity.y = 0.0", "x")
    assert x == F32(101.0)
    assert scene.arrays["moved2"][slot] == 1.0 + 3.0
    assert scene.arrays["new_y"][slot] == F32(100.0 - 100.0 * math.sqrt(3.0 / 10000.0))


@pytest.mark.parametrize("amount", ["float('nan')", "1e200 * 1e200"])
def test_a_move_that_is_no_number_is_left_out(amount):
    """A move to nowhere does nothing and is told."""
    status, x, scene, slot = after(f"entity.move({amount}, 0.0)", "x")
    assert (status, x, scene.arrays["moved2"][slot]) == (NAN, F32(100.0), 0.0)


EATEN = {
    "1.5": (OK, 1.5),
    "99": (OK, 5.0),
    "-1": (RANGE, 0.0),
    "1e200 * 1e200": (RANGE, 0.0),
    "float('nan')": (NAN, 0.0),
}


@pytest.mark.parametrize(("amount", "wanted"), EATEN.items())
def test_eating_is_an_intent(amount, wanted):
    """Eat returns what is offered and writes it as wanted; the energy stays."""
    food = ([100.0, 300.0], [101.0, 300.0], [8.0, 9.0])
    status, held, scene, slot = after(
        f"entity.vx = entity.eat({amount})\nentity.vy = entity.eat(1.0)", "vx", food=food
    )
    assert (status, held) == wanted
    most = 5.0 if wanted[1] == 5.0 else wanted[1] + 1.0
    assert scene.arrays["wanted"][slot] == F32(most)
    assert scene.arrays["new_energy"][slot] == 50.0


def test_no_food_in_reach_gives_nothing():
    """Far from all places eat returns 0.0 and wants nothing."""
    status, held, scene, slot = after(
        "entity.vx = entity.eat(1.0)", "vx", food=([300.0], [300.0], [9.0])
    )
    assert (status, held, scene.arrays["place"][slot]) == (OK, 0.0, -1)


def test_others_are_seen_as_committed_and_in_order():
    """nearby_entities gives all fields of others from the committed columns, nearest first."""
    scene = make_scene(entities=30)
    lines = (
        "last = -1.0\n"
        "for other in entity.nearby_entities(300.0):\n"
        "    d = (other.x - entity.x) ** 2 + (other.y - entity.y) ** 2\n"
        "    if d < last or other.id == entity.id:\n        entity.vx = 9.0\n"
        "    last = d\n"
        "a = entity.nearby_entities(300.0)\nb = entity.nearby_entities(300.0)\n"
        "if a != b or a[0] == a[1] or a[0] not in b:\n    entity.vx = 9.0\n"
        "entity.vy = a[0].energy / 100.0"
    )
    run(body(lines), scene)
    assert not scene.arrays["status"][:30].any()
    assert not (scene.arrays["new_vx"] == 9.0).any()


def test_texts_and_lists_of_an_entity():
    """id, color, state and traits are what people would read."""
    scene = make_scene(entities=1)
    slot = scene.living[0]
    scene.arrays["traits"][slot] = 0b110
    scene.arrays["new_colour"][slot] = 0x00FF10
    scene.arrays["new_mood"][slot] = 1
    lines = (
        f"ok = entity.id == '{scene.arrays['id'][slot]}' and entity.color == '#00ff10'\n"
        "ok = ok and entity.state == 'hunting' and entity.traits == ['Explorer', 'Predator']\n"
        f"ok = ok and entity.age == {scene.arrays['new_age'][slot]}\n"
        "entity.vx = 1.0 if ok else 2.0"
    )
    run(body(lines), scene)
    assert scene.arrays["new_vx"][slot] == 1.0
