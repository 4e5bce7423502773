"""Moving old records into segments: no reader ever misses one or sees one twice."""

import shutil
from pathlib import Path

import apsw
import pytest

from Kernel.contract.errors import LedgerDamaged, LedgerError
from tests.support.logs import QuietLog
from tests.zones.ledger.damage import (
    News,
    contents,
    flip,
    killed,
    open_log,
    places,
    record,
    records,
    tamper,
)
from zones.ledger import log as log_module
from zones.ledger import opening, segments
from zones.ledger.committer import Committer
from zones.ledger.log import Log
from zones.ledger.segments import SegmentMover
from zones.ledger.verify import verify
from zones.runtime import ledger_blocks
from zones.runtime.ledger_blocks import list_segments
from zones.runtime.ledger_chain import MISSING, UNFIT, UNPROVEN, Fault
from zones.runtime.ledger_file import LOG, SEGMENTS, Gap, LedgerReader

COUNT = 2500
SMALL = {"log_bytes_max": 200_000, "segment_bytes": 60_000}
ALL = list(enumerate(records(1, COUNT), 1))


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "WAL_BYTES", 1024 * 1024)
    monkeypatch.setattr(segments, "BLOCK_RECORDS_MAX", 100)
    monkeypatch.setattr(segments, "DELETED_A_STEP", 100)


def filled(folder: Path, news: News | None = None) -> Log:
    log = open_log(folder, news, **SMALL)
    log.append(records(1, COUNT))
    return log


def move_all(log: Log) -> None:
    while log.maintain(1.0):
        pass


@pytest.mark.slow
def test_every_way_of_reading_crosses_the_files(tmp_path: Path) -> None:
    """Forward, backward, one, heads and the chain are the same as before the move."""
    news = News()
    log = filled(tmp_path, news)
    before = LedgerReader(tmp_path)
    heads = [before.head(position) for position in range(1, COUNT + 1)]
    move_all(log)
    log.append([b"next"])
    names = list_segments(tmp_path / SEGMENTS)
    assert len(names) > 3
    assert set(news.kinds()) == {"archive.segment_closed"}
    for reader in (before, LedgerReader(tmp_path)):
        assert list(reader.read(1, COUNT)) == ALL
        assert list(reader.read(95, 250)) == ALL[94:250]
        assert list(reader.read_back(COUNT)) == ALL[::-1]
        assert list(reader.read_back(250, 95)) == ALL[94:250][::-1]
        assert [reader.get(position) for position in (1, 100, 101, 2499)] == [
            record(position) for position in (1, 100, 101, 2499)
        ]
        assert [reader.head(position) for position in range(1, COUNT + 1)] == heads
        assert (reader.oldest, reader.newest) == (1, COUNT + 1)
        assert verify(reader).ok
        assert verify(reader, 150, 1200).events == 1051
        reader.close()
    moved_bytes = sum(len(record) for position, record in ALL if position <= names[-1].last)
    segment_bytes = sum(path.stat().st_size for path in (tmp_path / SEGMENTS).iterdir())
    assert segment_bytes < moved_bytes / 2
    log.close()


@pytest.mark.slow
def test_no_step_leaves_a_hole_or_a_double_and_each_may_be_the_last(tmp_path: Path) -> None:
    """After every step readers see all, and so does whoever opens what a kill there leaves."""
    log = filled(tmp_path / "living")
    patient = LedgerReader(tmp_path / "living").read(1)
    seen = []
    steps = 0
    while log._mover.step():
        steps += 1
        seen += [next(patient) for _ in range(20)] if len(seen) < COUNT - 20 else []
        if steps % 4:
            assert contents(tmp_path / "living") == ALL
            continue
        copy = killed(tmp_path / "living", tmp_path / "copy")
        assert contents(copy) == ALL
        again = open_log(copy, **SMALL)
        move_all(again)
        assert contents(copy) == ALL
        assert verify(LedgerReader(copy)).ok
        again.close()
        shutil.rmtree(copy)
    assert steps > 40
    assert seen + list(patient) == ALL
    log.close()


def test_draft_of_a_killed_writer_is_deleted(tmp_path: Path) -> None:
    """Nothing is left of what never got its name."""
    log = filled(tmp_path / "living")
    while log._mover._phase.name != "COMPARE":
        log._mover.step()
    copy = killed(tmp_path / "living", tmp_path / "copy")
    assert [path.name for path in (copy / SEGMENTS).iterdir()] == [".draft.tmp"]
    open_log(copy).close()
    assert list((copy / SEGMENTS).iterdir()) == []
    log.close()


