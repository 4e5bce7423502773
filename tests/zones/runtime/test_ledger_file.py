"""Reading the ledger: beside the writer, without one, across files, and forms of long ago."""

import gzip
import os
import shutil
from pathlib import Path

import apsw
import pytest

from Kernel.contract.errors import LedgerDamaged, LedgerError, NoLedger
from tests.zones.ledger.damage import (
    PAGE_BYTES,
    WAL,
    News,
    contents,
    open_log,
    overwrite,
    places,
    record,
    records,
)
from zones.ledger.verify import verify
from zones.runtime.ledger_blocks import SegmentName, list_segments, pack_block, unpack_block
from zones.runtime.ledger_file import LOG, SEGMENTS, ArenaMark, Gap, LedgerReader

GOLDEN = Path(__file__).parent / "ledger_golden"


@pytest.mark.parametrize("version", sorted(path.name for path in GOLDEN.iterdir()))
def test_golden_ledger_stays_readable(tmp_path: Path, version: str) -> None:
    """A ledger as it was written once: each record, head, mark, gap, and it is written on."""
    for path in (GOLDEN / version).rglob("*.gz"):
        target = tmp_path / path.relative_to(GOLDEN / version).with_suffix("")
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(gzip.decompress(path.read_bytes()))
    reader = LedgerReader(tmp_path)
    rows = {number: record(number) for number in (*range(1, 121), *range(122, 127), 131)}
    rows[121] = b"x" * 60_000
    assert list(reader.read(1)) == sorted(rows.items())
    assert (reader.oldest, reader.newest) == (1, 131)
    assert reader.arena_mark(b"a" * 16) == ArenaMark(b"a" * 16, 20, 640)
    assert [(gap.first, gap.last, gap.is_lost) for gap in reader.gaps()] == [(127, 130, False)]
    assert reader.head(60).hex().startswith("0ae30f33")
    assert verify(reader).ok
    reader.close()
    news = News()
    log = open_log(tmp_path, news)
    assert log.sender_stored("kernel", b"k" * 16) == 100
    assert log.append([b"next"]) == 132
    assert news.told == []
    log.close()


def test_reader_sees_what_is_appended_after_it_opened(tmp_path: Path) -> None:
    """Each look is a new one, also from an iteration that has come to the end."""
    log = open_log(tmp_path)
    log.append([b"one"])
    reader = LedgerReader(tmp_path)
    assert list(reader.read(1)) == [(1, b"one")]
    log.append([b"two"])
    assert list(reader.read(2)) == [(2, b"two")]
    assert reader.newest == 2
    log.close()


def test_reader_between_two_rows_does_not_hold_up_the_wal(tmp_path: Path) -> None:
    """Whoever reads slowly costs the writer nothing: a checkpoint gets through."""
    log = open_log(tmp_path)
    log.append(records(1, 2000))
    patient = LedgerReader(tmp_path).read(1)
    next(patient)
    log.append(records(2001, 2100))
    log_pages, done_pages = log._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_RESTART)
    assert log_pages == done_pages
    assert 1 + sum(1 for _ in patient) == 2100
    log.close()


@pytest.mark.parametrize("gone", [(), (WAL,), (WAL, LOG + "-shm")])
def test_ledger_at_rest_is_read_with_or_without_its_wal(
    tmp_path: Path, gone: tuple[str, ...]
) -> None:
    """After a clean end nothing but the log itself is needed, and reading leaves it whole."""
    log = open_log(tmp_path)
    log.append(records(1, 1000))
    log.close()
    for name in gone:
        (tmp_path / name).unlink(missing_ok=True)
    assert contents(tmp_path) == list(enumerate(records(1, 1000), 1))
    news = News()
    open_log(tmp_path, news).close()
    assert news.told == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_ledger_that_may_not_be_written_is_read(tmp_path: Path) -> None:
    """Where no file may be made beside the log, it is read as one that does not change."""
    log = open_log(tmp_path)
    log.append(records(1, 10))
    log.close()
    (tmp_path / WAL).unlink()
    (tmp_path / LOG).chmod(0o400)
    tmp_path.chmod(0o500)
    assert len(contents(tmp_path)) == 10


