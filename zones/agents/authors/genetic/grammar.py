"""What a trait of the offline author can be made of: the kinds of parts, and what each takes.

Owns: kinds, operators, sensors, ranges of constants, growing a random part of a kind. Does not own:
what a part means in Python (`writing.py`), changing one (`variation.py`), which parts a plan makes
likely (`openings.py`). Pure: chance comes as a `random.Random`.

A part is a tuple: its operator, then its parts; a constant is ("num.<unit>", value). Every operator
makes one kind and takes fixed kinds, so whatever is grown or crossed is a trait. Numbers have units
(a distance is never compared with an energy): of two numbers of any units most comparisons are
always true, and a search of a hundred trials cannot afford these. After D. Montana, "Strongly Typed
Genetic Programming", Evolutionary Computation 3 (1995).
"""

import random
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, TypeAlias

Tree: TypeAlias = tuple[Any, ...]

TRAIT: Final = "trait"
STEP: Final = "step"
ACTION: Final = "action"
WAY: Final = "way"
TRUTH: Final = "truth"

STEPS_MAX: Final = 4
DEPTH_MAX: Final = 7
SIZE_MAX: Final = 48
"""Parts of a trait: about as many as a person reads without getting lost."""


class Unit(NamedTuple):
    """A kind of number.

    Args:
        low, high: of its constants; a value that is acted on is cut to them, too.
        grain: constants are multiples of it, so that equal traits are seen to be equal.
    """

    low: float
    high: float
    grain: float


UNITS: Final[dict[str, Unit]] = {
    "energy": Unit(0.0, 150.0, 1.0),
    "length": Unit(0.0, 500.0, 5.0),
    "girth": Unit(0.0, 6.0, 0.5),
    "count": Unit(0.0, 12.0, 1.0),
    "share": Unit(0.0, 1.0, 0.05),
    "speed": Unit(0.0, 8.0, 0.25),
    "age": Unit(0.0, 6000.0, 100.0),
}
"""Girth is the radius of a body: what it is set to is no distance to anything."""

HOLD_MIN: Final = 40.0
"""Energy that a trait lets its body store at least. Births need about twice as much; less, or what
it has just now, starves all who carry it, which a short trial of a full world calls a success."""

SENSORS: Final[dict[str, tuple[str, ...]]] = {
    "energy": ("energy", "food_amount"),
    "length": ("food_distance", "near_distance"),
    "girth": (),
    "count": ("food_count", "near_count"),
    "share": ("fullness", "chance"),
    "speed": ("speed",),
    "age": ("age",),
}
FOOD_SENSES: Final = frozenset({"food_amount", "food_distance", "food_count", "to_food"})
NEAR_SENSES: Final = frozenset({"near_distance", "near_count", "to_near"})


class Operator(NamedTuple):
    """What an operator makes and takes."""

    makes: str
    takes: tuple[str, ...] = ()


def _operators() -> dict[str, Operator]:
    found = {
        "do": Operator(STEP, (ACTION,)),
        "when": Operator(STEP, (TRUTH, ACTION)),
        "either": Operator(STEP, (TRUTH, ACTION, ACTION)),
        "steer": Operator(ACTION, (WAY, "speed")),
        "walk": Operator(ACTION, (WAY, "speed")),
        "eat": Operator(ACTION, ("energy",)),
        "body": Operator(ACTION, ("girth",)),
        "hold": Operator(ACTION, ("energy",)),
        "stop": Operator(ACTION),
        "to_food": Operator(WAY),
        "to_near": Operator(WAY),
        "onward": Operator(WAY),
        "anywhere": Operator(WAY),
        "back": Operator(WAY, (WAY,)),
        "aside": Operator(WAY, (WAY,)),
        "blend": Operator(WAY, (WAY, WAY, "share")),
        "and": Operator(TRUTH, (TRUTH, TRUTH)),
        "or": Operator(TRUTH, (TRUTH, TRUTH)),
        "not": Operator(TRUTH, (TRUTH,)),
        "upto": Operator("speed", ("speed", "length")),
        "since": Operator("age", (TRUTH,)),
    }
    for unit in UNITS:
        found[f"num.{unit}"] = Operator(unit)
        found.update({name: Operator(unit) for name in SENSORS[unit]})
        if unit == "girth":
            continue
        found[f"less.{unit}"] = Operator(TRUTH, (unit, unit))
        found[f"part.{unit}"] = Operator(unit, (unit, "share"))
        found[f"recent.{unit}"] = Operator(unit, (unit,))
        for name in ("plus", "minus", "least", "most"):
            found[f"{name}.{unit}"] = Operator(unit, (unit, unit))
    return found


