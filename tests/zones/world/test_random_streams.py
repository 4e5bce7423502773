"""Random streams: pure, independent of order, and random enough."""

import numpy as np
import pytest

from zones.runtime import random_streams
from zones.runtime.random_streams import (
    _mix_int,
    draw_bits,
    draw_signed,
    draw_unit,
    many_units,
    tick_key,
)

N = 1 << 16


def units(seed: int = 1, tick: int = 1, stream: int = 4, index: int = 0) -> np.ndarray:
    """Return one draw of each of N entities."""
    return many_units(tick_key(seed, tick), np.arange(N, dtype=np.uint64), stream, index)


def test_finalizer_is_splitmix64() -> None:
    """The mixing function is mix64 of SplitMix64: its published first output for 1234567."""
    assert _mix_int((1234567 + 0x9E3779B97F4A7C15) % 2**64) == 6457827717110365317


def test_known_values() -> None:
    """The streams never change: arenas on disk depend on them."""
    key = tick_key(7, 300)
    assert int(key) == 7003962471101857188
    assert int(draw_bits(key, 12, 4, 1)) == 1065385600431780622


def test_compiled_is_not_compiled() -> None:
    """The compiled draw and the one for founding are the same function."""
    key = tick_key(3, 5)
    many = many_units(key, np.arange(100, dtype=np.uint64), 6, 2)
    assert [draw_unit(key, entity, 6, 2) for entity in range(100)] == list(many)


def test_range() -> None:
    """A unit draw is in [0, 1), a signed one in [-1, 1), both float32."""
    key = tick_key(3, 5)
    drawn = units()
    assert drawn.dtype == np.float32
    assert drawn.min() >= 0
    assert drawn.max() < 1
    signed = [draw_signed(key, entity, 1, 0) for entity in range(1000)]
    assert min(signed) < -0.9
    assert max(signed) > 0.9


@pytest.mark.parametrize("changed", ["seed", "tick", "stream", "index"])
def test_every_part_of_the_key_matters(changed: str) -> None:
    """Changing seed, tick, stream or index gives draws that have nothing to do with the others."""
    first, second = units(), units(**{changed: 9})
    assert np.mean(first == second) < 0.001
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.02


def test_neighbours_are_independent() -> None:
    """Draws of neighbouring entities and of neighbouring ticks are not correlated."""
    first = units()
    assert abs(np.corrcoef(first[:-1], first[1:])[0, 1]) < 0.02
    assert abs(np.corrcoef(first, units(tick=2))[0, 1]) < 0.02


def test_uniform() -> None:
    """Draws fill [0, 1) evenly: chi-square over 256 bins is within six sigma of its mean."""
    for index in range(4):
        counts = np.bincount((units(index=index) * 256).astype(int), minlength=256)
        expected = N / 256
        chi_square = float(np.sum((counts - expected) ** 2 / expected))
        assert abs(chi_square - 255) < 6 * np.sqrt(2 * 255)


def test_each_bit_is_fair() -> None:
    """Each of the 64 bits is set in half of the draws, within six sigma."""
    key = tick_key(11, 1)
    drawn = np.array([int(draw_bits(key, entity, 5, 0)) for entity in range(4096)], np.uint64)
    for bit in range(64):
        share = np.mean((drawn >> np.uint64(bit)) & np.uint64(1))
        assert abs(share - 0.5) < 6 * 0.5 / np.sqrt(4096), bit


def test_streams_have_their_own_numbers() -> None:
    """No two streams share a number."""
    names = [name for name in dir(random_streams) if name.isupper() and not name.startswith("_")]
    numbers = [getattr(random_streams, name) for name in names]
    streams = [number for number in numbers if isinstance(number, int)]
    assert len(streams) == len(set(streams)) >= 10
