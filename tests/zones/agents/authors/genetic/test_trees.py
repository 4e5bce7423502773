"""Trees: what is the same trait has one hash, what never acts is nothing, plain data comes back."""

import json
import random
from typing import Any

import pytest

from zones.agents.authors.genetic.grammar import HOLD_MIN, Tree, grow_trait
from zones.agents.authors.genetic.trees import NOWHERE, canonical, from_plain, tree_hash
from zones.agents.authors.genetic.writing import write

EAT = ("eat", ("num.energy", 5.0))
FEW = ("less.count", ("near_count",), ("num.count", 3.0))
RICH = ("less.energy", ("num.energy", 50.0), ("energy",))


def trait(*steps: Any, food: float = 100.0, near: float = 50.0) -> Tree:
    return ("trait", ("num.length", food), ("num.length", near), *steps)


def when(truth: Tree) -> Tree:
    return trait(("when", truth, EAT))


def same(first: Tree, second: Tree) -> bool:
    a, b = canonical(first), canonical(second)
    assert a is not None
    assert b is not None
    return tree_hash(a) == tree_hash(b)


def test_order_does_not_matter_where_it_cannot() -> None:
    """Two truths that are joined in another order are one trait."""
    assert same(when(("and", FEW, RICH)), when(("and", RICH, FEW)))
    assert not same(when(("and", FEW, RICH)), when(("or", FEW, RICH)))


def test_constants_are_worked_out() -> None:
    """A sum of constants is the constant it comes to."""
    total = ("plus.energy", ("num.energy", 2.0), ("num.energy", 3.0))
    assert same(trait(("do", ("eat", total))), trait(("do", EAT)))


def test_nobody_is_made_to_starve() -> None:
    """What a body may store is never less than HOLD_MIN, whatever a tree says."""
    low = canonical(trait(("do", ("hold", ("num.energy", 5.0)))))
    assert low == canonical(trait(("do", ("hold", ("num.energy", HOLD_MIN)))))
    ratchet = canonical(trait(("do", ("hold", ("energy",)))))
    assert ratchet is not None
    assert f"max(entity.energy, {HOLD_MIN})" in write(ratchet, "Trial")


def test_radius_that_is_not_used_is_forgotten() -> None:
    """How far a trait looks that never looks does not tell it from another."""
    assert same(trait(("do", EAT), food=20.0), trait(("do", EAT), food=400.0))
    found = canonical(trait(("do", EAT)))
    assert found is not None
    assert found[1] == found[2] == NOWHERE


def test_radius_that_is_used_counts() -> None:
    """How far a trait looks that does look tells it from another."""
    seek = ("do", ("steer", ("to_food",), ("num.speed", 2.0)))
    assert not same(trait(seek, food=20.0), trait(seek, food=400.0))


@pytest.mark.parametrize(
    "truth",
    [
        ("less.energy", ("num.energy", 5.0), ("num.energy", 4.0)),
        ("less.count", ("near_count",), ("num.count", 0.0)),
        ("less.share", ("num.share", 1.0), ("fullness",)),
        ("not", ("less.age", ("num.age", 0.0), ("num.age", 100.0))),
        ("and", FEW, ("less.energy", ("energy",), ("energy",))),
    ],
)
def test_what_never_acts_is_nothing(truth: Tree) -> None:
    """A step whose condition cannot hold is left out, and a trait of such steps is none."""
    assert canonical(when(truth)) is None


def test_what_always_holds_is_no_condition() -> None:
    """A step whose condition always holds is done without it."""
    always = ("less.energy", ("num.energy", 4.0), ("num.energy", 5.0))
    assert same(when(always), trait(("do", EAT)))
    assert same(when(("and", FEW, always)), when(FEW))
    assert same(when(("not", ("not", FEW))), when(FEW))


def test_trees_come_back_from_plain_data() -> None:
    """Every grown tree is the same after a way through JSON."""
    chance = random.Random(3)
    for _ in range(300):
        tree = canonical(grow_trait(chance, {}))
        if tree is not None:
            assert from_plain(json.loads(json.dumps(tree))) == tree


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        "trait",
        ["trait"],
        ["trait", ["num.length", 5.0], ["num.length", 5.0]],
        ["trait", ["num.length", 5.0], ["num.length", 5.0], ["energy"]],
        ["trait", ["food_distance"], ["num.length", 5.0], ["do", ["stop"]]],
        ["trait", ["num.length", 900.0], ["num.length", 5.0], ["do", ["stop"]]],
        ["trait", ["num.length", float("nan")], ["num.length", 5.0], ["do", ["stop"]]],
        ["trait", ["num.length", 5.0], ["num.length", 5.0], ["do", ["eat", ["fullness"]]]],
        ["trait", ["num.length", 5.0], ["num.length", 5.0], ["do", ["fly"]]],
        ["trait", ["num.length", "5"], ["num.length", 5.0], ["do", ["stop"]]],
    ],
)
def test_what_is_no_tree_is_refused(value: Any) -> None:
    """Plain data that no trait can be is refused, never half read."""
    with pytest.raises(ValueError, match=r"no |out of|wrong|other"):
        from_plain(value)
