"""The honest corpus: what every part of the traits is held against."""

import ast

import pytest

from tests.zones.traits.corpus import CARRIED, UNSAID, VOLATILE, expected_state, honest
from zones.traits.contract import LINES_MAX, MODULES, SOURCE_BYTES_MAX

HONEST_MIN = 70
HONEST = honest()


def test_corpus_is_large_and_varied() -> None:
    """There are many honest traits, no two alike, and each of the eight modules is used."""
    assert len(HONEST) >= HONEST_MIN
    assert len({ast.dump(ast.parse(source)) for source in HONEST.values()}) == len(HONEST)
    used = b"\n".join(HONEST.values()).decode()
    asked = {name for name in MODULES if f"import {name}" in used or f"from {name} import" in used}
    assert asked == set(MODULES)


@pytest.mark.parametrize("name", HONEST)
def test_honest_trait_is_a_trait(name: str) -> None:
    """An honest source is small and has one class of traits, with an async execute."""
    source = HONEST[name]
    assert len(source) < SOURCE_BYTES_MAX and source.count(b"\n") < LINES_MAX
    classes = [node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)]
    traits = [node for node in classes if [ast.unparse(base) for base in node.bases] == ["Trait"]]
    assert len(traits) == 1
    methods = [node.name for node in traits[0].body if isinstance(node, ast.AsyncFunctionDef)]
    assert "execute" in methods


def test_states_name_traits_of_the_corpus() -> None:
    """Who is said to carry state is there, and is said to be of one kind."""
    assert HONEST.keys() >= CARRIED | VOLATILE | UNSAID
    assert not CARRIED & VOLATILE and not (CARRIED | VOLATILE) & UNSAID
    assert expected_state("forage_nearest") == "none"
