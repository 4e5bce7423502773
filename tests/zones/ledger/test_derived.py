"""Derived tables are brought up to the log's end in small steps, and made anew when they differ."""

from collections.abc import Sequence

import pytest

from Kernel.contract.errors import LedgerError
from tests.zones.ledger.paper_ledger import PaperLedger, event_id, make
from zones.ledger import derived
from zones.ledger.derived import Deriver, Row


class Listed:
    """A derived table that keeps what it was given."""

    def __init__(self, name: str = "listed") -> None:
        self.name = name
        self.rows: list[Row] = []
        self.broken = ""

    @property
    def upto(self) -> int:
        return self.rows[-1][0] if self.rows else 0

    @property
    def last_id(self) -> bytes:
        return self.rows[-1][1].id if self.rows else b""

    def take(self, rows: Sequence[Row]) -> None:
        assert rows[0][0] > self.upto
        if self.broken:
            raise LedgerError(self.broken)
        self.rows += rows

    def rebuild(self) -> None:
        self.rows.clear()


class Slow(Listed):
    """A derived table with work that can wait."""

    def __init__(self) -> None:
        super().__init__("slow")
        self.left = 3
        self.when: list[int] = []

    def go_on(self, budget_s: float) -> bool:
        assert budget_s > 0
        if self.broken:
            raise LedgerError(self.broken)
        self.left -= 1
        self.when.append(self.upto)
        return self.left > 0


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        self.now_s += 0.001
        return self.now_s


class Teller:
    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    def __call__(self, event: str, *, what: str, why: str) -> None:
        self.told.append((event, what))


@pytest.fixture
def teller() -> Teller:
    return Teller()


def run(deriver: Deriver, steps_max: int = 1000) -> None:
    for _ in range(steps_max):
        if not deriver.step(0.0):
            return
    raise AssertionError("it never came to the end")


def test_all_tables_come_to_the_end_and_each_event_is_given_once(teller: Teller) -> None:
    """Tables that begin at different positions meet and go on together."""
    ledger = PaperLedger([make(n) for n in range(1, 51)])
    ahead, behind = Listed("ahead"), Listed("behind")
    ahead.take([(n, make(n)) for n in range(1, 31)])
    deriver = Deriver(ledger, (ahead, behind), Clock(), teller)
    assert deriver.behind() == {"ahead": 20, "behind": 50}
    run(deriver)
    for table in (ahead, behind):
        assert [position for position, _ in table.rows] == list(range(1, 51))
    ledger.add(make(51))
    run(deriver)
    assert ahead.upto == behind.upto == 51
    assert not teller.told


def test_a_step_takes_little(teller: Teller, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step without time left takes one batch and says that there is more."""
    monkeypatch.setattr(derived, "BATCH_MIN", 10)
    table = Listed()
    deriver = Deriver(PaperLedger([make(n) for n in range(1, 31)]), (table,), Clock(), teller)
    assert deriver.step(0.0)
    assert table.upto == 10
    assert not deriver.step(5.0)
    assert table.upto == 30


def test_missing_positions_are_passed(teller: Teller, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hole of a salvaged log, wider than a batch, does not stop anything."""
    monkeypatch.setattr(derived, "BATCH_MIN", 4)
    ledger = PaperLedger([make(n) for n in range(1, 31)])
    for position in range(5, 25):
        del ledger.records[position]
    table = Listed()
    run(Deriver(ledger, (table,), Clock(), teller))
    assert [position for position, _ in table.rows] == [*range(1, 5), *range(25, 31)]


def test_a_record_that_cannot_be_read_is_told_in_its_place(teller: Teller) -> None:
    """Garbage becomes an event of kind archive.damaged, and what follows is taken, too."""
    table = Listed()
    run(Deriver(PaperLedger([make(1), b"\xc1", make(3)]), (table,), Clock(), teller))
    assert [event.kind for _, event in table.rows] == ["telemetry", "archive.damaged", "telemetry"]
    assert table.rows[1][1].payload_fields()["position"] == 2


@pytest.mark.parametrize("cut", [True, False])
def test_a_table_of_another_past_is_made_anew(teller: Teller, cut: bool) -> None:
    """One that is ahead of the log, or took another event at its last position, is emptied."""
    table = Listed()
    table.take([(n, make(n + 100)) for n in range(1, 11)])
    ledger = PaperLedger([make(n) for n in range(1, 6 if cut else 21)])
    run(Deriver(ledger, (table,), Clock(), teller))
    assert [event.id for _, event in table.rows] == [event_id(n) for n in ledger.records]
    assert teller.told == [("archive.derived_rebuilt", "listed")]


def test_one_that_cannot_be_written_waits_and_holds_nobody_up(teller: Teller) -> None:
    """A full disk under one table is said once, the other goes on, and it catches up later."""
    ledger = PaperLedger([make(n) for n in range(1, 6)])
    broken, sound = Listed("broken"), Listed("sound")
    broken.broken = "cannot write: disk full"
    clock = Clock()
    deriver = Deriver(ledger, (broken, sound), clock, teller)
    run(deriver)
    assert (broken.upto, sound.upto) == (0, 5)
    clock.now_s += derived.RETRY_S
    run(deriver)
    assert teller.told == [("archive.derived_waits", "broken")]
    broken.broken = ""
    clock.now_s += derived.RETRY_S
    run(deriver)
    assert broken.upto == 5


def test_what_can_wait_comes_last(teller: Teller) -> None:
    """Late work is done once the log is taken, a step at a time, and while nothing new comes."""
    log, slow = PaperLedger([make(1), make(2)]), Slow()
    deriver = Deriver(log, [slow], Clock(), teller)
    steps = 1
    while deriver.step(1.0):
        steps += 1
    assert slow.when == [2, 2, 2] and steps == 3


def test_late_work_that_fails_waits(teller: Teller) -> None:
    """A table that cannot write is left alone for a while, said once, and the rest goes on."""
    slow = Slow()
    deriver = Deriver(PaperLedger([make(1)]), [slow], clock := Clock(), teller)
    deriver.step(1.0)
    slow.broken = "disk full"
    assert not deriver.step(1.0) and not deriver.step(1.0)
    assert teller.told == [("archive.derived_waits", "slow")]
    slow.broken = ""
    clock.now_s += derived.RETRY_S
    assert deriver.step(1.0) and slow.left == 1


def test_a_batch_fits_the_budget(teller: Teller) -> None:
    """By what the last one took: a slow table gets small batches, a fast one large ones."""
    clock = Clock()

    class Slow(Listed):
        """Takes a millisecond for each event."""

        def take(self, rows: Sequence[Row]) -> None:
            """Take them, slowly."""
            super().take(rows)
            sizes.append(len(rows))
            clock.now_s += len(rows) * 0.001

    sizes: list[int] = []
    ledger = PaperLedger([make(n) for n in range(1, 1001)])
    deriver = Deriver(ledger, (Slow(),), clock, teller)
    deriver.step(0.1)
    while deriver.step(0.1):
        pass
    assert sizes[0] == derived.BATCH_MIN and 90 <= max(sizes) <= 100