OPERATORS: Final[Mapping[str, Operator]] = _operators()
COMMUTATIVE: Final = frozenset(
    name for name in OPERATORS if name in ("and", "or") or name[:5] in ("plus.", "least", "most.")
)
_BY_KIND: Final[dict[str, tuple[str, ...]]] = {
    kind: tuple(name for name, operator in OPERATORS.items() if operator.makes == kind)
    for kind in (STEP, ACTION, WAY, TRUTH, *UNITS)
}
_LEAVES: Final[dict[str, tuple[str, ...]]] = {
    kind: tuple(name for name in names if not OPERATORS[name].takes)
    for kind, names in _BY_KIND.items()
}
_RARELY: Final = 0.15
"""Weight of operators that make a number out of numbers: most of what helps is a threshold."""
_SELDOM: Final = ("plus.", "minus", "least", "most.", "part.", "recen", "since", "aside", "blend")
_CONSTANT: Final = 3.0
"""Weight of a constant beside each sensor of its unit."""

Weights: TypeAlias = Mapping[str, float]


def kind_of(tree: Tree) -> str:
    """Return the kind of a part."""
    return TRAIT if tree[0] == TRAIT else OPERATORS[tree[0]].makes


def grow(kind: str, chance: random.Random, depth: int, weights: Weights) -> Tree:
    """Return a random part.

    Args:
        depth: it has at most so many levels where its kind allows; 1 is a leaf.
        weights: by operator, how likely it is beside others; 1 unless named.
    """
    names = _BY_KIND[kind] if depth > 1 else (_LEAVES[kind] or _shallow(kind))
    name = chance.choices(names, [_weight(each, weights) for each in names])[0]
    if name.startswith("num."):
        return (name, constant(kind, chance))
    return (name, *(grow(each, chance, depth - 1, weights) for each in OPERATORS[name].takes))


def constant(unit: str, chance: random.Random) -> float:
    """Return a random constant of a unit."""
    return settle(unit, chance.uniform(UNITS[unit].low, UNITS[unit].high))


def settle(unit: str, value: float) -> float:
    """Return the constant of a unit that is nearest to a value."""
    low, high, grain = UNITS[unit]
    return round(round(min(max(value, low), high) / grain) * grain, 6)


def grow_trait(chance: random.Random, weights: Weights) -> Tree:
    """Return a random trait."""
    steps = [grow(STEP, chance, DEPTH_MAX - 3, weights) for _ in range(chance.randint(1, 2))]
    return (TRAIT, sense_radius(chance), sense_radius(chance), *steps)


def sense_radius(chance: random.Random) -> Tree:
    """Return how far a trait looks: small distances as likely as large ones."""
    return ("num.length", settle("length", 20.0 * 25.0 ** chance.random()))


def _shallow(kind: str) -> tuple[str, ...]:
    """Return operators whose parts can be leaves, where a kind has no leaf."""
    if kind == STEP:
        return ("do",)
    if kind == TRUTH:
        return tuple(name for name in _BY_KIND[kind] if name.startswith("less."))
    return _BY_KIND[kind]


def _weight(name: str, weights: Weights) -> float:
    if name in weights:
        return weights[name]
    if name.startswith("num."):
        return _CONSTANT
    return _RARELY if name[:5] in _SELDOM else 1.0
