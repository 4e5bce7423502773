"""What the commands of the ledger have in common: the ledger of a home, positions in it.

Owns: these. Does not own: --home and --json (`zones/runtime/command_line.py`), any command.
"""

import argparse
from pathlib import Path
from typing import Final

from zones.runtime.command_line import whole
from zones.runtime.ledger_chain import CheckedReader
from zones.runtime.ledger_file import POSITION_MAX


def ledger_folder(home: Path) -> Path:
    """Return where a home keeps its ledger."""
    return home / "data" / "ledger"


def open_ledger(options: argparse.Namespace) -> CheckedReader:
    """Open the ledger that `--home` names; what is damaged is not passed on.

    Raises:
        NoLedger: there is none.
    """
    home: Path = options.home
    return CheckedReader(ledger_folder(home))


position: Final = whole(1, POSITION_MAX)
