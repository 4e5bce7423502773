"""The end of the log, checked whenever it is opened: torn, changed, missing, or good.

Owns: the check of the chain there, cutting a torn end, noting a hole. Does not own: the rest of the
log (`verify.py`), what SQLite calls malformed (`salvage.py`).
"""

from collections.abc import Iterator
from hashlib import sha256
from typing import Final, NamedTuple

import apsw

from zones.ledger.carve import Row
from zones.ledger.telling import STEP_ROWS, TOLD_MAX, Pulse, Tell, unwatched
from zones.runtime.ledger_chain import UNFIT, UNPROVEN
from zones.runtime.ledger_file import HEAD_BYTES, NO_HEAD, Gap

TAIL_RECORDS: Final = 10_000
TAIL_BYTES: Final = 8 * 1024 * 1024
"""So much of the end is checked when the log is opened; `molt verify` checks all."""
TORN: Final = "the end of the log was torn"
HOLE: Final = "the log was damaged and these are missing"


def check_tail(
    connection: apsw.Connection, given: int, tell: Tell, pulse: Pulse = unwatched
) -> int:
    """Check the chain at the end of the log.

    What does not fit and has nothing good behind it is cut into the table `cut`. What does not fit
    and is followed by good records is named and stays. Positions that are missing are noted.

    Args:
        given: no position above it was ever given; 0: that is not known.

    Returns:
        How many records were checked.

    Raises:
        apsw.CorruptError: a row is none of a log.
    """
    tail = _look(connection, given, pulse)
    first = tail.end
    while first in tail.bad:
        first -= 1
    if first < tail.end:
        cut_tail(connection, first + 1, tail.end)
        tell("archive.tail_cut", first=first + 1, last=tail.end, why=f"{TORN}: {UNFIT}")
    for position in sorted(position for position in tail.bad if position <= first)[:TOLD_MAX]:
        tell("archive.damaged", position=position, why=UNFIT)
    for hole in tail.holes[:TOLD_MAX]:
        connection.execute("REPLACE INTO gaps VALUES (?, ?, ?, ?)", hole)
        tell("archive.gap", first=hole.first, last=hole.last, why=hole.why)
        tell("archive.damaged", position=hole.last + 1, why=UNPROVEN)
    return tail.checked


def cut_tail(connection: apsw.Connection, first: int, last: int) -> None:
    """Move the rows of a torn end into the table `cut`; their positions are not given again."""
    with connection:
        connection.execute(
            "INSERT INTO cut (position, head, record) "
            "SELECT position, head, record FROM records WHERE position BETWEEN ?1 AND ?2",
            (first, last),
        )
        connection.execute("DELETE FROM records WHERE position BETWEEN ? AND ?", (first, last))
        connection.execute("REPLACE INTO gaps VALUES (?, ?, ?, 0)", (first, last, TORN))


class _Tail(NamedTuple):
    end: int
    checked: int
    bad: set[int]
    holes: list[Gap]


def _look(connection: apsw.Connection, given: int, pulse: Pulse) -> _Tail:
    tail = _Tail(0, 0, set(), [])
    gaps = [Gap(*row) for row in connection.execute("SELECT * FROM gaps")]
    size = 0
    after: Row | None = None
    for row in _rows_back(connection):
        if after is None:
            if given and row.position > given:
                raise apsw.CorruptError(f"position {row.position} was never given")
            tail = tail._replace(end=row.position)
        elif row.position >= after.position:
            raise apsw.CorruptError(f"position {row.position} comes before {after.position}")
        else:
            _compare(row.position, row.head, after, gaps, tail)
            tail = tail._replace(checked=tail.checked + 1)
        after = row
        size += len(row.record)
        if tail.checked % STEP_ROWS == 0:
            pulse()
        if tail.checked >= TAIL_RECORDS or size >= TAIL_BYTES:
            return tail
    if after is not None and after.position == 1:
        _compare(0, NO_HEAD, after, gaps, tail)
        tail = tail._replace(checked=tail.checked + 1)
    return tail


def _rows_back(connection: apsw.Connection) -> Iterator[Row]:
    query = "SELECT position, head, record FROM records ORDER BY position DESC"
    for position, head, record in connection.execute(query):
        if not (isinstance(head, bytes) and isinstance(record, bytes) and len(head) == HEAD_BYTES):
            raise apsw.CorruptError(f"row {position} is no record")
        yield Row(position, head, record)


def _compare(position: int, head: bytes, after: Row, gaps: list[Gap], tail: _Tail) -> None:
    """Note what is wrong between a record and the next one."""
    first, last = position + 1, after.position - 1
    told = [gap for gap in gaps if gap.first <= last and gap.last >= first]
    covered = sum(min(gap.last, last) - max(gap.first, first) + 1 for gap in told)
    if covered < last - first + 1:
        tail.holes.append(Gap(first, last, HOLE, True))
    elif any(gap.is_lost for gap in told):
        return
    elif sha256(head + after.record).digest() != after.head:
        tail.bad.add(after.position)
