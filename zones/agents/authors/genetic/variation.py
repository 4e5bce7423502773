"""New traits out of old ones: changed in a point, by a constant, a part or a step, or crossed.

Owns: the ways and how likely each is. Does not own: the grammar, what is worth trying
(`search.py`). Pure: chance comes as a `random.Random`. Whatever comes out keeps to the limits;
where a change does not, the trait it was made from is returned.
"""

import random
from typing import Final

from zones.agents.authors.genetic.grammar import (
    DEPTH_MAX,
    OPERATORS,
    STEP,
    STEPS_MAX,
    TRAIT,
    UNITS,
    Tree,
    Weights,
    grow,
    kind_of,
    settle,
)
from zones.agents.authors.genetic.trees import depth, fits, parts, replaced

JITTER: Final = 0.15
"""Of a unit's range: how far a constant goes, as a standard deviation."""
_GROWN: Final = 3
"""Levels of a part that is grown anew."""
_WAYS: Final = ("jitter", "point", "part", "hoist", "step")
_OFTEN: Final = (4.0, 2.0, 2.0, 1.0, 2.0)


def mutate(tree: Tree, chance: random.Random, weights: Weights) -> Tree:
    """Return a trait that differs in one place."""
    way = chance.choices(_WAYS, _OFTEN)[0]
    if way == "jitter":
        made = _jitter(tree, chance)
    elif way == "point":
        made = _point(tree, chance)
    elif way == "part":
        made = _part(tree, chance, weights)
    elif way == "hoist":
        made = _hoist(tree, chance)
    else:
        made = _steps(tree, chance, weights)
    return made if fits(made) else tree


def cross(first: Tree, second: Tree, chance: random.Random) -> Tree:
    """Return the first trait with a part of the second in the place of one of the same kind."""
    # How far a trait looks is a constant: no sensor may come into its place.
    path, part = chance.choice([each for each in parts(first) if each[0] not in ((), (1,), (2,))])
    kind = kind_of(part)
    there = [each for path, each in parts(second) if path and kind_of(each) == kind]
    if not there:
        return first
    made = replaced(first, path, chance.choice(there))
    return made if fits(made) else first


def _jitter(tree: Tree, chance: random.Random) -> Tree:
    found = [each for each in parts(tree) if each[1][0].startswith("num.")]
    path, part = chance.choice(found)
    unit = part[0].removeprefix("num.")
    low, high, grain = UNITS[unit]
    by = max((high - low) * JITTER, grain) * chance.gauss(0.0, 1.0)
    if len(path) == 1:  # how far it looks: by a share of itself
        by = part[1] * chance.gauss(0.0, 0.5)
    return replaced(tree, path, (part[0], settle(unit, part[1] + by)))


def _point(tree: Tree, chance: random.Random) -> Tree:
    """Exchange an operator for another that makes and takes the same."""
    found = []
    for path, part in parts(tree):
        if not path or part[0].startswith("num."):
            continue
        same = [
            name
            for name, operator in OPERATORS.items()
            if operator == OPERATORS[part[0]] and name != part[0] and not name.startswith("num.")
        ]
        if same:
            found.append((path, part, same))
    if not found:
        return tree
    path, part, same = chance.choice(found)
    return replaced(tree, path, (chance.choice(same), *part[1:]))


def _part(tree: Tree, chance: random.Random, weights: Weights) -> Tree:
    path, part = chance.choice([each for each in parts(tree) if len(each[0]) > 1])
    room = min(_GROWN, DEPTH_MAX - len(path))
    return replaced(tree, path, grow(kind_of(part), chance, max(room, 1), weights))


def _hoist(tree: Tree, chance: random.Random) -> Tree:
    """Put a part of a part in its place: traits get simpler by it."""
    found = []
    for path, part in parts(tree):
        if len(path) > 1 and depth(part) > 1:
            inner = [e for below, e in parts(part) if below and kind_of(e) == kind_of(part)]
            found += [(path, each) for each in inner]
    if not found:
        return tree
    path, part = chance.choice(found)
    return replaced(tree, path, part)


def _steps(tree: Tree, chance: random.Random, weights: Weights) -> Tree:
    """Add a step, or take one away."""
    steps = list(tree[3:])
    if len(steps) > 1 and chance.random() < 0.4:
        del steps[chance.randrange(len(steps))]
    elif len(steps) < STEPS_MAX:
        steps.insert(chance.randint(0, len(steps)), grow(STEP, chance, _GROWN, weights))
    return (TRAIT, tree[1], tree[2], *steps)