def test_draft_that_reads_back_different_is_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The records stay in the log; the next try makes a new draft."""
    log = filled(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(segments, "pack_block", lambda rows: ledger_blocks.pack_block(rows[:-1]))
        with pytest.raises(LedgerError):
            move_all(log)
    assert list_segments(tmp_path / SEGMENTS) == []
    assert contents(tmp_path) == ALL
    move_all(log)
    assert contents(tmp_path) == ALL
    log.close()


def test_record_that_was_changed_before_it_moved_stays_the_one_that_is_bad(tmp_path: Path) -> None:
    """Its neighbours are good as before, and positions that were cut stay known."""
    log = filled(tmp_path)
    log.close()
    tamper(tmp_path, "UPDATE records SET record = x'00' WHERE position IN (150, 151, 300)")
    tamper(tmp_path, "DELETE FROM records WHERE position BETWEEN 400 AND 410")
    tamper(tmp_path, "INSERT INTO gaps VALUES (400, 410, 'test', 1)")
    before = verify(LedgerReader(tmp_path))
    log = open_log(tmp_path, **SMALL)
    move_all(log)
    log.close()
    assert list_segments(tmp_path / SEGMENTS)[-1].last > 410
    after = verify(LedgerReader(tmp_path))
    assert after.faults == before.faults
    assert after.faults == [
        Fault(150, 151, UNFIT),
        Fault(300, 300, UNFIT),
        Fault(400, 410, f"{MISSING}: test"),
        Fault(411, 411, UNPROVEN),
    ]
    assert LedgerReader(tmp_path).get(150) == b"\0"
    assert LedgerReader(tmp_path).gaps() == [Gap(400, 410, "test", True)]


def test_damaged_block_is_named_and_read_past(tmp_path: Path) -> None:
    """A changed bit in a segment costs its block, is found, and the rest can be read."""
    log = filled(tmp_path)
    move_all(log)
    log.close()
    name = list_segments(tmp_path / SEGMENTS)[0]
    path = tmp_path / SEGMENTS / name.file_name()
    connection = ledger_blocks.open_segment(path)
    block = connection.execute("SELECT records FROM blocks WHERE first = 301").get
    connection.close()
    for place in places(path, block):
        flip(path, place + 100)
    reader = LedgerReader(tmp_path)
    with pytest.raises(LedgerDamaged) as raised:
        list(reader.read(1))
    first, last = raised.value.position, raised.value.last
    damages = []
    rows = list(reader.read(1, past=damages.append))
    assert [(damage.position, damage.last) for damage in damages] == [(first, last)]
    assert (first, last) == (301, 400)
    assert rows == [row for row in ALL if not first <= row[0] <= last]
    assert list(reader.read_back(past=damages.append)) == rows[::-1]
    verdict = verify(reader)
    assert (verdict.first_bad, verdict.faults_count) == (first, 1)
    assert verdict.faults[0].last == last


def test_missing_segment_is_found(tmp_path: Path) -> None:
    """Whoever deletes a segment is told by the chain."""
    log = filled(tmp_path)
    move_all(log)
    log.close()
    name = list_segments(tmp_path / SEGMENTS)[1]
    (tmp_path / SEGMENTS / name.file_name()).unlink()
    assert verify(LedgerReader(tmp_path)).faults == [Fault(name.first, name.last, MISSING)]


def test_log_that_is_gone_goes_on_behind_its_segments(tmp_path: Path) -> None:
    """Segments alone still are a ledger; no position is given twice."""
    log = filled(tmp_path)
    move_all(log)
    log.close()
    last = list_segments(tmp_path / SEGMENTS)[-1].last
    for path in tmp_path.glob(LOG + "*"):
        path.unlink()
    assert contents(tmp_path) == ALL[:last]
    news = News()
    log = open_log(tmp_path, news)
    assert (log.newest, news.of("archive.gap")["first"]) == (last, last + 1)
    assert log.append([b"next"]) == COUNT + 1
    log.close()
    assert [fault.first for fault in verify(LedgerReader(tmp_path)).faults] == [last + 1]


def test_mover_takes_nothing_while_the_log_is_small(tmp_path: Path) -> None:
    """Below its size the log stays as it is; the newest record always does."""
    log = open_log(tmp_path)
    log.append(records(1, 100))
    assert not log.maintain(1.0)
    assert list_segments(tmp_path / SEGMENTS) == []
    tiny = SegmentMover(tmp_path, log._connection, 1, 10**9, News())
    while tiny.step():
        pass
    assert list_segments(tmp_path / SEGMENTS) == [(1, 99)]
    assert log.append([b"next"]) == 101
    log.close()


@pytest.mark.parametrize("value", ["'text'", "CAST(x'9cff' AS TEXT)"])
def test_row_that_is_no_record_is_saved_from_and_ends_nothing(tmp_path: Path, value: str) -> None:
    """A row far behind the end, which no opening looks at, is found when it is to be moved."""
    news = News()
    log = filled(tmp_path, news)
    tamper(tmp_path, f"UPDATE records SET head = {value} WHERE position = 300")
    move_all(log)
    assert "malformed" in news.of("archive.salvaged")["why"]
    assert log.append([b"next"]) == COUNT + 1
    move_all(log)
    log.close()
    faults = verify(LedgerReader(tmp_path)).faults
    assert (faults[0].first, faults[0].last) == (300, 300)
    found = [position for position, _ in LedgerReader(tmp_path).read(1, None, lambda _damage: None)]
    assert found == [position for position in range(1, COUNT + 2) if position != 300]


def test_block_that_reads_back_different_stays_in_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing leaves the log before the draft was read from the disk and is the same."""
    log = filled(tmp_path)
    wrong = segments.pack_block([b"something else"] * 100)
    monkeypatch.setattr(segments, "pack_block", lambda _records: wrong)
    with pytest.raises(LedgerError, match="read back different"):
        move_all(log)
    assert list_segments(tmp_path / SEGMENTS) == [] and contents(tmp_path) == ALL
    monkeypatch.undo()
    move_all(log)
    log.close()
    assert contents(tmp_path) == ALL and verify(LedgerReader(tmp_path)).ok


