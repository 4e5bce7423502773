"""Each construct of the language that is native means what it means in the interpreted tier.

The sources of tests/corpus/constructs are no sensible traits: each takes one thing to its edges
(a name bound on one way only, an int on one and a float on the other, None, exceptions, fuel).
"""

from pathlib import Path

import pytest

from tests.zones.traits.both_tiers import differences, statuses
from tests.zones.traits.corpus import CORPUS
from zones.traits.interpreted import InterpretedTrait
from zones.traits.native.compiling import make_native
from zones.traits.native.tiers import tier_of
from zones.traits.reading import check_source

SOURCES = {path.stem: path for path in sorted((CORPUS / "constructs").glob("*.py"))}
SCANT = 9
"""Fuel that ends many calls somewhere in their middle."""
EXPECTED = {
    "div_zero": "division by zero",
    "domain": "value that cannot be",
    "overflow": "overflow",
    "none_arith": "wrong type",
    "none_fault": "no such attribute",
    "keyerr": "no such item",
    "unbound": "exception",
    "stores": "energy out of nothing",
    "nearby_odd": "not a number",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SOURCES)
def test_construct_means_the_same(name: str, rounds: int) -> None:
    """Columns, memory, intents, fuel and statuses are equal, with enough fuel and without."""
    checked = check_source(Path(SOURCES[name]).read_bytes())
    assert tier_of(checked) == ("native", "")
    native, interpreted = make_native(checked), InterpretedTrait(checked)
    first = sum(name.encode()) % 6
    for seed in range(first, first + rounds):
        found = list(differences(native, interpreted, checked, seed))
        found += list(differences(native, interpreted, checked, seed, SCANT + seed))
        assert not found, "\n".join(found)
    if name in EXPECTED:
        assert EXPECTED[name] in statuses(native, checked, 2)
