"""Traits as trees: their parts, their canonical form, the hash by which equal ones are known.

Owns: walking and replacing parts, what makes two trees the same trait. Does not own: the operators
(`grammar.py`). Pure.

Two trees that must do the same are folded into one before anything is tried: a trial is what costs
time. Constants are worked out, parts that may change places are sorted, what can never come about
is left out, and how far a trait looks is forgotten where it never looks.
"""

import hashlib
import json
from collections.abc import Iterator
from typing import Any, Final

from zones.agents.authors.genetic.grammar import (
    COMMUTATIVE,
    DEPTH_MAX,
    FOOD_SENSES,
    HOLD_MIN,
    NEAR_SENSES,
    OPERATORS,
    SIZE_MAX,
    STEP,
    STEPS_MAX,
    TRAIT,
    UNITS,
    Tree,
    kind_of,
    settle,
)

Path = tuple[int, ...]
NOWHERE: Final = ("num.length", 0.0)
"""How far a trait looks that never looks."""
ALWAYS: Final = ("always",)
NEVER: Final = ("never",)
"""What a truth comes to that is one whatever happens; in no canonical tree."""


def parts(tree: Tree) -> Iterator[tuple[Path, Tree]]:
    """Yield every part with the way to it, the whole first."""
    waiting: list[tuple[Path, Tree]] = [((), tree)]
    while waiting:
        path, part = waiting.pop()
        yield path, part
        waiting += [
            ((*path, place), each)
            for place, each in reversed(list(enumerate(part)))
            if isinstance(each, tuple)
        ]


def replaced(tree: Tree, path: Path, part: Tree) -> Tree:
    """Return a tree with another part at a place."""
    if not path:
        return part
    place, rest = path[0], path[1:]
    return (*tree[:place], replaced(tree[place], rest, part), *tree[place + 1 :])


def size(tree: Tree) -> int:
    """Return how many parts it has."""
    return sum(1 for _ in parts(tree))


def depth(tree: Tree) -> int:
    """Return how many levels it has."""
    return 1 + max((depth(each) for each in tree if isinstance(each, tuple)), default=0)


def fits(tree: Tree) -> bool:
    """Return whether it keeps to the limits of a trait."""
    return len(tree) - 3 <= STEPS_MAX and size(tree) <= SIZE_MAX and depth(tree) <= DEPTH_MAX


def names_in(tree: Tree) -> frozenset[str]:
    """Return the operators and sensors that it uses."""
    return frozenset(part[0] for _, part in parts(tree))


def tree_hash(tree: Tree) -> str:
    """Return the hash of a canonical tree: equal ones are the same trait."""
    return hashlib.sha256(json.dumps(tree).encode()).hexdigest()[:32]


def canonical(tree: Tree) -> Tree | None:
    """Return the simplest tree that does the same; None: it never does anything."""
    steps: list[Tree] = []
    for step in tree[3:]:
        found = _step(_folded(step))
        if found is not None and found not in steps:
            steps.append(found)
    if not steps:
        return None
    used = names_in((TRAIT, *steps))
    return (
        TRAIT,
        _folded(tree[1]) if used & FOOD_SENSES else NOWHERE,
        _folded(tree[2]) if used & NEAR_SENSES else NOWHERE,
        *steps,
    )


def from_plain(value: Any) -> Tree:
    """Return a tree from plain data (lists for tuples).

    Raises:
        ValueError: it is none, or larger than a trait may be.
    """
    tree = _read(value, 0)
    if not (tree[0] == TRAIT and len(tree) > 3 and fits(tree)):
        raise ValueError("no trait")
    for place, part in enumerate(tree[1:], 1):
        if part[0] != "num.length" if place < 3 else kind_of(part) != STEP:
            raise ValueError("a part in the wrong place")
    return tree


