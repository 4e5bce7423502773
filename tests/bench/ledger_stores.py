"""Ways to make an event durable inside one process: the limit, SQLite, and molt's own log.

Owns: the event of 311 bytes, the bounded loops, what each way does. Does not own: when they take
turns (`ledger.py`), the way across processes (`ledger_bus.py`), the peers (`ledger_peers.py`).
The limit is a file whose blocks lie on the disk already, written over and over with fdatasync: no
program can be told sooner that its bytes are on this disk.
"""

import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final, Protocol, runtime_checkable

from Kernel.contract.envelope import Envelope, pack_envelope
from Kernel.contract.kinds import Story, make_event
from tests.bench.report import CannotMeasure
from zones.ledger.log import Log, LogSettings
from zones.ledger.verify import verify
from zones.runtime.ledger_file import LedgerReader, SenderMark

EVENT_BYTES: Final = 311
OUTSTANDING: Final = 1000
ZONE: Final = "archive"
"""Who sends the bench's events."""
LIMIT_FILE_BYTES: Final = 64 << 20
_TEXT: Final = ("the population of the east has fallen by a third; " * 3)[:133]
"""Fills the message, less the zone's name, so that every event has EVENT_BYTES."""
MEMORY_SYSTEMS: Final = frozenset({"tmpfs", "ramfs"})
"""A sync on these says nothing about a disk."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How many events were durable after how long."""

    events: int
    seconds: float

    @property
    def per_s(self) -> float:
        """Return events per second."""
        return self.events / self.seconds


class Store(Protocol):
    """One way to make events durable, open and ready.

    `one` makes each durable before it begins the next; `many` keeps 1000 on their way. Both stop
    at the first event that is durable once the budget is spent.
    """

    def one(self, budget_s: float) -> Pace:
        """Make events durable one at a time."""

    def many(self, budget_s: float) -> Pace:
        """Make events durable with 1000 of them outstanding."""


@runtime_checkable
class Readable(Protocol):
    """One that can read back all it holds, from its first event to its last."""

    def read_all(self) -> Pace:
        """Read everything once."""


def repeat(step: Callable[[], object], events: int, budget_s: float) -> Pace:
    """Take a step that makes `events` durable until the budget is spent."""
    done = 0
    began = time.perf_counter()
    until = began + budget_s
    while (now := time.perf_counter()) < until:
        step()
        done += events
    return Pace(done, max(now - began, 1e-9))


def make_bench_event(number: int, zone: str) -> Envelope:
    """Return event `number`, validated and redacted as every sender does; EVENT_BYTES as stored."""
    payload = {
        "agent": "watcher",
        "action": "observe",
        "message": f"{number:012d} {_TEXT[len(zone) :]}",
        "metadata": {"area": "east", "severity": "low", "window": "3000 ticks"},
    }
    story = Story(zone, time.time_ns(), tick=1_000_000, cause=bytes(16), agent="watcher")
    return make_event("feed", payload, story, os.urandom(10))


def make_records(many: int, zone: str) -> list[bytes]:
    """Return records of EVENT_BYTES each, all different.

    Raises:
        CannotMeasure: the format has changed, and the event is of another size now.
    """
    records = [pack_envelope(make_bench_event(number, zone)) for number in range(many)]
    wrong = {len(record) for record in records} - {EVENT_BYTES}
    if wrong:
        raise CannotMeasure(
            f"cannot compare: the bench's event has {wrong} bytes, not {EVENT_BYTES}"
        )
    return records


def file_system(folder: Path, mounts: str) -> str:
    """Return the type of the file system that a folder lies on.

    Args:
        mounts: the text of /proc/self/mountinfo.
    """
    best, kind = -1, "unknown"
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        place = Path(before.split()[4])
        if folder.is_relative_to(place) and len(place.parts) >= best:
            best, kind = len(place.parts), after.split()[0]
    return kind


def check_disk(folder: Path) -> str:
    """Return the file system of a folder.

    Raises:
        CannotMeasure: it is no disk.
    """
    kind = file_system(folder.resolve(), Path("/proc/self/mountinfo").read_text(encoding="utf-8"))
    if kind in MEMORY_SYSTEMS:
        raise CannotMeasure(f"cannot measure durable writing in {folder}: {kind} is no disk")
    return kind


