"""The rows of lessons as the log has them now, whatever the state of their file.

Owns: choosing between the archive's file and a copy in memory, what is told about that. Does not
own: the rows (`rows.py`), what is looked for (`store.py`).

The file may be missing, damaged, of another log, or some events behind it. Then the rest is read
from the log into memory; nothing is written, so any process may do it beside the archive.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple, Protocol, TypeVar

import apsw

from Kernel.contract.envelope import parse_envelope
from Kernel.contract.errors import CodecError, LedgerError
from zones.runtime.lessons.lesson import KIND
from zones.runtime.lessons.rows import CHANGED, MUTATION, SCHEMA, VERSION, Row, write_rows
from zones.runtime.sqlite_damage import FAILED

BUSY_MS: Final = 2000
SCAN_MAX: Final = 1_000_000
"""Events of the log that are looked through for lessons that the file lacks: about a second."""

T = TypeVar("T")


class LogReader(Protocol):
    """The log as it is read here; see `zones/runtime/ledger_file.py`."""

    @property
    def newest(self) -> int:
        """The last position, 0 when there is none."""

    def read(self, first: int, last: int | None = None) -> Iterator[tuple[int, bytes]]:
        """Yield records, ascending."""

    def get(self, position: int) -> bytes | None:
        """Return one record."""


class View(NamedTuple):
    """The rows as they are seen now."""

    db: apsw.Connection
    upto: int
    is_memory: bool


class FreshRows:
    """See the module.

    Args:
        path: of the archive's file.
        log: None: the file as it is.
    """

    def __init__(self, path: Path, log: LogReader | None) -> None:
        self._path = path
        self._log = log
        self._memory: View | None = None
        self.notes: dict[str, None] = {}
        """What is not as it should be, of the last look, for people."""

    def size_bytes(self) -> int:
        """Return the size of the file, 0 when there is none."""
        try:
            return self._path.stat().st_size
        except OSError:
            return 0

    def note(self, words: str) -> None:
        """Keep what is not as it should be."""
        self.notes[words] = None

    def ask(self, look: Callable[[View], T]) -> T:
        """Look at the rows; a file that turns out to be damaged is done without."""
        self.notes.clear()
        try:
            view = self._view()
            try:
                return look(view)
            finally:
                if not view.is_memory:
                    view.db.close()
        except (*FAILED, ValueError, TypeError) as error:
            self.note(_damaged(self._path, str(error)))
        self._memory = self._fill(_new_memory())
        return look(self._memory)

    def _view(self) -> View:
        """Return the rows up to the end of the log, or as far as they go without it."""
        db = self._open_file()
        if db is None:
            self._memory = self._fill(self._memory or _new_memory())
            return self._memory
        upto, last_id = db.execute("SELECT upto, last_id FROM meta").get
        if self._log is not None and not _is_in(self._log, upto, last_id):
            self.note(f"{self._path.name} was made from another log than the one that is there")
            db.close()
            self._memory = self._fill(_new_memory())
            return self._memory
        file = View(db, upto, False)
        if self._log is None or upto == self._log.newest:
            self._memory = None
            return file
        return self._with_tail(file, self._log)

    def _with_tail(self, file: View, log: LogReader) -> View:
        """Return the file itself when the log holds no lesson behind it, else a copy with them."""
        newest = log.newest
        if self._memory is not None and self._memory.upto >= file.upto:
            file.db.close()
            self._memory = self._fill(self._memory)
            return self._memory
        rows = list(self._relevant(log, file.upto, newest))
        if not rows:
            return View(file.db, file.upto, False)
        memory = apsw.Connection(":memory:")
        with memory.backup("main", file.db, "main") as copy:
            copy.step()
        file.db.close()
        write_rows(memory, rows)
        self._memory = View(memory, newest, True)
        return self._memory

    def _fill(self, memory: View) -> View:
        """Bring rows in memory up to the end of the log."""
        if self._log is None:
            return memory
        newest = self._log.newest
        write_rows(memory.db, list(self._relevant(self._log, memory.upto, newest)))
        return View(memory.db, max(newest, memory.upto), True)

    def _relevant(self, log: LogReader, upto: int, newest: int) -> Iterator[Row]:
        first = upto + 1
        if newest - upto > SCAN_MAX:
            first = newest - SCAN_MAX + 1
            self.note(
                f"events {upto + 1} to {first - 1} were not looked through for lessons: "
                "the archive does it when it runs"
            )
        try:
            for position, record in log.read(first, newest):
                try:
                    envelope = parse_envelope(record)
                except CodecError:
                    continue  # `molt verify` says so; here it is no lesson
                kind = envelope.kind
                if kind in (KIND, CHANGED) or kind.startswith(MUTATION):
                    yield position, envelope
        except LedgerError as error:
            self.note(f"what is behind it was not looked through: {error.message}")

    def _open_file(self) -> apsw.Connection | None:
        """Open the archive's file for reading, None when it is not there or cannot be used."""
        if not self._path.exists():
            return None
        try:
            db = apsw.Connection(str(self._path), flags=apsw.SQLITE_OPEN_READONLY)
            db.set_busy_timeout(BUSY_MS)
            version = db.execute("SELECT version FROM meta").get
        except FAILED as error:
            self.note(_damaged(self._path, str(error)))
            return None
        if version == VERSION:
            return db
        db.close()
        self.note(_damaged(self._path, f"it is of version {version}, this code has {VERSION}"))
        return None


def _is_in(log: LogReader, position: int, event_id: bytes) -> bool:
    """Return whether an event stands there in the log; so does, at 0, none."""
    try:
        record = log.get(position) if position else None
        return position == 0 or (record is not None and parse_envelope(record).id == event_id)
    except (CodecError, LedgerError):
        return True  # damaged since: the file is the better witness


def _new_memory() -> View:
    db = apsw.Connection(":memory:")
    for statement in SCHEMA:
        db.execute(statement)
    return View(db, 0, True)


def _damaged(path: Path, why: str) -> str:
    return (
        f"cannot use {path.name}: {why}; the lessons are read from the log, and the archive makes "
        "it anew when it runs"
    )
