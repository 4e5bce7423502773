"""A scene: the world of one tick as traits are given it, and the table over it.

Owns: keeping arrays and addresses together. Does not own: the arrays (they lie in the arena or in
the world's scratch), what is in them (`zones/world`).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from zones.traits.table import INDEX, NUMBER, NUMBERS, WORDS


class Scene:
    """Arrays by the names of `table.WORDS`, and their addresses as one int64 array.

    Attributes:
        table: int64, one for each word; its own address is what machine code is given.
        numbers: float64, by `table.NUMBER`.
        names: name of the trait in each trait slot, "" for none: what `traits` lists.
        mood_names: by mood code.
        seed_tick: (seed, tick), for people.
    """

    def __init__(self) -> None:
        self.table: NDArray[np.int64] = np.zeros(len(WORDS), np.int64)
        self.numbers: NDArray[np.float64] = np.zeros(len(NUMBERS))
        self.arrays: dict[str, NDArray[Any]] = {}
        self.names: tuple[str, ...] = ()
        self.mood_names: tuple[str, ...] = ()
        self.seed_tick = (0, 0)
        self.place_array("numbers", self.numbers)

    def place_array(self, name: str, array: NDArray[Any]) -> None:
        """Let a word be the address of an array of its type; the array is kept."""
        word = WORDS[INDEX[name]]
        assert word.dtype and array.dtype == np.dtype(word.dtype) and array.flags.c_contiguous, name
        self.arrays[name] = array
        self.table[INDEX[name]] = array.ctypes.data

    def place_number(self, name: str, number: int) -> None:
        """Set a word that is a plain number; modulo 2**64."""
        assert not WORDS[INDEX[name]].dtype, name
        self.table[INDEX[name]] = np.uint64(number & 0xFFFF_FFFF_FFFF_FFFF).view(np.int64)

    def number(self, name: str) -> int:
        """Return a word that is a plain number."""
        return int(self.table[INDEX[name]])

    def set_real(self, name: str, value: float) -> None:
        """Set one of `table.NUMBERS`."""
        self.numbers[NUMBER[name]] = value

    def real(self, name: str) -> float:
        """Return one of `table.NUMBERS`."""
        return float(self.numbers[NUMBER[name]])
