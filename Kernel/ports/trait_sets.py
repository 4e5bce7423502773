"""The file that says which traits a zone's next generation is given, as the kernel reads it.

Owns: reading and replacing it. Does not own: its form (`Kernel/contract/trait_sets.py`).
Replaced without a sync: the kernel only takes out of it, and one hash too many does no harm.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from Kernel.contract.trait_sets import (
    SET_BYTES_MAX,
    TRAITS_PLACE,
    decode_set,
    encode_set,
    set_name,
)


class TraitSets(Protocol):
    """The sets of a home, by zone; a test gives its own."""

    def load(self, zone: str) -> list[str]:
        """Return the hashes of a zone, none where nothing was ever written."""

    def save(self, zone: str, hashes: Sequence[str]) -> None:
        """Replace what is written.

        Raises:
            OSError: the disk refused.
        """


class HomeTraitSets:
    """Those of a real home."""

    def __init__(self, home: Path) -> None:
        self._place = home / TRAITS_PLACE

    def load(self, zone: str) -> list[str]:
        """Return the hashes of a zone, none where nothing was ever written, or it is damaged."""
        try:
            with (self._place / set_name(zone)).open("rb") as file:
                return decode_set(file.read(SET_BYTES_MAX))
        except OSError:
            return []

    def save(self, zone: str, hashes: Sequence[str]) -> None:
        """Replace what is written; readers see the old or the new file, whole.

        Raises:
            OSError: the disk refused.
        """
        self._place.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = self._place / f".{set_name(zone)}.kernel"
        try:
            fresh.write_bytes(encode_set(hashes))
            os.replace(fresh, self._place / set_name(zone))
        except OSError:
            fresh.unlink(missing_ok=True)
            raise


class MemoryTraitSets:
    """Those of a kernel without a home."""

    def __init__(self) -> None:
        self.sets: dict[str, list[str]] = {}

    def load(self, zone: str) -> list[str]:
        """Return the hashes of a zone."""
        return list(self.sets.get(zone, ()))

    def save(self, zone: str, hashes: Sequence[str]) -> None:
        """Replace them."""
        self.sets[zone] = list(hashes)
