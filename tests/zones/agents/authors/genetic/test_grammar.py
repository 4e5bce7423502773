"""The grammar: whatever is grown and changed is a trait that the validator takes, and native."""

import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zones.agents.authors.genetic.grammar import OPERATORS, TRAIT, Tree, grow_trait
from zones.agents.authors.genetic.openings import ANY, APART, FED, FEWER, WEIGHTS, sketch
from zones.agents.authors.genetic.trees import canonical, fits, parts, tree_hash
from zones.agents.authors.genetic.variation import cross, mutate
from zones.agents.authors.genetic.writing import describe, write
from zones.traits.contract import NATIVE
from zones.traits.native.tiers import tier_of
from zones.traits.reading import check_source

THEMES = (FED, FEWER, APART, ANY)


def made(seed: int) -> Tree | None:
    """Return a trait as a search comes by one: grown or sketched, changed, crossed."""
    chance = random.Random(seed)
    theme = chance.choice(THEMES)
    tree = (sketch(theme, chance) if seed % 2 else None) or grow_trait(chance, WEIGHTS[theme])
    for _ in range(chance.randrange(8)):
        tree = mutate(tree, chance, WEIGHTS[theme])
    if seed % 3 == 0:
        tree = cross(tree, grow_trait(chance, WEIGHTS[theme]), chance)
    return canonical(tree)


@settings(max_examples=40)
@given(st.integers(0, 2**63))
def test_every_trait_is_accepted_and_native(seed: int) -> None:
    """Whatever the grammar can make is a source that the validator accepts, in the native tier."""
    tree = made(seed)
    if tree is None:
        return
    checked = check_source(write(tree, "Trial").encode())
    assert checked.name == "Trial"
    assert tier_of(checked) == (NATIVE, "")


@pytest.mark.slow
def test_thousands_of_traits_are_native() -> None:
    """Of 3 000 different traits all are accepted, all are native, and some carry state."""
    seen: set[str] = set()
    carried = 0
    for seed in range(4_000):
        tree = made(seed)
        if tree is None or tree_hash(tree) in seen:
            continue
        seen.add(tree_hash(tree))
        checked = check_source(write(tree, "Trial").encode())
        assert tier_of(checked) == (NATIVE, "")
        carried += checked.state == "carried"
    assert len(seen) > 2_500
    assert carried > 20


@given(st.integers(0, 2**63))
def test_changed_traits_keep_the_grammar(seed: int) -> None:
    """Every part of a changed trait has parts of the kinds that its operator takes."""
    tree = made(seed)
    if tree is None:
        return
    for _, part in parts(tree):
        if part[0] != TRAIT and not part[0].startswith("num."):
            makes = tuple(OPERATORS[each[0]].makes for each in part[1:])
            assert makes == OPERATORS[part[0]].takes


@settings(max_examples=20)
@given(st.integers(0, 2**63))
def test_mutants_keep_to_the_limits(seed: int) -> None:
    """No chain of changes makes a trait larger or deeper than a person reads."""
    chance = random.Random(seed)
    tree = grow_trait(chance, {})
    for _ in range(60):
        tree = mutate(tree, chance, {})
        assert fits(tree)


@given(st.integers(0, 2**63))
def test_canonical_form_is_stable(seed: int) -> None:
    """The canonical form of a canonical form is itself, so that a hash means one trait."""
    tree = made(seed)
    assert tree is None or canonical(tree) == tree


@given(st.integers(0, 2**63))
def test_a_source_says_what_it_does(seed: int) -> None:
    """The docstring of a source is the description in words, on as many lines as it takes."""
    tree = made(seed)
    if tree is None:
        return
    source = write(tree, "Trial")
    said = re.search(r'"""(.*?)"""', source, re.DOTALL)
    assert said is not None
    told = " ".join(said[1].split())
    assert told.lower() == f"{describe(tree)}.".lower()
    comments = [line for line in source.splitlines() if line.lstrip().startswith("#")]
    assert all(len(line) <= 100 for line in (*said[1].splitlines(), *comments))
