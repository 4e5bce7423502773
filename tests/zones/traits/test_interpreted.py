"""The interpreted tier: what a call is given, what it leaves behind, and that it is fair."""

import ast

import numpy as np
import pytest

from tests.zones.traits.interpreting import body, interpret, outcome, run
from tests.zones.traits.scenes import make_scene
from zones.traits import contract, names
from zones.traits.interpreted import CannotLoad, InterpretedTrait
from zones.traits.tree_tools import RefusedTree
from zones.traits.verdict import Checked

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


CARRIED = """
class Kept(Trait):
    def __init__(self):
        self.ticks = 0
        self.__share = 0.5
        self.awake = True
        self.limit = 3

    async def execute(self, entity):
        self.ticks += 1
        self.__share = self.__share + entity.vx
        self.awake = not self.awake
        if self.ticks > self.limit and entity.age > AGE:
            self.ticks = 1 // 0
"""


def test_carried_state_belongs_to_each_entity_and_lies_in_the_memory():
    """Numbers of self are those of the entity, in another process too; a failure keeps them."""
    scene = make_scene(entities=4, memory=3, slot=5)
    living, capacity = scene.living, scene.number("capacity")
    scene.arrays["new_age"][living] = [0, 0, 9, 9]
    for tick in range(5):
        trait = interpret(CARRIED.replace("AGE", "5"))  # as if the process had just begun
        trait.run(scene, 4)
        statuses = scene.arrays["status"][:4].tolist()
        failed = contract.ZERO_DIVISION if tick >= 3 else 0
        assert statuses == [0, 0, failed, failed]
        assert (scene.arrays["ready"][living] >> np.uint64(5) & np.uint64(1)).all()
    names = [one.name for one in trait.checked.attributes]
    memory = scene.arrays["memory"].reshape(-1, capacity)
    assert memory[names.index("ticks"), living].tolist() == [5, 5, 3, 3]
    assert memory[names.index("awake"), living].tolist() == [0, 0, 0, 0]
    shares = memory[names.index("__share")].view(np.float64)[living]
    speed = scene.arrays["new_vx"][living].astype(np.float64)
    wanted = np.full(4, 0.5)
    for tick in range(5):
        wanted[: 4 if tick < 3 else 2] += speed[: 4 if tick < 3 else 2]
    assert shares.tolist() == wanted.tolist()


VOLATILE = """
SEEN = []


class Kept(Trait):
    def __init__(self):
        self.trail = []

    async def execute(self, entity):
        self.trail.append(entity.x)
        SEEN.append(1)
        entity.vx = float(len(self.trail))
        entity.vy = float(len(SEEN)) / 100.0
        if len(self.trail) == 3 and entity.age > 5:
            self.trail[7] = 0.0
"""


def test_volatile_state_is_kept_by_id_until_it_is_reset_or_the_entity_is_dead():
    """Each entity has an instance of its own; reset drops all, the module's values as well."""
    scene = make_scene(entities=3)
    living, ids = scene.living, scene.arrays["id"]
    scene.arrays["new_age"][living] = [0, 0, 9]
    trait = interpret(VOLATILE)

    def trails():
        trait.run(scene, 3)
        return scene.arrays["new_vx"][living].tolist()

    assert trails() == [1, 1, 1]
    assert trails() == [2, 2, 2]
    assert trails() == [3, 3, 2]
    assert scene.arrays["status"][:3].tolist() == [0, 0, contract.LOOKUP]
    trait.forget([int(ids[living[0]])])
    assert len(trait.instances) == 2
    assert trails()[1] == 4
    trait.reset()
    scene.arrays["ready"][:] = 0
    assert trails() == [1, 1, 1]
    assert scene.arrays["new_vy"][living].max() == np.float32(0.03)


