"""The log against a list: appends, refusals, kills, moves and restarts in any order."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

import apsw
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from Kernel.contract.errors import LedgerError
from tests.zones.ledger.damage import News, contents, killed, open_log, record
from tests.zones.ledger.harmed_disk import HarmedDisk
from zones.ledger import log, opening, segments
from zones.ledger.verify import verify
from zones.runtime.ledger_file import LedgerReader, SenderMark

EPOCH = b"e" * 16
SMALL = {"log_bytes_max": 60_000, "segment_bytes": 8_000}
SMALLER = (
    (opening, "WAL_BYTES", 64 * 1024),
    (log, "WAL_PAGES_MAX", 20),
    (log, "LOOK_S", 0.0),
    (segments, "BLOCK_RECORDS_MAX", 20),
    (segments, "DELETED_A_STEP", 15),
)


class LogMachine(RuleBasedStateMachine):
    """The model is a list of rows, the next position, and the appends that failed since."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        for module, name, value in SMALLER:
            self.patch.setattr(module, name, value)
        self.disk = HarmedDisk()
        self.root = Path(tempfile.mkdtemp(prefix="molt-ledger-"))
        self.folder = self.root / "0"
        self.news = News()
        self.rows: list[tuple[int, bytes]] = []
        self.next = 1
        self.doubtful: list[list[tuple[int, bytes]]] = []
        self.log: Any = open_log(self.folder, self.news, **SMALL)

    @rule(count=st.integers(1, 60), size=st.sampled_from([0, 0, 0, 5000]))
    def append(self, count: int, size: int) -> None:
        stored = len(self.rows)
        batch = [record(stored + number) + b"x" * size for number in range(1, count + 1)]
        rows = list(enumerate(batch, self.next))
        try:
            position = self.log.append(batch, [SenderMark("stable", EPOCH, stored + count)])
        except LedgerError as error:
            assert self.disk.left is not None
            assert error.hint
            self.doubtful.append(rows)
        else:
            assert position == self.next
            self.rows += rows
            self.next += count
            self.doubtful = []

    @rule(calls=st.integers(0, 12), error=st.sampled_from([apsw.FullError, apsw.IOError]))
    def harm(self, calls: int, error: type[apsw.Error]) -> None:
        self.disk.fail_after(calls, error)

    @rule()
    def heal(self) -> None:
        self.disk.heal()

    @rule(budget_s=st.sampled_from([0.0, 0.0, 1.0]))
    def maintain(self, budget_s: float) -> None:
        try:
            self.log.maintain(budget_s)
        except LedgerError:
            assert self.disk.left is not None

    @precondition(lambda self: self.disk.left is None)
    @rule()
    def restart(self) -> None:
        self.log.close()
        self.reopen()

    @rule()
    def kill(self) -> None:
        """What a kill leaves is what is in the files now; the append that failed may be in them."""
        self.disk.heal()
        copy = killed(self.folder, self.root / str(int(self.folder.name) + 1))
        self.log.close()
        shutil.rmtree(self.folder)
        self.folder = copy
        self.reopen()

    def reopen(self) -> None:
        """Take what is stored of the appends that failed: one of them, whole, or nothing."""
        self.news.told.clear()
        self.log = open_log(self.folder, self.news, **SMALL)
        stored = self.log.newest - (self.next - 1)
        if stored > 0:  # behind positions that were given up there is nothing
            (found, *_) = [rows for rows in self.doubtful if len(rows) == stored]
            self.rows += found
            self.next += stored
        if self.doubtful and self.news.kinds() == ["archive.tail_cut"]:
            # Frames of one that failed lie behind those of a shorter one that failed, too.
            self.next = self.news.told.pop()[1]["last"] + 1
        self.doubtful = []

    @invariant()
    def says_what_the_list_says(self) -> None:
        assert self.log.sender_stored("stable", EPOCH) == len(self.rows)
        if self.rows:
            assert self.log.newest == self.rows[-1][0]
            assert contents(self.folder) == self.rows
            reader = LedgerReader(self.folder)
            verdict = verify(reader)
            reader.close()
            assert verdict.ok
            assert verdict.head == self.log.head
        assert set(self.news.kinds()) <= {"archive.segment_closed"}

    def teardown(self) -> None:
        self.disk.heal()
        self.log.close()
        self.disk.unregister()
        self.patch.undo()
        shutil.rmtree(self.root)


TestLogMachine = pytest.mark.slow(LogMachine.TestCase)
TestLogMachine.settings = settings(max_examples=12, stateful_step_count=25, deadline=None)
