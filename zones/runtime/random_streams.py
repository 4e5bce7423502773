"""Random numbers that depend on what they are for and on nothing else.

Owns: the hash and the list of streams. A draw is a pure function of (seed, tick, entity id,
stream, index): no state, so no order, thread count or takeover can change it. Stateful generators
were rejected: they repeat in every fork and depend on the order of their callers.

Source: the finalizer is `mix64` of SplitMix64 (Steele, Lea, Flood, "Fast Splittable Pseudorandom
Number Generators", OOPSLA 2014, variant 13 of D. Stafford); it is applied once per word of the
key, each word multiplied by its own odd constant first.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from zones.runtime.numba_setup import njit

FOUNDING_PLACE: Final = 1
FOUNDING_FOOD: Final = 2
GENES: Final = 3
WANDER: Final = 4
BIRTH_PLACE: Final = 5
MUTATION: Final = 6
LIFESPAN: Final = 7
SEED_PLACE: Final = 8
FOUNDING_AGE: Final = 9
CANARY: Final = 10
LANDSCAPE: Final = 11
TRAITS: Final = 64
"""Traits draw from TRAITS + their slot."""

F32 = NDArray[np.float32]
U64 = NDArray[np.uint64]

_MASK: Final = 0xFFFF_FFFF_FFFF_FFFF
_C1: Final = np.uint64(0xBF58476D1CE4E5B9)
_C2: Final = np.uint64(0x94D049BB133111EB)
_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_ODD: Final = np.uint64(0xD1342543DE82EF95)
_S27: Final = np.uint64(27)
_S30: Final = np.uint64(30)
_S31: Final = np.uint64(31)
_S32: Final = np.uint64(32)
_S40: Final = np.uint64(40)
_UNIT24: Final = np.float32(2.0**-24)


def tick_key(seed: int, tick: int) -> np.uint64:
    """Return the key of all draws of one tick. Draws that must not change with time use tick 0."""
    once = _mix_int((seed + int(_GOLDEN)) & _MASK)
    return np.uint64(_mix_int((once ^ ((tick + 1) * int(_ODD))) & _MASK))


def _mix_int(z: int) -> int:
    z = ((z ^ (z >> 30)) * int(_C1)) & _MASK
    z = ((z ^ (z >> 27)) * int(_C2)) & _MASK
    return z ^ (z >> 31)


@njit
def _mix(z: Any) -> Any:
    z = (z ^ (z >> _S30)) * _C1
    z = (z ^ (z >> _S27)) * _C2
    return z ^ (z >> _S31)


@njit
def draw_bits(key: Any, entity: Any, stream: Any, index: Any) -> Any:
    """Return 64 random bits for draw `index` of `stream` of one entity; `key` is a tick_key."""
    place = (np.uint64(stream) << _S32) | np.uint64(index)
    return _mix(_mix(key + np.uint64(entity) * _GOLDEN) ^ (place * _ODD))


@njit
def draw_unit(key: Any, entity: Any, stream: Any, index: Any) -> Any:
    """Return a float32 in [0, 1): the top 24 bits, so that every value is exact."""
    return np.float32(draw_bits(key, entity, stream, index) >> _S40) * _UNIT24


@njit
def draw_signed(key: Any, entity: Any, stream: Any, index: Any) -> Any:
    """Return a float32 in [-1, 1)."""
    return draw_unit(key, entity, stream, index) * np.float32(2.0) - np.float32(1.0)


def many_units(key: np.uint64, entities: U64, stream: int, index: int) -> F32:
    """Return `draw_unit` for many entities at once, without compiled code (founding only)."""
    place = np.uint64(((stream << 32 | index) * int(_ODD)) & _MASK)
    bits = _mix_array(_mix_array(key + entities * _GOLDEN) ^ place)
    return (bits >> _S40).astype(np.float32) * _UNIT24


def _mix_array(z: U64) -> U64:
    z = (z ^ (z >> _S30)) * _C1
    z = (z ^ (z >> _S27)) * _C2
    return z ^ (z >> _S31)