def test_a_first_call_that_fails_is_followed_by_another_first_call():
    """The bit in `ready` is set by the first call without a failure."""
    scene = make_scene(entities=1)
    source = (
        "class Late(Trait):\n    def __init__(self):\n        self.n = 0\n\n"
        "    async def execute(self, entity):\n        self.n += 1\n"
        "        if entity.energy < 5.0:\n            self.n = 1 // 0\n"
    )
    slot = scene.living[0]
    scene.arrays["new_energy"][slot] = 1.0
    trait = interpret(source)
    for energy, fuel, ready in ((1.0, 2, 0), (1.0, 2, 0), (9.0, 2, 2), (1.0, 1, 2)):
        scene.arrays["new_energy"][slot] = energy
        trait.run(scene, 1)
        assert scene.arrays["fuel"][0] == fuel
        assert scene.arrays["ready"][slot] == ready


LOADING = {
    "X = sum(range(10 ** 6))": "too much",
    "X = 1 // len('')": "ZeroDivisionError",
    "X = [][0]": "IndexError",
}


@pytest.mark.parametrize(("line", "why"), LOADING.items())
def test_a_module_that_fails_is_told(line, why):
    """What fails or never ends at load is an error for people."""
    with pytest.raises(CannotLoad, match=why):
        interpret(f"{line}\n\n" + body("pass"))


UNCHECKED = [
    "entity.__class__.__mro__",
    "entity._molt_ceiling",
    "(lambda: 1).__globals__",
    "(x for x in []).gi_frame",
    "entity.move.__func__",
    "b'a'",
    "1j",
    "math._molt",
]


@pytest.mark.parametrize("expression", UNCHECKED)
def test_a_tree_that_no_validator_saw_is_refused_where_it_would_get_out(expression):
    """The rewriting has a list of its own, should the validator be wrong."""
    source = "import math\n" + body(f"x = {expression}")
    tree = ast.parse(source)
    checked = Checked("Made", source, "0" * 64, tree, "none")
    with pytest.raises(RefusedTree):
        InterpretedTrait(checked)


def test_facades_hold_public_names_and_nothing_else():
    """Builtins and modules have exactly the names that a trait may use."""
    outfit = interpret(body("pass")).outfit
    machinery = {"__import__", "__build_class__"}
    assert outfit.builtins.keys() == names.BUILTINS | machinery
    for name, public in names.MODULE_NAMES.items():
        assert vars(outfit.module(name)).keys() == public | {"__name__"}, name


def test_nothing_that_a_trait_can_set_is_shared_with_another():
    """Classes that a source can reach and write to are made for each trait."""
    one, other = (interpret(body("pass")).outfit for _ in range(2))
    spaces = [(one.builtins, other.builtins)]
    spaces += [(vars(one.module(name)), vars(other.module(name))) for name in names.MODULE_NAMES]
    tables = [outfit.tools.methods.tables for outfit in (one, other)]
    spaces += [(tables[0][kind], tables[1][kind]) for kind in tables[0]]
    for first, second in spaces:
        for name, mine in first.items():
            for part in ("", "func", "args"):
                each = getattr(mine, part, None) if part else mine
                if each is not (getattr(second[name], part, None) if part else second[name]):
                    continue
                try:
                    each.kept = 1
                except (AttributeError, TypeError):
                    continue
                pytest.fail(f"{part} of {mine!r} is shared and can be written to")


def test_what_was_written_to_a_facade_is_gone_after_a_reset():
    """A class of a library is a place to keep things in, like any other."""
    trait = interpret(
        "from collections.abc import Iterable\n"
        + body("""
kept = Iterable
kept.amount = kept.amount + 1.0 if hasattr(kept, "amount") else 1.0
entity.vx = kept.amount
""")
    )
    scene = make_scene(entities=1)
    assert trait.checked.state == contract.VOLATILE
    for wanted in (1.0, 2.0):
        trait.run(scene, 1)
        assert scene.arrays["new_vx"][scene.living[0]] == wanted
    trait.reset()
    trait.run(scene, 1)
    assert scene.arrays["new_vx"][scene.living[0]] == 1.0
