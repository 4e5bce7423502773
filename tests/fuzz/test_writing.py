"""What fuzzers write: traits of a grammar, changed traits, smaller ones."""

import ast
import random

import pytest

from tests.fuzz.mutating import mutate_text, mutate_tree
from tests.fuzz.oracle import objections
from tests.fuzz.shrinking import shrink
from tests.fuzz.statements import write_trait
from tests.zones.traits.corpus import honest
from zones.traits.contract import SOURCE_BYTES_MAX

HONEST = honest()


def test_seed_decides_the_trait() -> None:
    """One seed is one source, of correct Python and within the size; two seeds are two."""
    sources = [write_trait(seed) for seed in range(30)]
    assert sources == [write_trait(seed) for seed in range(30)]
    assert len(set(sources)) == len(sources)
    for source in sources:
        ast.parse(source)
        assert len(source) < SOURCE_BYTES_MAX


def test_functions_of_the_grammar_know_no_entity() -> None:
    """Functions beside execute do not name the entity: they have no such argument."""
    for seed in range(30):
        for node in ast.walk(ast.parse(write_trait(seed))):
            if isinstance(node, ast.FunctionDef) and node.name[0] in "fm":
                assert "entity" not in ast.unparse(node)


def test_changed_tree_is_correct_and_changed() -> None:
    """Changes of a tree give correct Python, nearly always another than before."""
    dice = random.Random(1)
    same = 0
    for source in list(HONEST.values())[:40]:
        changed = mutate_tree(source.decode(), dice)
        same += ast.dump(ast.parse(changed)) == ast.dump(ast.parse(source))
    assert same < 8


def test_changed_text_is_other_bytes() -> None:
    """Changes of words and bytes give other bytes of bounded size, the same for one seed."""
    first, second = HONEST["full_boids"], HONEST["enum_modes"]
    changed = [mutate_text(first, second, random.Random(seed)) for seed in range(50)]
    assert changed == [mutate_text(first, second, random.Random(seed)) for seed in range(50)]
    assert len(set(changed)) > 45
    assert max(map(len, changed)) <= 2 * SOURCE_BYTES_MAX


def test_what_fails_becomes_small() -> None:
    """A long source that fails for one expression is cut down to it and what holds it."""
    source = HONEST["full_boids"].decode()
    smaller = shrink(source, lambda text: "self.MAX_FORCE / magnitude" in text, 400)
    assert "self.MAX_FORCE / magnitude" in smaller
    assert len(smaller.splitlines()) <= 5


def test_shrinking_has_an_end() -> None:
    """It gives up after so many tries, with what it has."""
    tries: list[str] = []
    source = HONEST["full_boids"].decode()
    smaller = shrink(source, lambda text: bool(tries.append(text)), 20)
    assert len(tries) == 20
    assert ast.dump(ast.parse(smaller)) == ast.dump(ast.parse(source))


def test_honest_traits_meet_no_objection() -> None:
    """The second opinion has nothing against honest traits."""
    for name, source in HONEST.items():
        assert not list(objections(ast.parse(source))), name


@pytest.mark.parametrize(
    "source",
    [
        "import os",
        "from . import math",
        "from collections import *",
        "from random import _os",
        "import random as r\nr._os",
        "import random\nrandom.os",
        "x.__class__",
        "x.gi_frame.f_back",
        "__builtins__",
        "eval('1')",
        "f = type",
        "type('a', (), {})",
        "class A(metaclass=M): pass",
        "class A(**k): pass",
        "match x:\n    case A(__class__=y): pass",
        "def f(__class__): pass",
    ],
)
def test_absolute_rules_object(source: str) -> None:
    """Each of these is seen by the second opinion."""
    assert list(objections(ast.parse(source)))