def test_reader_notices_a_log_that_was_replaced(tmp_path: Path) -> None:
    """After a salvage, say: the next look goes to the file that has the name."""
    log = open_log(tmp_path / "a")
    log.append([b"old"])
    reader = LedgerReader(tmp_path / "a")
    assert reader.get(1) == b"old"
    log.close()
    log = open_log(tmp_path / "b")
    log.append([b"new", b"er"])
    log.close()
    for name in (WAL, LOG + "-shm"):
        (tmp_path / "a" / name).unlink()
    shutil.move(tmp_path / "b" / LOG, tmp_path / "a" / LOG)
    assert list(reader.read(1)) == [(1, b"new"), (2, b"er")]


def test_malformed_page_is_named_and_read_past(tmp_path: Path) -> None:
    """Rows before and behind it are read, in both directions, without a writer to mend it."""
    log = open_log(tmp_path)
    log.append(records(1, 1000))
    log.close()
    (tmp_path / WAL).unlink()
    page = next(places(tmp_path / LOG, record(500))) // PAGE_BYTES
    overwrite(tmp_path / LOG, page * PAGE_BYTES, b"\xa5" * PAGE_BYTES)
    reader = LedgerReader(tmp_path)
    with pytest.raises(LedgerDamaged):
        list(reader.read(1))
    damages: list[LedgerDamaged] = []
    rows = list(reader.read(1, past=damages.append))
    lost = [damage.position for damage in damages]
    assert 500 in lost
    assert len(lost) < 40
    assert rows == [(number, record(number)) for number in range(1, 1001) if number not in lost]
    assert list(reader.read_back(past=damages.append)) == rows[::-1]
    verdict = verify(reader)
    assert (verdict.first_bad, verdict.faults_count) == (lost[0], 2)


def test_gaps_are_read_across_in_both_directions(tmp_path: Path) -> None:
    """Positions without a record are left out and end nothing."""
    log = open_log(tmp_path)
    log.append(records(1, 20))
    log._connection.execute("DELETE FROM records WHERE position IN (3, 4, 9)")
    log._connection.execute("INSERT INTO gaps VALUES (3, 4, 'x', 1), (9, 9, 'y', 0)")
    reader = LedgerReader(tmp_path)
    rows = [(number, record(number)) for number in range(1, 21) if number not in (3, 4, 9)]
    assert list(reader.read(1)) == rows
    assert list(reader.read_back()) == rows[::-1]
    assert list(reader.read(3, 4)) == []
    assert reader.gaps() == [Gap(3, 4, "x", True), Gap(9, 9, "y", False)]
    log.close()


def test_what_is_no_log_is_an_error_and_nothing_is_no_ledger(tmp_path: Path) -> None:
    """The message begins with cannot and names the file."""
    with pytest.raises(NoLedger, match="cannot read"):
        LedgerReader(tmp_path)
    (tmp_path / LOG).write_bytes(b"no database at all" * 100)
    with pytest.raises(LedgerError, match="cannot"):
        list(LedgerReader(tmp_path).read(1))


def test_segment_names_go_by_position(tmp_path: Path) -> None:
    """Other files in the folder are none; order is that of numbers, not of letters."""
    folder = tmp_path / SEGMENTS
    assert list_segments(folder) == []
    folder.mkdir()
    names = [SegmentName(1, 10**12), SegmentName(10**12 + 1, 10**13)]
    for name in (*names, "x.sqlite3", ".draft.tmp"):
        text = name.file_name() if isinstance(name, SegmentName) else name
        (folder / text).touch()
    assert list_segments(folder) == names


@pytest.mark.parametrize(
    "harm", [lambda d: d[:-1], lambda d: d[:99] + bytes([d[99] ^ 1]) + d[100:], lambda d: b""]
)
def test_harmed_block_is_refused(harm) -> None:
    """A block that is not what was packed is named, never half read."""
    data = pack_block(records(5, 60))
    assert unpack_block(5, 60, data) == records(5, 60)
    with pytest.raises(LedgerDamaged) as raised:
        unpack_block(5, 60, harm(data))
    assert (raised.value.position, raised.value.last) == (5, 60)
    with pytest.raises(LedgerDamaged):
        unpack_block(5, 61, data)
