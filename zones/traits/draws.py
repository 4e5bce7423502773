"""Random draws of traits, from nothing but what they are for.

Owns: the bodies of the draws of `signatures.py`. Does not own: their meaning (there), the bits
(`zones/runtime/random_streams.py`), counting them (each tier, from 0 in each call).
"""

from typing import Any, Final

import numpy as np

from zones.runtime import random_streams
from zones.runtime.numba_setup import njit
from zones.traits import contract
from zones.traits.in_place import sqrt
from zones.traits.machine import c_function

_DOMAIN: Final = contract.DOMAIN
_TWO_PI: Final = 6.283185307179586
_UNIT53: Final = 2.0**-53
_S11: Final = np.uint64(11)
_S32: Final = np.uint64(32)
_LOW32: Final = np.uint64(0xFFFF_FFFF)

_bits = random_streams.draw_bits
_log = c_function("log")
_cos = c_function("cos")


@njit
def _draw(key: Any, entity: Any, stream: Any, n: Any) -> Any:
    return _bits(np.uint64(key), entity, stream, n)


@njit
def _draw_bits(key: Any, entity: Any, stream: Any, n: Any) -> Any:
    return np.int64(_draw(key, entity, stream, n))


@njit
def _draw_unit(key: Any, entity: Any, stream: Any, n: Any) -> Any:
    return np.float64(_draw(key, entity, stream, n) >> _S11) * _UNIT53


@njit
def _draw_below(key: Any, entity: Any, stream: Any, n: Any, width: Any) -> Any:
    if width <= 0:
        return 0, _DOMAIN
    bits = _draw(key, entity, stream, n)
    # The upper 64 of the 128 bits of the product, by halves: no sum of these wraps.
    size = np.uint64(width)
    high, low = bits >> _S32, bits & _LOW32
    above, below = size >> _S32, size & _LOW32
    middle = high * below + (low * below >> _S32)
    other = low * above + (middle & _LOW32)
    return np.int64(high * above + (middle >> _S32) + (other >> _S32)), 0


@njit
def _draw_gauss(key: Any, entity: Any, stream: Any, n: Any, mu: Any, sigma: Any) -> Any:
    length = sqrt(-2.0 * _log(1.0 - _draw_unit(key, entity, stream, n)))[0]
    return mu + sigma * (length * _cos(_TWO_PI * _draw_unit(key, entity, stream, n + 1)))


BODIES: Final = {
    "draw_bits": _draw_bits,
    "draw_unit": _draw_unit,
    "draw_below": _draw_below,
    "draw_gauss": _draw_gauss,
}
