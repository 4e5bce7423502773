"""A real ledger of given events, with what is derived from it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from Kernel.contract.envelope import Envelope, pack_envelope
from zones.ledger.derived import Derived, Deriver
from zones.ledger.index import Index
from zones.ledger.log import Log, LogSettings
from zones.runtime.ledger_file import ArenaMark, LedgerReader, SenderMark
from zones.runtime.ledger_index import open_index
from zones.runtime.ledger_search import Search


def no_news(kind: str, **payload: Any) -> None:
    assert kind == "archive.opened", (kind, payload)


def store(
    folder: Path,
    events: Sequence[Envelope | bytes],
    marks: Sequence[SenderMark | ArenaMark] = (),
    settings: LogSettings | None = None,
) -> None:
    """Append events to the ledger of a folder."""
    records = [each if isinstance(each, bytes) else pack_envelope(each) for each in events]
    log = Log(folder, settings or LogSettings(), no_news)
    log.append(records, marks)
    log.close()


def derive(folder: Path, *tables: Derived) -> None:
    """Bring tables up to the end."""
    reader = LedgerReader(folder)
    deriver = Deriver(reader, tables, lambda: 0.0, no_news)
    while deriver.step(1.0):
        pass
    reader.close()


def index(folder: Path) -> None:
    """Bring the index up to the end."""
    table = Index(folder, no_news)
    derive(folder, table)
    table.close()


def search(folder: Path, indexed: bool = True) -> Search:
    reader = LedgerReader(folder)
    return Search(reader, open_index(folder, reader) if indexed else None)
