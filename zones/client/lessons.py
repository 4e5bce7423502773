"""Have we tried this before? For a program that looks at a home.

Owns: the function. Does not own: the search (`zones/runtime/lessons/store.py`).
It reads files only and needs no running kernel.
"""

from pathlib import Path

from Kernel.contract.places import LEDGER
from zones.runtime.ledger_file import LedgerReader
from zones.runtime.lessons.embeddings import choose_embedding
from zones.runtime.lessons.store import LessonsStore
from zones.runtime.lessons.tried import Tried


def tried_before(home: Path | str, question: str, limit: int = 5) -> Tried:
    """Return the nearest lessons of a home, best first, with how they ended.

    Raises:
        NoLedger: nothing was ever recorded there.
        LedgerError: the log cannot be read.
    """
    folder = Path(home) / LEDGER
    log = LedgerReader(folder)
    try:
        return LessonsStore(folder, choose_embedding(), log).tried_before(question, limit)
    finally:
        log.close()
