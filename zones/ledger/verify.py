"""Is every event of the ledger the one that was appended? The chain says so, or where it breaks.

Owns: the verdict on log and segments. Does not own: the chain (`zones/runtime/ledger_chain.py`),
reading (`ledger_file.py` there), mending (nothing is mended: see `salvage.py` for what is saved).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from Kernel.contract.errors import LedgerDamaged
from zones.runtime.ledger_chain import MISSING, Chain, Fault, Hole, head_before
from zones.runtime.ledger_file import NO_HEAD, Gap, LedgerReader

FAULTS_KEPT_MAX: Final = 1000


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
    verdict = Verdict(first)
    chain = Chain(first, head_before(reader, gaps, first), lambda: gaps)

    def lose(damage: LedgerDamaged) -> None:
        verdict.blame(damage.position, damage.last, f"{UNREADABLE}: {damage.why}")
        chain.lose(damage.last)

    for run in reader.runs(first, last, lose):
        for found in chain.take(run):
            _judge(found, verdict)
        verdict.events += len(run.records)
        verdict.last, verdict.head = run.last, run.head
        progress(run.last)
    if chain.next <= last:
        verdict.blame(chain.next, last, MISSING)
    return verdict


def _judge(found: Fault | Hole, verdict: Verdict) -> None:
    if isinstance(found, Fault):
        verdict.blame(*found)
    elif found.is_cut:
        verdict.gaps += found.told
    else:
        why = "; ".join(dict.fromkeys(gap.why for gap in found.told))
        verdict.blame(found.first, found.last, f"{MISSING}: {why}" if why else MISSING)
