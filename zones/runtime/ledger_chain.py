"""The chain, followed while the ledger is read: what is not what was appended is never passed on.

Owns: holding records against their heads, holes against the gaps that are on record, a reader that
does so. Does not own: reading (`ledger_file.py`), the verdict on a whole ledger
(`zones/ledger/verify.py`).

A record fits when its head is sha256(stored head of the record before + record). So a changed bit
in a record makes that one bad and no other; one in a stored head makes two bad: its own and the
next. Of a block that was moved to a segment only the last head is stored: it is bad as a whole.
"""

from collections.abc import Callable, Iterator
from hashlib import sha256
from itertools import count
from typing import Final, NamedTuple

from Kernel.contract.errors import LedgerDamaged
from zones.runtime.ledger_blocks import Run
from zones.runtime.ledger_file import NO_HEAD, POSITION_MAX, Gap, LedgerReader, PastDamage

UNFIT: Final = "it does not fit its head"
MISSING: Final = "there is no record"
UNPROVEN: Final = "it cannot be checked: the record before it is lost"


class Fault(NamedTuple):
    """Positions whose records are not what was appended, or cannot be held against it."""

    first: int
    last: int
    why: str


class Hole(NamedTuple):
    """Positions without a record.

    Args:
        told: the gaps on record that touch it.
    """

    first: int
    last: int
    told: tuple[Gap, ...]

    @property
    def is_cut(self) -> bool:
        """Return whether all of it was cut before anything was appended behind: no loss."""
        cut = sum(gap.last - gap.first + 1 for gap in self.told if not gap.is_lost)
        return cut == self.last - self.first + 1

    def untold(self) -> Iterator[tuple[int, int]]:
        """Yield the parts that no gap says anything about."""
        place = self.first
        for gap in sorted(self.told):
            if gap.first > place:
                yield place, gap.first - 1
            place = max(place, gap.last + 1)
        if place <= self.last:
            yield place, self.last


class Chain:
    """Follows the chain over runs, ascending.

    Args:
        first: the position it begins with.
        head: stored head that the record there must fit, b"" where it is not known.
        gaps: gives the gaps on record; asked at each hole.

    Attributes:
        next: the position that is due.
    """

    def __init__(self, first: int, head: bytes, gaps: Callable[[], list[Gap]]) -> None:
        self.next = first
        self._head = head
        self._gaps = gaps

    def lose(self, last: int) -> None:
        """Go on behind what cannot be read."""
        self._head, self.next = b"", last + 1

    def take(self, run: Run) -> list[Fault | Hole]:
        """Return what is wrong with a run and what is missing before it, in order."""
        found: list[Fault | Hole] = []
        if run.first > self.next:
            found += self._cross(run)
        if run.before and self._head and run.before != self._head:
            found.append(Fault(run.first, run.first, UNFIT))
            self._head = run.before
        found += self._look_at_each(run) if run.heads else self._look_at_all(run)
        self._head, self.next = run.head, run.last + 1
        return found

    def hole(self, first: int, last: int) -> Hole:
        """Return what is known of positions without a record."""
        told = (gap for gap in self._gaps() if gap.first <= last and gap.last >= first)
        return Hole(first, last, tuple(told))

    def _look_at_each(self, run: Run) -> list[Fault]:
        before = self._head or run.before
        found = [] if before else [Fault(run.first, run.first, UNPROVEN)]
        for position, record, head in zip(count(run.first), run.records, run.heads, strict=False):
            if before and sha256(before + record).digest() != head:
                found.append(Fault(position, position, UNFIT))
            before = head
        return found

    def _look_at_all(self, run: Run) -> list[Fault]:
        if not run.before:
            return [Fault(run.first, run.last, UNPROVEN)]
        head = run.before
        for record in run.records:
            head = sha256(head + record).digest()
        return [] if head == run.head else [Fault(run.first, run.last, UNFIT)]

    def _cross(self, run: Run) -> list[Hole]:
        """Judge positions without a record: cut from a torn end, or lost."""
        hole = self.hole(self.next, run.first - 1)
        if not hole.is_cut:
            head = run.heads[0] if run.heads else run.head
            fits = sha256(self._head + run.records[0]).digest() == head
            self._head = self._head if fits else run.before
        return [hole]


