"""Where a search begins: sketches of what might help, and which parts a goal makes likely.

Owns: what is known of the world beforehand. Does not own: what comes of it: a sketch is tried like
everything else, and half of a first batch are none. Pure.

What is known (measured on the scenarios of `config/scenarios`): a Molbot notices food within
`sense_radius`, a trait sees ten times as far; a velocity that is set costs nothing; a body of no
width collides with nobody; who cannot store the energy of a birth bears no child.
"""

import random
from collections.abc import Callable
from typing import Final

from zones.agents.authors.genetic.grammar import TRAIT, Tree, Weights, settle
from zones.agents.authors.genetic.scoring import Goal
from zones.agents.authors.genetic.trees import NOWHERE

Sketch = Callable[[random.Random], Tree]
FED: Final = "fed"
FEWER: Final = "fewer"
APART: Final = "apart"
ANY: Final = "any"
_MORE: Final = frozenset({"population", "mean_population", "energy", "mean_energy", "births"})
_LESS: Final = frozenset({"starved", "starvation", "deaths"})
_NUMBERS: Final = frozenset({"population", "mean_population", "births"})

WEIGHTS: Final[dict[str, Weights]] = {
    FED: {
        "steer": 3.0, "eat": 2.0, "to_food": 5.0, "hold": 0.3, "stop": 0.3, "either": 0.4,
        "back": 0.3, "fullness": 2.0,
    },
    FEWER: {"hold": 4.0, "body": 2.0, "near_count": 3.0, "eat": 0.5, "age": 2.0},
    APART: {"steer": 2.0, "body": 3.0, "to_near": 3.0, "back": 3.0, "near_distance": 2.0},
    ANY: {},
}  # fmt: skip


def theme_of(goal: Goal) -> str:
    """Return which openings a goal has."""
    if goal.better == "more" and goal.metric in _MORE:
        return FED
    if goal.better == "less" and goal.metric in _NUMBERS:
        return FEWER
    if goal.better == "less" and goal.metric in _LESS:
        return FED
    return APART if goal.better == "less" and goal.metric == "collided" else ANY


def sketch(theme: str, chance: random.Random) -> Tree | None:
    """Return a sketch of a theme, its numbers drawn anew; None: it has none."""
    sketches = _SKETCHES[theme]
    return chance.choice(sketches)(chance) if sketches else None


def _number(unit: str, low: float, high: float, chance: random.Random) -> Tree:
    return (f"num.{unit}", settle(unit, chance.uniform(low, high)))


def _seek(chance: random.Random) -> Tree:
    """Head for food that is farther away than a Molbot notices by itself."""
    return (
        TRAIT,
        _number("length", 80.0, 400.0, chance),
        NOWHERE,
        ("do", ("steer", ("to_food",), _number("speed", 0.5, 4.0, chance))),
    )


def _seek_and(more: Sketch) -> Sketch:
    return lambda chance: (*_seek(chance), *more(chance)[3:])


def _eat(chance: random.Random) -> Tree:
    return (TRAIT, NOWHERE, NOWHERE, ("do", ("eat", _number("energy", 2.0, 20.0, chance))))


def _slim(chance: random.Random) -> Tree:
    return (TRAIT, NOWHERE, NOWHERE, ("do", ("body", _number("girth", 0.0, 2.0, chance))))


def seek_whole(chance: random.Random) -> Tree:
    """All at once: far food, a body that nobody runs into, and bites beside those of the core.

    Each part helps the others: who is faster collides more, unless it has no width, and who finds
    more has more to bite off. Farther and faster than this more are born soon, and over a year
    more starve: all head for the same food (27,000 ticks of two starving worlds; a bite beyond 10
    changes nothing).
    """
    far = _number("length", 250.0, 400.0, chance)
    steer = ("steer", ("to_food",), _number("speed", 2.5, 4.0, chance))
    bite = ("eat", _number("energy", 10.0, 20.0, chance))
    return (TRAIT, far, NOWHERE, ("do", steer), ("do", bite), ("do", ("body", ("num.girth", 0.0))))


def whole(theme: str, chance: random.Random) -> Tree | None:
    """Return all of what helps a theme in one, None: that is not known."""
    return seek_whole(chance) if theme == FED else None


def _when_hungry(chance: random.Random) -> Tree:
    hungry = ("less.share", ("fullness",), _number("share", 0.3, 0.9, chance))
    tree = _seek(chance)
    return (*tree[:3], ("when", hungry, tree[3][1]))


def _hold(chance: random.Random) -> Tree:
    return (TRAIT, NOWHERE, NOWHERE, ("do", ("hold", _number("energy", 40.0, 70.0, chance))))


def _hold_in_crowds(chance: random.Random) -> Tree:
    crowded = ("less.count", _number("count", 0.0, 6.0, chance), ("near_count",))
    return (
        TRAIT,
        NOWHERE,
        _number("length", 30.0, 150.0, chance),
        ("when", crowded, ("hold", _number("energy", 40.0, 60.0, chance))),
    )


def _hold_at_age(chance: random.Random) -> Tree:
    young = ("less.age", ("age",), _number("age", 300.0, 3000.0, chance))
    return (
        TRAIT,
        NOWHERE,
        NOWHERE,
        (
            "either",
            young,
            ("hold", _number("energy", 40.0, 60.0, chance)),
            ("hold", ("num.energy", 150.0)),
        ),
    )


def _avoid(chance: random.Random) -> Tree:
    return (
        TRAIT,
        NOWHERE,
        _number("length", 15.0, 80.0, chance),
        ("do", ("steer", ("back", ("to_near",)), _number("speed", 0.5, 3.0, chance))),
    )


_SKETCHES: Final[dict[str, tuple[Sketch, ...]]] = {
    FED: (_seek, _when_hungry, _seek_and(_eat), _seek_and(_slim), _eat),
    FEWER: (_hold, _hold_in_crowds, _hold_at_age),
    APART: (_slim, _avoid),
    ANY: (),
}
