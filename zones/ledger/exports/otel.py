"""The derived table "spans": OpenTelemetry spans in a file, and to a collector if there is one.

Owns: that each span is written once, whatever is killed when. Does not own: which spans
(`spans.py`), their form (`otlp_json.py`), the file (`span_file.py`), sending them (`otlp.py`).

Lines are written first, then one transaction says how long the file is, which cycles are open and
up to which event this is so; a file that is longer than that at the next start is cut. Nothing here
writes on a terminal.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

import apsw
import msgspec

from Kernel.contract.envelope import parse_envelope
from Kernel.contract.errors import CodecError, LedgerError, what_helps
from Kernel.contract.messages import Degraded
from zones.ledger.derived import Row
from zones.ledger.derived_file import DerivedFile
from zones.ledger.exports.otlp_json import request_line
from zones.ledger.exports.span_file import SpanFile
from zones.ledger.exports.spans import Span, SpanMaker
from zones.runtime.ledger_file import LedgerReader
from zones.runtime.ledger_index import LedgerIndex, open_index

FILE: Final = "spans.sqlite3"
VERSION: Final = 2
SPANS_A_LINE: Final = 256
TOLD_MAX: Final = 100_000
"""Causes of which it is kept that their span is written, 5 MB; when one that was told before these
has an effect again, its span comes once more."""
_SCHEMA: Final = (
    "CREATE TABLE state (one INTEGER PRIMARY KEY CHECK (one = 1), size INTEGER NOT NULL, "
    "cycles BLOB NOT NULL) STRICT",
    "CREATE TABLE told (id INTEGER PRIMARY KEY, event BLOB NOT NULL UNIQUE) STRICT",
)
_PACK: Final = msgspec.msgpack.Encoder().encode
_UNPACK: Final = msgspec.msgpack.Decoder(dict[str, Span]).decode


class Sender(Protocol):
    """Sends spans to a collector; see `otlp.py`."""

    def offer(self, spans: Sequence[Span]) -> None:
        """Take spans without waiting."""

    def facts(self) -> dict[str, Any]:
        """Return plain data."""

    def degraded(self) -> tuple[Degraded, ...]:
        """Return what does not work."""

    def close(self) -> None:
        """Send what is left, if that is soon done."""


class SpanTable:
    """The table.

    Args:
        ledger: HOME/data/ledger.
        logs: HOME/log.
        open_sender: called when the files are open; None: spans go to the file only.

    Raises:
        LedgerError: a file cannot be opened.
    """

    name = "spans"

    def __init__(
        self,
        ledger: Path,
        logs: Path,
        open_sender: Callable[[], Sender] | None,
        tell: Callable[..., None],
    ) -> None:
        self._file = DerivedFile(ledger / FILE, VERSION, _SCHEMA, tell)
        self._finder = _Finder(ledger)
        self._sender: Sender | None = None
        self._written = 0
        try:
            self._spans = SpanFile(logs)
            self._maker = self._reload()
        except OSError as error:
            self._file.close()
            raise _cannot(logs, error) from error
        if open_sender is not None:
            self._sender = open_sender()

    @property
    def upto(self) -> int:
        """The last position whose spans are written."""
        return self._file.upto

    @property
    def last_id(self) -> bytes:
        """Id of the event there."""
        return self._file.last_id

    def take(self, rows: Sequence[Row]) -> None:
        """Write the spans that are over with these events.

        Raises:
            LedgerError: it could not be written; nothing of it is.
        """
        try:
            self._turn_over()
            made = self._maker.take(rows)
            size = self._spans.size_bytes()
            for first in range(0, len(made), SPANS_A_LINE):
                size = self._spans.append(request_line(made[first : first + SPANS_A_LINE]))
            cycles, told = _PACK(self._maker.cycles), self._maker.told
            self._file.take(rows, lambda db: _save(db, size, cycles, told))
        except (LedgerError, OSError) as error:
            self._maker = self._reload()
            if isinstance(error, OSError):
                raise _cannot(self._spans.path, error) from error
            raise
        if self._file.upto != rows[-1][0]:  # it was damaged, and begun anew
            self._maker = self._reload()
            return
        self._written += len(made)
        if self._sender is not None and made:
            self._sender.offer(made)

    def rebuild(self) -> None:
        """Begin again; spans that are in the file stay there, and come once more."""
        self._file.rebuild()
        self._maker = self._reload()

    def facts(self) -> dict[str, Any]:
        """Return how many spans were written, and what the sender says."""
        told: dict[str, Any] = {"written": self._written, "open": len(self._maker.cycles)}
        return told | (self._sender.facts() if self._sender is not None else {})

    def degraded(self) -> tuple[Degraded, ...]:
        """Return what of the sending does not work."""
        return self._sender.degraded() if self._sender is not None else ()

    def close(self) -> None:
        """Close all."""
        if self._sender is not None:
            self._sender.close()
        self._finder.close()
        self._file.close()

    def _turn_over(self) -> None:
        """Begin a new file, and say so before anything is written to it."""
        if self._spans.turn_over():
            self._save(0)

    def _save(self, size: int) -> None:
        try:
            with self._file.connection() as db:
                _save(db, size, _PACK(self._maker.cycles))
        except apsw.Error as error:
            raise LedgerError(f"cannot write {self._file.path}: {error}") from error

    def _reload(self) -> SpanMaker:
        """Go back to where the last transaction stood."""
        rows = list(self._file.connection().execute("SELECT size, cycles FROM state"))
        if not rows:
            self._maker = SpanMaker(self._finder.find, was_told=self._was_told)
            self._save(self._spans.size_bytes())
            return self._maker
        size, cycles = rows[0]
        self._spans.cut(size)
        return SpanMaker(self._finder.find, _UNPACK(cycles), self._was_told)

    def _was_told(self, event_id: bytes) -> bool:
        query = "SELECT 1 FROM told WHERE event = ?"
        try:
            return bool(self._file.connection().execute(query, (event_id,)).get)
        except apsw.Error:  # the write that follows meets it, too, and says what is to be done
            return False


def _save(db: apsw.Connection, size: int, cycles: bytes, told: Sequence[bytes] = ()) -> None:
    db.execute("REPLACE INTO state VALUES (1, ?, ?)", (size, cycles))
    if told:
        query = "INSERT OR IGNORE INTO told (event) VALUES (?)"
        db.executemany(query, [(each,) for each in told])
        db.execute("DELETE FROM told WHERE id <= (SELECT max(id) FROM told) - ?", (TOLD_MAX,))


def _cannot(path: Path, error: OSError) -> LedgerError:
    return LedgerError(f"cannot write {path}: {error.strerror}", what_helps(error, path.parent))


class _Finder:
    """Finds an event by its id: by the index or not at all, reading the log would take long."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._reader: LedgerReader | None = None
        self._index: LedgerIndex | None = None

    def find(self, event_id: bytes) -> Row | None:
        """Return the event, None where it is not found."""
        try:
            if self._reader is None:
                self._reader = LedgerReader(self._folder)
            found = self._look(self._reader, event_id)
            if found is None:  # an index that is open says no more than when it was opened
                self._close_index()
                found = self._look(self._reader, event_id)
        except (LedgerError, CodecError):
            self.close()
            return None
        return found

    def _look(self, reader: LedgerReader, event_id: bytes) -> Row | None:
        if self._index is None:
            self._index = open_index(self._folder, reader)
        if self._index is None:
            return None
        for position in self._index.find_id(event_id.hex(), 1):
            record = reader.get(position)
            if record is not None:
                return position, parse_envelope(record)
        return None

    def _close_index(self) -> None:
        if self._index is not None:
            self._index.close()
        self._index = None

    def close(self) -> None:
        """Close both."""
        self._close_index()
        if self._reader is not None:
            self._reader.close()
        self._reader = None
