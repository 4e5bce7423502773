"""Eight points at once: the same bits as one after the other."""

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from zones.runtime.numba_setup import njit
from zones.world.lanes import LANES, count_near, nearest_key

ROOM = 3 * LANES
lengths = st.floats(0, 60_000, width=32)
places = arrays(np.float32, ROOM, elements=lengths | st.just(float("inf")))
numbers = arrays(np.int32, ROOM, elements=st.integers(0, 2**31 - 1))
firsts = st.integers(0, ROOM - LANES)


@njit
def least_of(first: Any, x: Any, y: Any, store_x: Any, store_y: Any, number: Any) -> Any:
    """Call the vector code."""
    return nearest_key(np.uint64(first), x, y, store_x, store_y, number)


@njit
def near_of(first: Any, x: Any, y: Any, store_x: Any, store_y: Any, reach2: Any) -> Any:
    """Call the vector code."""
    return count_near(np.uint64(first), x, y, store_x, store_y, reach2)


def squares(first: int, x: float, y: float, store_x: Any, store_y: Any) -> Any:
    """Return the squared distances of LANES points, each operation rounded to float32."""
    dx = store_x[first : first + LANES] - np.float32(x)
    dy = store_y[first : first + LANES] - np.float32(y)
    with np.errstate(invalid="ignore"):
        return dx * dx + dy * dy


@given(firsts, lengths, lengths, places, places, numbers)
def test_nearest_key(
    first: int, x: float, y: float, store_x: Any, store_y: Any, number: Any
) -> None:
    """The least key is that of the scalar code: distance first, then the lower number."""
    bits = squares(first, x, y, store_x, store_y).view(np.int32).astype(np.int64)
    keys = bits << 32 | number[first : first + LANES]
    found = least_of(first, np.float32(x), np.float32(y), store_x, store_y, number)
    assert found == keys.min()


@given(firsts, lengths, lengths, places, places, st.data())
def test_count_near(
    first: int, x: float, y: float, store_x: Any, store_y: Any, data: st.DataObject
) -> None:
    """Points nearer than the reach count, those at it do not, wherever the reach lies."""
    apart = squares(first, x, y, store_x, store_y)
    reach2 = data.draw(st.sampled_from(apart.tolist()) | lengths)
    found = near_of(first, np.float32(x), np.float32(y), store_x, store_y, np.float32(reach2))
    assert found == np.count_nonzero(apart < np.float32(reach2))
