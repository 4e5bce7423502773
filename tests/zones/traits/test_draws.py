"""Random draws of traits: the streams of the world, alike in both tiers."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zones.runtime import random_streams
from zones.runtime.numba_setup import serial_kernel
from zones.traits import linked, numerics

KEY = int(random_streams.tick_key(7, 100).view(np.int64))
ANY_INT = st.integers(-(2**63), 2**63 - 1)
PLACE = st.tuples(ANY_INT, st.integers(1, 2**40), st.integers(64, 127), st.integers(0, 2**31))
MANY = 20_000


@serial_kernel
def bits_of_stream(key: Any, entity: Any, stream: Any, n: Any) -> Any:
    """Return the bits as the world's own kernels draw them."""
    return np.int64(random_streams.draw_bits(np.uint64(key), entity, stream, n))


@serial_kernel
def draw_many(
    key: Any, entity: Any, stream: Any, width: Any, units: Any, below: Any, gauss: Any
) -> None:
    """Draw as a native trait does, draws 0, 1, 2, ..."""
    for n in range(len(units)):
        units[n] = numerics.draw_unit(key, entity, stream, n)
        below[n], _ = numerics.draw_below(key, entity, stream, n, width)
        gauss[n] = numerics.draw_gauss(key, entity, stream, 2 * n, 1.0, 2.0)


@given(PLACE)
def test_bits_are_those_of_the_world(place: tuple[int, int, int, int]) -> None:
    """A trait's draw is the world's draw of the same key, entity, stream and index."""
    assert linked.calls()["draw_bits"](*place) == bits_of_stream(*place)


@given(PLACE, st.integers(1, 2**63 - 1))
def test_draws_are_made_of_the_bits(place: tuple[int, int, int, int], width: int) -> None:
    """A unit is the upper 53 bits, a number below a width their share of it, exactly."""
    calls = linked.calls()
    bits = calls["draw_bits"](*place) % 2**64
    assert calls["draw_unit"](*place) == (bits >> 11) * 2.0**-53
    assert calls["draw_below"](*place, width) == bits * width >> 64


@given(PLACE, st.floats(-1e6, 1e6), st.floats(0, 1e6))
def test_gauss_takes_two_draws(place: tuple[int, int, int, int], mu: float, sigma: float) -> None:
    """A normal number is made of draws n and n + 1 as the table says."""
    calls = linked.calls()
    u, v = calls["draw_unit"](*place), calls["draw_unit"](*place[:3], place[3] + 1)
    length = calls["sqrt"](-2.0 * calls["log"](1.0 - u))
    wanted = mu + sigma * (length * calls["cos"](2.0 * math.pi * v))
    assert calls["draw_gauss"](*place, mu, sigma) == wanted


@pytest.mark.parametrize("width", [0, -1, -(2**63)])
def test_nothing_is_below_nothing(width: int) -> None:
    """A width that is not above 0 is a fault."""
    with pytest.raises(ValueError, match="domain"):
        linked.calls()["draw_below"](KEY, 5, 65, 0, width)


def test_machine_code_draws_the_same() -> None:
    """What compiled code draws is what Python draws, and is spread as it should be."""
    linked.link()
    calls = linked.calls()
    units, gauss, below = np.zeros(MANY), np.zeros(MANY), np.zeros(MANY, np.int64)
    draw_many(KEY, 77, 65, 6, units, below, gauss)
    for n in range(0, MANY, 41):
        assert units[n] == calls["draw_unit"](KEY, 77, 65, n)
        assert below[n] == calls["draw_below"](KEY, 77, 65, n, 6)
        assert gauss[n] == calls["draw_gauss"](KEY, 77, 65, 2 * n, 1, 2)
    assert units.min() >= 0 and units.max() < 1
    assert abs(units.mean() - 0.5) < 0.01 and abs(gauss.mean() - 1) < 0.05
    assert abs(gauss.std() - 2) < 0.05
    assert np.all(np.abs(np.bincount(below, minlength=6) - MANY / 6) < 0.05 * MANY / 6)