def _read(value: Any, level: int) -> Tree:
    if not isinstance(value, list | tuple) or not value or level > DEPTH_MAX:
        raise ValueError("no part")
    name, rest = value[0], value[1:]
    if name == TRAIT and level == 0:
        return (TRAIT, *(_read(each, 1) for each in rest))
    if not isinstance(name, str) or name not in OPERATORS:
        raise ValueError("no operator")
    if name.startswith("num."):
        unit = name.removeprefix("num.")
        if len(rest) != 1 or type(rest[0]) not in (int, float):
            raise ValueError("no constant")
        if not UNITS[unit].low <= rest[0] <= UNITS[unit].high:
            raise ValueError("a constant out of range")
        return (name, float(rest[0]))
    takes = OPERATORS[name].takes
    read = tuple(_read(each, level + 1) for each in rest)
    if tuple(OPERATORS[each[0]].makes for each in read) != takes:
        raise ValueError("other parts than it takes")
    return (name, *read)


def _step(step: Tree) -> Tree | None:
    """Return a step without what never comes about."""
    name = step[0]
    if name == "do":
        return step
    truth = step[1]
    if truth == ALWAYS:
        return ("do", step[2])
    if truth == NEVER:
        return ("do", step[3]) if name == "either" else None
    if name == "either" and step[2] == step[3]:
        return ("do", step[2])
    return step


def _folded(tree: Tree) -> Tree:
    name = tree[0]
    if name.startswith("num."):
        unit = name.removeprefix("num.")
        return (name, settle(unit, tree[1]))
    rest = tuple(_folded(each) for each in tree[1:])
    if name in COMMUTATIVE:
        rest = tuple(sorted(rest, key=repr))
    if name in ("and", "or", "not"):
        return _truth(name, rest)
    if name.startswith("less."):
        return _less(name, rest)
    if name == "hold" and _is_number(rest[0]):
        return (name, ("num.energy", max(rest[0][1], HOLD_MIN)))
    return _number((name, *rest))


def _truth(name: str, rest: tuple[Tree, ...]) -> Tree:
    if name == "not":
        if rest[0] in (ALWAYS, NEVER):
            return NEVER if rest[0] == ALWAYS else ALWAYS
        return rest[0][1] if rest[0][0] == "not" else ("not", *rest)
    settled, neutral = (NEVER, ALWAYS) if name == "and" else (ALWAYS, NEVER)
    if settled in rest:
        return settled
    left = [each for each in rest if each != neutral]
    if not left:
        return neutral
    return left[0] if len(left) == 1 or left[0] == left[1] else (name, *rest)


def _less(name: str, rest: tuple[Tree, ...]) -> Tree:
    first, second = rest
    if first == second and "chance" not in names_in(first):
        return NEVER
    if _is_number(first) and _is_number(second):
        return ALWAYS if first[1] < second[1] else NEVER
    unit = name.removeprefix("less.")
    if unit != "energy" and (
        # No sensor falls below the least of its unit, nor is a share above 1.
        (_is_number(second) and second[1] <= UNITS[unit].low and not _may_be_negative(first))
        or (unit == "share" and _is_number(first) and first[1] >= 1.0)
    ):
        return NEVER
    return (name, *rest)


def _may_be_negative(tree: Tree) -> bool:
    return any(each.startswith("minus") for each in names_in(tree))


def _is_number(tree: Tree) -> bool:
    return bool(tree[0].startswith("num."))


def _number(tree: Tree) -> Tree:
    """Work out a number of constants, and drop a part that changes nothing."""
    word, _, unit = tree[0].partition(".")
    if word == "back" and tree[1][0] == "back":
        return tree[1][1]  # type: ignore[no-any-return]  # a tree's parts are trees
    if word == "since" and tree[1] in (ALWAYS, NEVER):
        return ("num.age", 0.0) if tree[1] == ALWAYS else ("age",)
    if word in ("since", "upto", "blend") or not unit:
        return tree
    if word == "recent" and _is_number(tree[1]):
        return tree[1]  # type: ignore[no-any-return]  # as above
    if word in ("least", "most") and tree[1] == tree[2] and "chance" not in names_in(tree[1]):
        return tree[1]  # type: ignore[no-any-return]  # as above
    if len(tree) != 3 or not (_is_number(tree[1]) and _is_number(tree[2])):
        return tree
    a, b = tree[1][1], tree[2][1]
    made = {
        "plus": a + b, "minus": a - b, "least": min(a, b), "most": max(a, b), "part": a * b,
    }[word]  # fmt: skip
    return (f"num.{unit}", settle(unit, made))