def head_before(reader: LedgerReader, gaps: list[Gap], first: int) -> bytes:
    """Return the stored head that the record at `first` must fit, b"" when it is lost."""
    if first <= 1:
        return NO_HEAD
    try:
        run = next(LedgerReader.runs_back(reader, 1, first - 1), None)
    except LedgerDamaged:
        return b""
    last, head = (run.last, run.head) if run else (0, NO_HEAD)
    between = first - 1 - last
    cut = sum(gap.last - gap.first + 1 for gap in gaps if last < gap.first and gap.last < first)
    is_lost = any(gap.is_lost and last < gap.last and gap.first < first for gap in gaps)
    return head if cut == between and not is_lost else b""


class CheckedReader(LedgerReader):
    """A reader that passes on only what the chain does not speak against.

    What does not fit its head, and positions without a record that no gap on record explains, are
    damage like what cannot be read at all. A record behind a loss cannot be checked and is passed
    on. Of a block in a segment that is read in part, its checksum is checked and not its head.

    Attributes:
        gaps_met: the gaps on record that lay on the way: no damage, and not to be kept silent.
    """

    def __init__(self, *arguments: object, **more: object) -> None:
        super().__init__(*arguments, **more)  # type: ignore[arg-type]
        self.gaps_met: list[Gap] = []

    def runs(
        self, first: int, last: int | None = None, past: PastDamage | None = None
    ) -> Iterator[Run]:
        """Yield what is sound, ascending; see `LedgerReader.runs`."""
        first, last = max(first, 1), POSITION_MAX if last is None else last
        chain = Chain(first, NO_HEAD if first == 1 else b"", self.gaps)
        is_first, asked = True, 0

        def lose(damage: LedgerDamaged) -> None:
            if past is None:
                raise damage
            past(damage)
            chain.lose(damage.last)

        while chain.next <= last:
            for run in super().runs(chain.next, last, lose):
                if is_first and run.first == first and not run.before:
                    chain = Chain(first, self._head_before(first), self.gaps)
                is_first = False
                yield from self._sound(run, chain.take(run), past)
            end = min(last, self.newest)
            if end < chain.next or last == POSITION_MAX:
                return
            if asked == chain.next:  # looked twice: it has not come meanwhile
                self._tell_hole(chain.hole(chain.next, end), past)
                return
            asked = chain.next

    def runs_back(self, first: int, last: int, past: PastDamage | None = None) -> Iterator[Run]:
        """Yield the same from the last run to the first; see `LedgerReader.runs_back`."""
        first, place = max(first, 1), min(last, self.newest)

        def lose(damage: LedgerDamaged) -> None:
            nonlocal place
            if past is None:
                raise damage
            past(damage)
            place = damage.position - 1

        for run in super().runs_back(first, place, lose):
            before = run.before or self._head_before(run.first)
            chain = Chain(run.first, before, self.gaps)
            if run.last < place:
                self._tell_hole(chain.hole(run.last + 1, place), past)
            place = run.first - 1
            yield from reversed([*self._sound(run, chain.take(run), past)])
        if place >= first:
            self._tell_hole(Chain(first, b"", self.gaps).hole(first, place), past)

    def _sound(self, run: Run, found: list[Fault | Hole], past: PastDamage | None) -> Iterator[Run]:
        """Yield the parts of a run that nothing speaks against."""
        if not found:
            yield run
            return
        bad: set[int] = set()
        for each in found:
            if isinstance(each, Hole):
                self._tell_hole(each, past)
            elif each.why != UNPROVEN:
                _tell(LedgerDamaged(*each), past)
                bad.update(range(each.first, each.last + 1))
        begin = run.first
        for position in (*sorted(bad), run.last + 1):
            if position > begin:
                yield _part(run, begin, position - 1)
            begin = position + 1

    def _tell_hole(self, hole: Hole, past: PastDamage | None) -> None:
        self.gaps_met += [gap for gap in hole.told if gap not in self.gaps_met]
        for first, last in hole.untold():
            _tell(LedgerDamaged(first, last, MISSING), past)

    def _head_before(self, first: int) -> bytes:
        """Return the head that a record of the log must fit: one short look where it is there."""
        if first == 1:
            return NO_HEAD
        try:
            return self.head(first - 1) or head_before(self, self.gaps(), first)
        except LedgerDamaged:
            return b""


def _tell(damage: LedgerDamaged, past: PastDamage | None) -> None:
    if past is None:
        raise damage
    past(damage)


def _part(run: Run, first: int, last: int) -> Run:
    begin, end = first - run.first, last - run.first + 1
    heads = run.heads[begin:end]
    before = run.before
    if run.heads:
        before = run.heads[begin - 1] if begin else before
    else:
        for record in run.records[:begin]:
            before = sha256(before + record).digest()
    head = run.head if last == run.last else heads[-1] if heads else b""
    return Run(first, run.records[begin:end], before, heads, head)