class LimitStore:
    """A file that is all there, written over and synced.

    Args:
        path: made and filled here.
    """

    def __init__(self, path: Path, records: Sequence[bytes]) -> None:
        self._one = records[0]
        self._many = b"".join(records[:OUTSTANDING])
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        # Written and not only reserved: the first write to a reserved block changes metadata.
        for _ in range(LIMIT_FILE_BYTES >> 20):
            os.write(self._file, bytes(1 << 20))
        os.fsync(self._file)
        self._place = 0

    def one(self, budget_s: float) -> Pace:
        """Write one record, sync, go on."""
        return repeat(lambda: self._write(self._one), 1, budget_s)

    def many(self, budget_s: float) -> Pace:
        """Write 1000 records, sync, go on."""
        return repeat(lambda: self._write(self._many), OUTSTANDING, budget_s)

    def _write(self, data: bytes) -> None:
        if self._place + len(data) > LIMIT_FILE_BYTES:
            self._place = 0
        os.pwrite(self._file, data, self._place)
        os.fdatasync(self._file)
        self._place += len(data)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


class SqliteStore:
    """A plain table of SQLite in WAL mode with synchronous=FULL, by Python's own module."""

    def __init__(self, path: Path, records: Sequence[bytes]) -> None:
        self._records = records
        self._numbers = count(1)
        self._base = sqlite3.connect(path, isolation_level=None)
        self._base.execute("PRAGMA journal_mode=WAL")
        self._base.execute("PRAGMA synchronous=FULL")
        self._base.execute("CREATE TABLE log (position INTEGER PRIMARY KEY, record BLOB)")

    def one(self, budget_s: float) -> Pace:
        """Insert one row a transaction."""
        record = self._records[0]
        return repeat(lambda: self._insert([record]), 1, budget_s)

    def many(self, budget_s: float) -> Pace:
        """Insert 1000 rows a transaction."""
        records = self._records[:OUTSTANDING]
        return repeat(lambda: self._insert(records), OUTSTANDING, budget_s)

    def _insert(self, records: Sequence[bytes]) -> None:
        self._base.execute("BEGIN IMMEDIATE")
        self._base.executemany(
            "INSERT INTO log VALUES (?, ?)", zip(self._numbers, records, strict=False)
        )
        self._base.execute("COMMIT")

    def read_all(self) -> Pace:
        """Read every row there is."""
        began = time.perf_counter()
        rows = sum(1 for _ in self._base.execute("SELECT * FROM log ORDER BY position"))
        return Pace(rows, time.perf_counter() - began)

    def close(self) -> None:
        """Close the database."""
        self._base.close()


class LogStore:
    """molt's log: chained, each batch with the mark of its sender, as the archive appends it."""

    def __init__(self, folder: Path, records: Sequence[bytes]) -> None:
        self._records = records
        self._numbers = 0
        self._log = Log(folder, LogSettings(), tell=ignore)
        self.folder = folder

    def one(self, budget_s: float) -> Pace:
        """Append one record."""
        record = self._records[:1]
        return repeat(lambda: self._append(record), 1, budget_s)

    def many(self, budget_s: float) -> Pace:
        """Append 1000 records."""
        records = self._records[:OUTSTANDING]
        return repeat(lambda: self._append(records), OUTSTANDING, budget_s)

    def _append(self, records: Sequence[bytes]) -> None:
        self._numbers += len(records)
        self._log.append(records, [SenderMark(ZONE, bytes(8), self._numbers)])

    def read_all(self) -> Pace:
        """Read every record there is, its chain verified as `molt verify` does.

        Raises:
            CannotMeasure: the log is not sound.
        """
        with closing(LedgerReader(self.folder)) as reader:
            began = time.perf_counter()
            verdict = verify(reader)
            seconds = time.perf_counter() - began
        if not verdict.ok or verdict.events != self._numbers:
            raise CannotMeasure(f"cannot measure replay: {verdict.fields()}")
        return Pace(verdict.events, seconds)

    def close(self) -> None:
        """Close the log."""
        self._log.close()


def ignore(kind: str, **payload: object) -> None:
    """Take an event about the log; a bench has no use for it."""


@contextmanager
def open_log(folder: Path, records: Sequence[bytes]) -> Iterator[LogStore]:
    """Give molt's log in a folder."""
    with closing(LogStore(folder / "log", records)) as store:
        yield store


@contextmanager
def open_limit(folder: Path, records: Sequence[bytes]) -> Iterator[LimitStore]:
    """Give the limit in a folder."""
    with closing(LimitStore(folder / "limit.bin", records)) as store:
        yield store


@contextmanager
def open_sqlite(folder: Path, records: Sequence[bytes]) -> Iterator[SqliteStore]:
    """Give plain SQLite in a folder."""
    with closing(SqliteStore(folder / "plain.sqlite3", records)) as store:
        yield store
