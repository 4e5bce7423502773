"""The slots of a home, as the kernel uses them: known-good copies of a module version.

Owns: what a boot does about the `fallback` slot, and slot errors in the kernel's own tree. Does not
own: the files (`fallback/slot_files.py`, which safe mode shares), the proof of `make setup`
(`fallback/slot_proof.py`), when a zygote is started from a slot (`Kernel/core`).
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


def fill_slot(home: Path, name: str, source: Path) -> Slot:
    """Copy the module version of a checkout or of another slot's root into a slot.

    Atomic: killed at any instant, the slot before or the new one is there. Takes about 50 ms.

    Raises:
        ConfigError: it cannot be done; the slot that was there is as before.
    """
    with _translated():
        return slot_files.fill_slot(home, name, source)


def version_of(checkout: Path) -> str:
    """Return the version that a slot filled from this checkout would have.

    Raises:
        ConfigError: the checkout cannot be copied.
    """
    with _translated():
        return slot_files.version_of(checkout)


def ensure_fallback(home: Path, checkout: Path) -> tuple[Slot, str]:
    """Return the `fallback` slot of a home, and what had to be done for it ("": nothing).

    A slot that is sound stays as it is, however old: only `make setup` replaces it. A missing or
    damaged one is filled from the checkout's own slot, which has proved itself, else from the
    checkout as it is. So call this once the zones of the checkout are ready: code that has never
    served must not become the known-good copy.

    Raises:
        ConfigError: it cannot be filled.
    """
    why = "there was none"
    try:
        slot = find_slot(home, FALLBACK)
        if slot is not None:
            return slot, ""
    except ConfigError as error:
        why = error.message
    source, named = checkout, "the checkout"
    if home.resolve() != checkout.resolve():
        with contextlib.suppress(ConfigError):  # a damaged one is no source
            proven = find_slot(checkout, FALLBACK)
            if proven is not None:
                source, named = proven.root, "the checkout's own slot"
    return fill_slot(home, FALLBACK, source), f"filled from {named}: {why}"


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except slot_files.SlotError as error:
        raise ConfigError(error.message, error.hint) from error
