"""The module versions a kernel can run: the checkout, and the slots of its home.

Owns: telling whether the checkout has changed. Does not own: slots, their verification and filling
(`slots.py`), which version serves (`Kernel/core/ladder.py`).
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from Kernel.ports.slots import FALLBACK, find_slot

SOURCES = ("zones", "Kernel/contract", "config")


@dataclass(frozen=True, slots=True)
class Source:
    """Where the code of a generation comes from.

    Args:
        name: for people: "checkout", or "slot fallback".
        root: the folder of the module version; None: the checkout.
    """

    name: str
    root: Path | None = None


CHECKOUT = Source("checkout")


class Versions(Protocol):
    """The module versions there are; a test gives its own."""

    def fallback(self) -> Source | None:
        """Return the verified version of the slot `fallback`, None when there is none to run.

        Raises:
            MoltError: it is there and damaged.
        """

    def fingerprint(self) -> str:
        """Return what changes whenever a source file of the checkout does."""


class HomeVersions:
    """What there is beside one checkout and home.

    Args:
        root: the checkout.
        home: whose slots are meant.
    """

    def __init__(self, root: Path, home: Path) -> None:
        self._root = root
        self._home = home

    def fallback(self) -> Source | None:
        """Return the verified version of the slot `fallback`, None when there is none to run."""
        slot = find_slot(self._home, FALLBACK)
        return None if slot is None else Source(f"slot {slot.name}", slot.root)

    def fingerprint(self) -> str:
        """Return what changes whenever a file of the checkout that zones are made of does."""
        digest = hashlib.sha256()
        for folder in SOURCES:
            for place, folders, names in os.walk(self._root / folder):
                folders.sort()
                for name in sorted(names):
                    digest.update(_look(Path(place, name)))
        return digest.hexdigest()


def _look(path: Path) -> bytes:
    """Return what tells one state of a source file from another, b"" for anything else.

    Files come and go meanwhile (an editor's lock, a checkout of another branch): one that cannot be
    looked at is one that is not there.
    """
    if path.suffix not in (".py", ".yaml", ".txt") or path.name.startswith("."):
        return b""
    try:
        status = path.stat()
    except OSError:
        return b""
    return f"{path}\0{status.st_mtime_ns}\0{status.st_size}\n".encode(errors="surrogateescape")
