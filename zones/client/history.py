"""Events of a world from the ledger: its own, newest first, however many others lie between.

Owns: what a caller may ask for. Does not own: finding them (`zones/runtime/ledger_reading.py`),
writing and moving them (the archive).
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from Kernel.contract.errors import UsageError
from zones.runtime.ledger_reading import read_of_arena

NEWEST: Final = 500
NEWEST_MAX: Final = 100_000


def read_history(
    folder: Path, arena: str, kinds: str | Iterable[str] | None, newest: int
) -> list[dict[str, Any]]:
    """Return the newest events of an arena, oldest first, see `Home.history`.

    Args:
        folder: of the ledger; need not be there.

    Raises:
        UsageError: `newest` is out of its limits.
        LedgerError: the ledger cannot be read.
    """
    check_newest(newest)
    wanted = (kinds,) if isinstance(kinds, str) else None if kinds is None else tuple(kinds)
    return read_of_arena(folder, arena, wanted, newest)


def check_newest(newest: int) -> None:
    """Refuse a number of events out of its limits.

    Raises:
        UsageError: it is.
    """
    if type(newest) is not int or not 1 <= newest <= NEWEST_MAX:
        raise UsageError(f"cannot read {newest!r} events: it takes 1 to {NEWEST_MAX}")
