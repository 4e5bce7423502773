"""Is every event of the ledger the one that was appended? The chain says so, or where it breaks.

Owns: walking the chain across log and segments, naming what does not fit. Does not own: reading
(`zones/runtime/ledger_file.py`), mending (nothing is mended: see `salvage.py` for what is saved).

A record fits when its head is sha256(stored head of the record before + record). So a changed bit
in a record makes that one bad and no other; one in a stored head makes two bad: its own and the
next.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import count
from typing import Any, Final

from Kernel.contract.errors import LedgerDamaged
from zones.runtime.ledger_blocks import Run
from zones.runtime.ledger_file import NO_HEAD, Gap, LedgerReader

FAULTS_KEPT_MAX: Final = 1000


@dataclass(frozen=True, slots=True)
class Fault:
    """Positions whose records are not what was appended, or not there."""

    first: int
    last: int
    why: str


@dataclass(slots=True)
class Verdict:
    """What was found.

    Args:
        first: the position it began with.
        events: how many records were read.
        last: position of the last one, 0 when there was none.
        head: its head.
        faults: in order; those beyond FAULTS_KEPT_MAX are only counted.
        gaps: positions without a record that are no fault: they were cut from a torn end before
            anything was appended behind them, and the chain goes on across them.
    """

    first: int
    events: int = 0
    last: int = 0
    head: bytes = NO_HEAD
    faults: list[Fault] = field(default_factory=list)
    faults_count: int = 0
    gaps: list[Gap] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Return whether every event is the one that was appended."""
        return not self.faults

    @property
    def first_bad(self) -> int | None:
        """Return the first position that is not, None when all are."""
        return self.faults[0].first if self.faults else None

    def blame(self, first: int, last: int, why: str) -> None:
        """Note a fault; one that goes on where the last one ended is part of it."""
        newest = self.faults[-1] if self.faults else None
        if newest and newest.why == why and newest.last + 1 == first:
            self.faults[-1] = Fault(newest.first, last, why)
            return
        self.faults_count += 1
        if len(self.faults) < FAULTS_KEPT_MAX:
            self.faults.append(Fault(first, last, why))

    def fields(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "events": self.events,
            "first": self.first,
            "last": self.last,
            "head": self.head.hex(),
            "ok": self.ok,
            "first_bad": self.first_bad,
            "faults": [
                {"first": fault.first, "last": fault.last, "why": fault.why}
                for fault in self.faults
            ],
            "faults_count": self.faults_count,
            "gaps": [gap._asdict() for gap in self.gaps],
        }


UNREADABLE: Final = "it cannot be read"
UNFIT: Final = "it does not fit its head"
MISSING: Final = "there is no record"
UNPROVEN: Final = "it cannot be checked: the record before it is lost"


def verify(
    reader: LedgerReader,
    first: int = 1,
    last: int | None = None,
    progress: Callable[[int], None] = lambda position: None,
) -> Verdict:
    """Walk the chain from `first` to `last` (None: the newest); goes on behind each fault.

    Args:
        progress: told the position that was reached, every few hundred records.
    """
    last = reader.newest if last is None else min(last, reader.newest)
    gaps = reader.gaps()
    walk = _Walk(Verdict(first), gaps, _head_before(reader, gaps, first))
    for run in reader.runs(first, last, walk.on_damage):
        walk.take(run)
        progress(run.last)
    walk.end(last)
    return walk.verdict


class _Walk:
    """One walk: the verdict so far, and the stored head the next record must fit, b"" if lost."""

    def __init__(self, verdict: Verdict, gaps: list[Gap], head: bytes) -> None:
        self.verdict = verdict
        self._gaps = gaps
        self._head = head
        self._next = verdict.first

    def on_damage(self, damage: LedgerDamaged) -> None:
        """Note what cannot be read."""
        self.verdict.blame(damage.position, damage.last, f"{UNREADABLE}: {damage.why}")
        self._head = b""
        self._next = damage.last + 1

    def take(self, run: Run) -> None:
        """Look at records that were read."""
        verdict = self.verdict
        if run.first > self._next:
            self._cross(run)
        if run.before and self._head and run.before != self._head:
            verdict.blame(run.first, run.first, UNFIT)
            self._head = run.before
        if run.heads:
            self._look_at_each(run)
        else:
            self._look_at_all(run)
        verdict.events += len(run.records)
        verdict.last, verdict.head = run.last, run.head
        self._head, self._next = run.head, run.last + 1

    def end(self, last: int) -> None:
        """Note what is missing at the end."""
        if self._next <= last:
            self.verdict.blame(self._next, last, MISSING)

    def _look_at_each(self, run: Run) -> None:
        before = self._head or run.before
        if not before:
            self.verdict.blame(run.first, run.first, UNPROVEN)
        for position, record, head in zip(count(run.first), run.records, run.heads, strict=False):
            if before and sha256(before + record).digest() != head:
                self.verdict.blame(position, position, UNFIT)
            before = head

    def _look_at_all(self, run: Run) -> None:
        if not run.before:
            self.verdict.blame(run.first, run.last, UNPROVEN)
            return
        head = run.before
        for record in run.records:
            head = sha256(head + record).digest()
        if head != run.head:
            self.verdict.blame(run.first, run.last, UNFIT)

    def _cross(self, run: Run) -> None:
        """Judge positions without a record: cut from a torn end, or lost."""
        first, last = self._next, run.first - 1
        told = [gap for gap in self._gaps if gap.first <= last and gap.last >= first]
        cut = sum(gap.last - gap.first + 1 for gap in told if not gap.is_lost)
        if cut == last - first + 1:
            self.verdict.gaps += told
            return
        why = "; ".join(dict.fromkeys(gap.why for gap in told))
        self.verdict.blame(first, last, f"{MISSING}: {why}" if why else MISSING)
        head = run.heads[0] if run.heads else run.head
        fits = sha256(self._head + run.records[0]).digest() == head
        self._head = self._head if fits else run.before


def _head_before(reader: LedgerReader, gaps: list[Gap], first: int) -> bytes:
    """Return the stored head that the record at `first` must fit, b"" when it is lost."""
    if first <= 1:
        return NO_HEAD
    try:
        run = next(reader.runs_back(1, first - 1), None)
    except LedgerDamaged:
        return b""
    last, head = (run.last, run.head) if run else (0, NO_HEAD)
    between = first - 1 - last
    cut = sum(gap.last - gap.first + 1 for gap in gaps if last < gap.first and gap.last < first)
    is_lost = any(gap.is_lost and last < gap.last and gap.first < first for gap in gaps)
    return head if cut == between and not is_lost else b""
