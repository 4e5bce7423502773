"""What is proven of expressions, so that operators stay as they are: never more than is so."""

import ast

import pytest

from tests.zones.traits.interpreting import body, interpret
from zones.traits.constants import attributes_of, constants_of, owners_of
from zones.traits.interpreted import rewrite
from zones.traits.proofs import FLOAT, INT

# Lines of execute -> operators that are guarded in them.
GUARDED = {
    "x = entity.vx * 2 - entity.vy / 3.0": [],
    "x = entity.age + 1": ["add"],
    "d = entity.vx\nx = d * d": [],
    "d = entity.vx\nd = len('a')\nx = d * d": ["mul"],
    "d = entity.vx\nd = 'a'\nx = d * 2": ["mul"],
    "for o in entity.nearby_entities(9.0):\n    x = o.x - entity.x": [],
    "a = entity.nearby_entities(9.0)\nfor o in a:\n    x = o.x - entity.x": [],
    "a = entity.nearby_entities(9.0)\na.append(1)\nfor o in a:\n    x = o.x - o.y": [
        "append",
        "sub",
    ],
    "a = [1.0]\nx = a[0] * a[0]": ["mul"],
    "entity = [1]\nx = entity.vx": [],
    "x = max(entity.vx, 0.0) * entity.vy": [],
    "x = -entity.vx": [],
    "x = -entity.age": ["neg"],
    "x = [y * y for y in [1.0]]": ["mul"],
    "x = entity.vx ** 2": ["pow"],
    "def f():\n    nonlocal v\n    v = 'a'\nv = 1.0\nx = v * v": ["mul"],
    "x = entity.state == 'calm'": [],
    "x = [1] == [2]": ["equal"],
}


@pytest.mark.parametrize(("lines", "guards"), GUARDED.items())
def test_only_what_is_not_proven_is_guarded(lines, guards):
    """Operators on what is surely a float stay, all others become guards."""
    trait = interpret(body(lines))
    tree = rewrite(trait.checked.tree, trait.outfit, frozenset())
    known = {"add", "sub", "mul", "div", "neg", "pow", "append", "equal"}
    called = [
        n.func.id[1:]
        for n in ast.walk(tree)
        if isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id[1:] in known
    ]
    assert sorted(called) == sorted(guards)


def test_constants_are_set_in_one_place():
    """Of module and trait only what is set once, to a literal number, is a constant."""
    tree = ast.parse(
        "A = 1.5\nB = -2\nC = 1.0\nC = 2.0\nD = 'a'\nE = 1.0\n\n\n"
        "class T(Trait):\n    P = 0.5\n    Q = 0.5\n    R = 3\n\n"
        "    def __init__(self):\n        self.k = 0.25\n        self.m = 0.25\n\n"
        "    async def execute(self, entity):\n        global E\n        E = 'x'\n"
        "        self.Q = []\n        self.m = []\n"
    )
    assert constants_of(tree) == {"A": FLOAT, "B": INT}
    assert attributes_of(tree) == {"P": FLOAT, "R": INT, "k": FLOAT}
    assert set(owners_of(tree).values()) == {"self"}


@pytest.mark.parametrize("way", ["T.go(5)", "type(self).go(5)", "self.__class__.go(5)"])
def test_self_is_the_trait_only_where_nobody_can_pass_another(way):
    """A method that may be called with any first argument proves nothing of it."""
    tree = ast.parse(
        "class T(Trait):\n    def go(self):\n        return self.k * 2\n\n"
        f"    async def execute(self, entity):\n        {way}\n"
    )
    assert owners_of(tree) == {}
