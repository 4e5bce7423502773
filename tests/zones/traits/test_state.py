"""What a trait keeps: found from its source, and volatile when in doubt."""

import ast

import pytest

from tests.zones.traits.corpus import expected_state, honest
from zones.traits.state import StateFacts, find_trait_class, study
from zones.traits.verdict import Attribute

HUNTER = '''
import math
import random

SPEED = 2.0


class Hunter(Trait):
    """Doc."""

    RANGE = 60.0

    def __init__(self):
        super().__init__()
        self.speed = 2.0
        self.cooldown = 0
        self.phase = random.random() * math.tau
        self.angry = False
        self.best = float("inf")

    def _distance(self, a, b):
        return math.hypot(a.x - b.x, a.y - b.y)

    async def execute(self, entity):
        food = entity.nearby_resources(self.RANGE)
        if self.cooldown > 0:
            self.cooldown -= 1
            return
        if food:
            target = min(food, key=lambda f: self._distance(entity, f))
            d = self._distance(entity, target)
            self.best = min(self.best, d)
            self.angry = d > 3 and not self.angry
            entity.state = "hunting" if d > 2 else "resting"
        self.phase += 0.1 * len(food) + sum(f.x for f in food) / max(1, len(food))
        entity.vx = math.cos(self.phase) * SPEED
        if entity.state == "fleeing" or "swift" in entity.traits:
            self.cooldown = 5
'''


def facts(source: str) -> StateFacts:
    tree = ast.parse(source)
    return study(tree, find_trait_class(tree))


def test_plain_numbers_are_carried() -> None:
    """Numbers that __init__ sets have a place each; what is set once is a constant."""
    found = facts(HUNTER)
    assert (found.state, found.why_volatile) == ("carried", "")
    assert found.attributes == (
        Attribute("cooldown", "int"),
        Attribute("phase", "float"),
        Attribute("angry", "bool"),
        Attribute("best", "float"),
    )
    assert found.constants == ("speed",)
    assert found.moods == ("hunting", "resting", "fleeing")
    assert found.traits == ("swift",)


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ("self.cooldown = 0", "self.cooldown = {}", "self.cooldown is not certainly"),
        ("self.cooldown = 0", "self.cooldown = None", "self.cooldown is not certainly"),
        ("self.speed = 2.0", "if SPEED > 1: return\n        self.speed = 2.0", "on every path"),
        ("self.cooldown = 0", "if SPEED > 1: self.cooldown = 0", "on every path"),
        ("        self.cooldown = 0\n", "", "on every path"),
        ("SPEED = 2.0", "SPEED = [2.0]", "SPEED outlives the call"),
        ("return\n", "other(self)\n", "self is more than read"),
        ("return\n", "friend = self\n", "self is more than read"),
        ("return\n", "Hunter.RANGE = 2\n", "Hunter is used as a value"),
        ("return\n", "cls = Hunter\n", "Hunter is used as a value"),
        ("return\n", "del self.angry\n", "is deleted"),
        ("return\n", "self.best = entity.id\n", "self.best is not certainly"),
        ("return\n", "self.best = food\n", "self.best is not certainly"),
        ("return\n", "self.best = [1.0, None][len(food)]\n", "self.best is not certainly"),
        ("return\n", "x = [1.0]; y = x; y.append(''); self.best = x[1]\n", "not certainly"),
        ("return\n", "self.best = max\n", "self.best is not certainly"),
        ("return\n", "self._distance = 1\n", "replaces a method"),
        ("async def", "@lru_cache\n    async def", "a decorator of execute"),
        ("def _distance(self, a, b)", "def _distance(self, a, b=[])", "default argument"),
        ("(Trait)", "(Trait, Other)", "derives from more"),
        ("import math\n", "import math\ntimes = 0\n", ""),
        ("self.best = min(self.best, d)", "self.best = (lambda a: a * 2)(d)", ""),
        (
            "        food =",
            "        global SPEED\n        SPEED = 3.0\n        food =",
            "`global SPEED` changes",
        ),
    ],
)
def test_anything_more_is_volatile(before: str, after: str, why: str) -> None:
    """Each of these may keep what the memory cannot hold; the reason names its line."""
    assert before in HUNTER
    found = facts(HUNTER.replace(before, after, 1))
    if not why:
        assert found.state == "carried"
        return
    assert found.state == "volatile"
    assert found.why_volatile.startswith("line ") and why in found.why_volatile


STATELESS = """
from dataclasses import dataclass
from enum import Enum

WEIGHTS = {"food": 1.0}
SIDES = [-1.0, 1.0]


class Mode(Enum):
    SEARCH = 1


@dataclass
class Step:
    dx: float = 0.0

    def grow(self):
        self.dx += 1.0


class Walker(Trait):
    async def execute(self, entity):
        step = Step()
        step.dx = WEIGHTS["food"]
        step.grow()
        mode = Mode.SEARCH
        for side in SIDES:
            entity.vx += side * step.dx
"""


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ("", "", ""),
        ("mode = Mode.SEARCH", "mode = Mode.SEARCH; mode.times = 1", "setting times"),
        ("step.grow()", 'WEIGHTS["food"] = 2.0', "WEIGHTS outlives"),
        ("step.grow()", "w = WEIGHTS", "WEIGHTS outlives"),
        ("step.grow()", "SIDES.append(2.0)", "SIDES outlives"),
        ("step.grow()", "Step.dx = 2.0", "Step is used as a value"),
        ("SIDES = [-1.0, 1.0]", "SIDES = [[-1.0], [1.0]]", "SIDES outlives"),
        ("SEARCH = 1", "SEARCH = []", "a member of Mode"),
        ("dx: float = 0.0", "dx: float = 0.0\n    seen = []\n\n    def see(self):\n        "
         "self.seen.append(1)\n", "seen outlives"),
    ],
)  # fmt: skip
def test_state_beside_self_is_found(before: str, after: str, why: str) -> None:
    """Modules, classes and enums that are only read keep nothing; changed, they are volatile."""
    assert before in STATELESS
    found = facts(STATELESS.replace(before, after, 1))
    assert found.state == ("volatile" if why else "none"), found.why_volatile
    assert why in found.why_volatile


@pytest.mark.parametrize("name", sorted(honest()))
def test_honest_traits(name: str) -> None:
    """The state of each honest trait is the one a reader would name."""
    found = facts(honest()[name].decode())
    expected = expected_state(name)
    assert not expected or found.state == expected, found
