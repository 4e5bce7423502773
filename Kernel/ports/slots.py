"""The slots of a home, as the kernel uses them: known-good copies of a module version.

Owns: slot errors in the kernel's own tree. Does not own: filling one in time (`slot_filler.py`),
the files (`fallback/slot_files.py`, shared with safe mode), their proof (`fallback/slot_proof.py`),
when a zygote is started from a slot (`Kernel/core`).
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from fallback import slot_files
from fallback.slot_files import Slot
from Kernel.contract.errors import ConfigError

FALLBACK = "fallback"


def find_slot(home: Path, name: str) -> Slot | None:
    """Return a slot every byte of which is as its list says; None when there is none.

    Raises:
        ConfigError: it is damaged: says which file, and what helps.
    """
    with _translated():
        return slot_files.find_slot(home, name)


def find_factory(home: Path) -> Slot | None:
    """Return the proven copy of the checkout, whatever a bundle has brought since; None for none.

    Raises:
        ConfigError: it is damaged: says which file, and what helps.
    """
    with _translated():
        return slot_files.find_filled(home, FALLBACK)


def fill_slot(home: Path, name: str, source: Path) -> Slot:
    """Copy the module version of a checkout or of another slot's root into a slot.

    Atomic: killed at any instant, the slot before or the new one is there. Takes about 50 ms.

    Raises:
        ConfigError: it cannot be done; the slot that was there is as before.
    """
    with _translated():
        return slot_files.fill_slot(home, name, source)


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except slot_files.SlotError as error:
        raise ConfigError(error.message, error.hint) from error
