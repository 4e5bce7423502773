"""One list of names: what the validator lets pass is exactly what the interpreted tier provides."""

import builtins
import importlib
import sys

import pytest

from tests.zones.traits.interpreting import body, interpret
from zones.traits import names
from zones.traits.contract import FIELDS, METHODS, MODULES, RESOURCE_FIELDS
from zones.traits.facades.outfit import Outfit

MACHINERY = {"__build_class__", "__import__", "__name__"}
"""What class statements, imports and class bodies ask the builtins for; no source can name it."""


@pytest.fixture(scope="module")
def outfit() -> Outfit:
    return interpret(body("entity.move(1, 1)")).outfit


def test_builtins_are_those_of_the_list(outfit: Outfit) -> None:
    """The builtins of a trait are the listed ones, and what machinery needs."""
    assert set(outfit.builtins) - MACHINERY == names.BUILTINS


def test_modules_are_those_of_the_list(outfit: Outfit) -> None:
    """Each module has the listed public names and no other attribute a source could read."""
    for module, listed in names.MODULE_NAMES.items():
        public = {name for name in vars(outfit.module(module)) if not name.startswith("__")}
        assert public == listed, module
    others = {*sys.stdlib_module_names, "numpy", "zones"} - set(names.MODULE_NAMES)
    for module in others:
        with pytest.raises(ImportError, match="no module"):
            outfit.builtins["__import__"](module)


def test_list_is_python(outfit: Outfit) -> None:
    """Every listed name is one that Python's own builtins and modules have."""
    python = set(dir(builtins))
    assert python > names.BUILTINS - {names.TRAIT}
    assert set(MODULES) | {names.COLLECTIONS_ABC} == set(names.MODULE_NAMES)
    for module, listed in names.MODULE_NAMES.items():
        assert set(dir(importlib.import_module(module))) >= listed, module


def test_attributes_hold_the_contract() -> None:
    """What the contract gives an entity and a resource may be named."""
    assert {*FIELDS, *METHODS, *RESOURCE_FIELDS} <= names.ATTRIBUTES
