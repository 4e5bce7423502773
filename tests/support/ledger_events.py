"""What a home's ledger holds, as programs read it.

Owns: that. Does not own: the ledger (`zones/runtime/ledger_file.py`).
"""

from pathlib import Path
from typing import Any

from Kernel.contract.envelope import parse_envelope
from Kernel.contract.errors import NoLedger
from Kernel.contract.event_text import event_fields, event_line
from Kernel.contract.places import LEDGER
from zones.runtime.ledger_file import LedgerReader


def ledger_events(home: Path, kind: str = "") -> list[dict[str, Any]]:
    """Return all events in log order, or those of one kind; none while there is no ledger."""
    return [
        event_fields(position, parse_envelope(record))
        for position, record in _read(home)
        if not kind or parse_envelope(record).kind == kind
    ]


def write_inputs(home: Path, path: Path) -> Path:
    """Write the inputs in the ledger to a file, as `molt events --json` gives them."""
    found = [(position, parse_envelope(record)) for position, record in _read(home)]
    lines = [event_line(*each) + "\n" for each in found if each[1].kind == "input.applied"]
    path.write_text("".join(lines))
    return path


def _read(home: Path) -> list[tuple[int, bytes]]:
    try:
        reader = LedgerReader(home / LEDGER)
    except NoLedger:
        return []
    try:
        return list(reader.read(1))
    finally:
        reader.close()
