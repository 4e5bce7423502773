"""The scenes that traits are tested on."""

import numpy as np
import pytest

from tests.zones.traits.scenes import make_scene
from zones.traits.table import WORDS


@pytest.mark.parametrize(("entities", "places"), [(50, 80), (1, 1), (0, 0)])
def test_scene_is_whole(entities: int, places: int) -> None:
    """Every word that is an address is set, and all that live are in the index of the crowd."""
    scene = make_scene(entities=entities, places=places)
    for word, value in zip(WORDS, scene.table, strict=True):
        assert value or not word.dtype or not scene.arrays[word.name].size, word.name
    indexed = np.sort(scene.arrays["crowd_slot"][:entities])
    assert np.array_equal(indexed, np.sort(scene.living))
    assert np.all(np.diff(scene.arrays["id"][scene.living]) > 0)


def test_same_seed_makes_same_scene() -> None:
    """A scene is a function of its arguments."""
    one, two = make_scene(seed=7), make_scene(seed=7)
    for name, array in one.arrays.items():
        assert np.array_equal(array, two.arrays[name], equal_nan=array.dtype.kind == "f"), name
