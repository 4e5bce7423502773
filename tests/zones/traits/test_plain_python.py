"""Traits in many styles do in the interpreted tier what CPython makes of the same source."""

import sys
from types import ModuleType

import pytest

from tests.zones.traits.both_tiers import bind, follow
from tests.zones.traits.corpus import CORPUS
from tests.zones.traits.plain_entity import PlainEntity, seen
from tests.zones.traits.scenes import make_scene
from zones.traits.interpreted import InterpretedTrait
from zones.traits.reading import check_source

PLAIN = {path.stem: path.read_bytes() for path in sorted((CORPUS / "plain").glob("*.py"))}
TICKS = 3


class Trait:
    """What CPython gives as the base."""


@pytest.fixture
def module(monkeypatch):
    """Return an empty module that `dataclasses` can find, with `Trait`."""
    made = ModuleType("plain_trait")
    made.Trait = Trait
    monkeypatch.setitem(sys.modules, "plain_trait", made)
    return made


@pytest.mark.parametrize("name", PLAIN)
def test_a_trait_does_what_cpython_does(name, module):
    """No fault, and the same fields to the last bit, over several ticks, for each entity."""
    checked = check_source(PLAIN[name])
    exec(compile(PLAIN[name], name, "exec", dont_inherit=True), vars(module))
    trait, kind = InterpretedTrait(checked), vars(module)[checked.name]
    scene = make_scene(3, entities=8, places=20, width=120.0, height=120.0, fuel_max=50_000)
    bind(scene, checked)
    slots = scene.arrays["carriers"][:8].tolist()
    instances = {}
    for tick in range(101, 101 + TICKS):
        follow(scene, tick)
        wanted = {}
        for slot in slots:
            entity = PlainEntity(scene, slot, checked.moods)
            one = instances[slot] if slot in instances else instances.setdefault(slot, kind())
            with pytest.raises(StopIteration):
                one.execute(entity).send(None)
            wanted[slot] = entity
        trait.run(scene, len(slots))
        assert not scene.arrays["status"][: len(slots)].any()
        for slot, entity in wanted.items():
            told = {name: value for name, value in vars(entity).items() if name[0] != "_"}
            assert seen(scene, slot, "new_") == told
            assert float(scene.arrays["wanted"][slot]) == entity._wanted