def test_name_of_a_segment_is_synced_before_its_rows_leave(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash of the system would lose a name that is only in memory, and the rows with it."""
    log = filled(tmp_path)
    synced: list[int] = []

    def sync(folder: Path) -> None:
        names = list_segments(folder)
        synced.append(names[-1].last)
        in_log = apsw.Connection(str(tmp_path / LOG)).execute("SELECT min(position) FROM records")
        assert in_log.get <= names[-1].first

    monkeypatch.setattr(segments, "sync_directory", sync)
    move_all(log)
    assert synced == [name.last for name in list_segments(tmp_path / SEGMENTS)]
    log.close()


@pytest.mark.slow
def test_a_folder_that_is_moved_away_is_told_with_what_went_with_it(tmp_path: Path) -> None:
    """The log is written back, its lock taken anew, and the lost segments have their range."""
    news = News()
    folder = tmp_path / "ledger"
    log = filled(folder, news)
    move_all(log)
    last = list_segments(folder / SEGMENTS)[-1].last
    news.told.clear()
    folder.rename(tmp_path / "moved")
    log.maintain(0.0)
    assert log.append([b"next"]) == COUNT + 1
    gap, salvaged = news.of("archive.gap"), news.of("archive.salvaged")
    assert (gap["first"], gap["last"]) == (1, last)
    assert (salvaged["kept"], salvaged["lost"]) == (COUNT - last, last)
    assert f"moved to {tmp_path / 'moved'};" in salvaged["why"]
    with pytest.raises(LedgerError, match="another process"):
        open_log(folder)
    told = Committer(lambda: log, lambda *_: None, QuietLog())
    told.try_again(0.0)
    (state,) = told.degraded()
    assert told.has_moved and f"from 1 to {last}" in state.why and str(folder) in state.hint
    (tmp_path / "moved" / SEGMENTS).rename(folder / SEGMENTS)
    move_all(log)
    assert told.degraded() == []
    log.close()
    assert contents(folder)[:COUNT] == ALL
    assert verify(LedgerReader(folder)).ok
    news.told.clear()
    shutil.rmtree(folder / SEGMENTS)
    log = open_log(folder, news)
    assert news.of("archive.gap")["first"] == 1 and log.missing and not log.has_moved
    log.close()


def test_slow_disk_and_a_log_that_grows_let_records_move(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With time for one sync a call, carrying the WAL over does not always go first."""
    monkeypatch.setattr(log_module, "WAL_PAGES_IDLE", 1)
    log = filled(tmp_path)
    for _ in range(60):
        log.append([b"next"])
        log.maintain(0.0)
    assert list_segments(tmp_path / SEGMENTS)
    log.close()
