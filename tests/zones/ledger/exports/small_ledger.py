"""A real ledger in a folder of a test, with the events it is told."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import apsw

from Kernel.contract.codec import pack
from Kernel.contract.envelope import Envelope, Level, pack_envelope
from tests.zones.ledger.exports.samples import START_NS, STEP_NS, event_id
from zones.ledger.log import Log, LogSettings
from zones.runtime.ledger_file import LOG, LedgerReader


def ledger_folder(home: Path) -> Path:
    return home / "data" / "ledger"


def store(home: Path, events: Iterable[Envelope], damaged: int = 0) -> LedgerReader:
    """Append events to a home's ledger and open it.

    Args:
        damaged: the so many-th of them is no event.
    """
    folder = ledger_folder(home)
    folder.mkdir(parents=True, exist_ok=True)
    log = Log(folder, LogSettings(), _no_news)
    records = [pack_envelope(each) for each in events]
    if damaged:
        records[damaged - 1] = b"\xc1 no event"
    log.append(records, [])
    log.close()
    return LedgerReader(folder)


def many(count: int, first: int = 1) -> list[Envelope]:
    """Return so many plain events: a tick each, every tenth of another kind."""
    return [
        Envelope(
            event_id(number),
            START_NS + number * STEP_NS,
            number,
            "stable",
            "telemetry" if number % 10 else "weather.read",
            1,
            Level.INFO,
            pack({"tick": number, "text": f"it's {number}"}),
        )
        for number in range(first, first + count)
    ]


def _no_news(kind: str, **payload: Any) -> None:
    assert kind == "archive.opened", (kind, payload)


def harm(home: Path, statement: str) -> None:
    """Change rows behind the log's back."""
    connection = apsw.Connection(str(ledger_folder(home) / LOG))
    connection.execute(statement)
    connection.close()
