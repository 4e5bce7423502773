"""What is made from the log and can be made again: index, relations, lessons, spans.

Owns: what such a table must offer, and driving all of them in small steps. Does not own: what each
holds, its file (`derived_file.py`), the log, and when there is time for a step (the archive).

Each keeps, in one transaction with what it made, up to which position it has read. So a kill costs
nothing, and a derived table that is missing, damaged or ahead of a log whose tail was cut is
emptied and made anew. Every record is parsed once for all that stand at the same position.
Model: Kafka Streams' state stores with their changelog offsets; Marten's async daemon.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Final, Protocol, runtime_checkable

from Kernel.contract.codec import pack
from Kernel.contract.envelope import Envelope, Level, arena_event_id, parse_envelope
from Kernel.contract.errors import CodecError, LedgerError

BATCH: Final = 2048
"""Records read, parsed and taken at once at most."""
BATCH_MIN: Final = 32
"""And at least. In between as many as fit the budget, by what the last ones took: whoever sends an
event meanwhile waits for the end of a batch."""
RETRY_S: Final = 5.0
"""How long one that could not be written is left alone."""
UNREADABLE: Final = "archive.damaged"

Row = tuple[int, Envelope]


class Source(Protocol):
    """The log as it is read here; see `zones/runtime/ledger_file.py`."""

    @property
    def newest(self) -> int:
        """The last position, 0 when there is none."""

    def read(self, first: int, last: int | None = None) -> Iterator[tuple[int, bytes]]:
        """Yield records, ascending."""


class Derived(Protocol):
    """A table made from the log."""

    name: str

    @property
    def upto(self) -> int:
        """The last position taken, durable with what was made of it; 0 for none."""

    def take(self, rows: Sequence[Row]) -> None:
        """Take events in one transaction and move `upto` to the last of them.

        Args:
            rows: ascending, all behind `upto`, at least one.

        Raises:
            LedgerError: it cannot be written now; nothing of these was taken.
        """

    def rebuild(self) -> None:
        """Empty it: `upto` is 0 then.

        Raises:
            LedgerError: it cannot be written now.
        """


@runtime_checkable
class Anchored(Protocol):
    """A derived table that knows which event it took last, so that a log of another past shows."""

    @property
    def last_id(self) -> bytes:
        """Id of the event at `upto`, b"" when that is 0."""


@runtime_checkable
class Unhurried(Protocol):
    """A derived table with work that may take long and can wait, such as vectors of lessons."""

    name: str

    def go_on(self, budget_s: float) -> bool:
        """Work for about so long.

        Returns:
            True: there is more to do.

        Raises:
            LedgerError: it cannot be written now.
        """


class Deriver:
    """Brings all derived tables up to the end of the log, a little at a time.

    Args:
        now_s: monotonic seconds.
        tell: called with the name of an event and its values, for people.
    """

    def __init__(
        self,
        source: Source,
        tables: Sequence[Derived],
        now_s: Callable[[], float],
        tell: Callable[..., None],
    ) -> None:
        self._source = source
        self._tables = tuple(tables)
        self._now_s = now_s
        self._tell = tell
        self._checked: set[str] = set()
        self._held_until_s: dict[str, float] = {}
        self._held_why: dict[str, str] = {}
        self._batch = BATCH_MIN
        self._has_late_work = any(isinstance(table, Unhurried) for table in tables)

    def step(self, budget_s: float) -> bool:
        """Go on for about so long; at least one batch is taken when there is one.

        Returns:
            True: there is more to do now.

        Raises:
            LedgerError: the log itself cannot be read.
        """
        end_s = self._now_s() + budget_s
        while True:
            began_s = self._now_s()
            more = self._take_batch()
            took_s = self._now_s() - began_s
            if more:
                fits = self._batch * budget_s / took_s if took_s > 0.0 else BATCH
                self._batch = int(min(max(fits, BATCH_MIN), 2 * self._batch, BATCH))
            left_s = end_s - self._now_s()
            if left_s <= 0.0:
                return more or self._has_late_work
            if not more:
                return self._go_on(left_s)

    def behind(self) -> dict[str, int]:
        """Return for each table how many events it has not taken yet."""
        newest = self._source.newest
        return {table.name: max(newest - table.upto, 0) for table in self._tables}

    def held(self) -> dict[str, str]:
        """Return the tables that could not be written last time, each with why."""
        return dict(self._held_why)

    def _take_batch(self) -> bool:
        newest = self._source.newest
        waiting = [table for table in self._tables if self._is_due(table, newest)]
        if not waiting:
            return False
        # Those that are farthest behind come first, so that all meet and go on together.
        start = min(table.upto for table in waiting)
        there = [table for table in waiting if table.upto == start]
        last = min([newest, *(table.upto for table in waiting if table.upto > start)])
        # By count and not by number: positions may be missing where a damaged log was salvaged.
        records = islice(self._source.read(start + 1, last), self._batch)
        rows = [read_row(*record) for record in records]
        if not rows:
            return False
        for table in there:
            self._give(table, rows)
        return any(self._is_due(table, newest) for table in self._tables)

    def _go_on(self, budget_s: float) -> bool:
        """Let the tables do what can wait: only once all of the log is taken."""
        self._has_late_work = False
        for table in self._tables:
            if not isinstance(table, Unhurried) or self._is_held(table.name):
                continue
            try:
                self._has_late_work |= table.go_on(budget_s)
            except LedgerError as error:
                self._hold(table.name, error)
            else:
                self._release(table.name)
        return self._has_late_work

    def _is_held(self, name: str) -> bool:
        return self._held_until_s.get(name, self._now_s()) > self._now_s()

    def _is_due(self, table: Derived, newest: int) -> bool:
        if self._is_held(table.name):
            return False
        if table.name not in self._checked and not self._check(table, newest):
            return False
        return table.upto < newest

    def _check(self, table: Derived, newest: int) -> bool:
        """Empty a table that was made from another log, or from a tail that was cut since."""
        upto = table.upto
        if upto > newest:
            why = f"it holds events up to {upto}, the log ends at {newest}"
        elif upto and isinstance(table, Anchored) and self._id_at(upto) != table.last_id:
            why = f"event {upto} of the log is another one than it has taken"
        else:
            why = ""
        if why:
            self._tell("archive.derived_rebuilt", what=table.name, why=why)
            try:
                table.rebuild()
            except LedgerError as error:
                self._hold(table.name, error)
                return False
        self._checked.add(table.name)
        return True

    def _id_at(self, position: int) -> bytes:
        for record in self._source.read(position, position):
            return read_row(*record)[1].id
        return b""

    def _give(self, table: Derived, rows: Sequence[Row]) -> None:
        try:
            table.take(rows)
        except LedgerError as error:
            self._hold(table.name, error)
        else:
            self._release(table.name)
            self._has_late_work = self._has_late_work or isinstance(table, Unhurried)

    def _hold(self, name: str, error: LedgerError) -> None:
        if name not in self._held_until_s:
            self._tell("archive.derived_waits", what=name, why=error.message)
        self._held_until_s[name] = self._now_s() + RETRY_S
        self._held_why[name] = error.message

    def _release(self, name: str) -> None:
        self._held_until_s.pop(name, None)
        self._held_why.pop(name, None)


def read_row(position: int, record: bytes) -> Row:
    """Return the event of a record; one that cannot be read becomes one that says so.

    Reading goes on: what is behind a damaged record is worth as much as what is before it.
    """
    try:
        return position, parse_envelope(record)
    except CodecError as error:
        return position, _unreadable(position, error.message)


def _unreadable(position: int, why: str) -> Envelope:
    return Envelope(
        id=arena_event_id(bytes(16), position),
        time_ns=0,
        tick=None,
        zone="archive",
        kind=UNREADABLE,
        version=1,
        level=Level.ERROR,
        payload=pack({"position": position, "why": why}),
    )
