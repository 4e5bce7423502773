"""What a log finds when it is opened on harmed files: nothing good is lost, the rest is told."""

import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from Kernel.contract.errors import LedgerDamaged, LedgerError
from tests.zones.ledger.damage import (
    FRAME_BYTES,
    PAGE_BYTES,
    WAL,
    News,
    contents,
    flip,
    killed,
    open_log,
    overwrite,
    places,
    record,
    records,
    tamper,
    wal_frames,
)
from zones.ledger import salvage
from zones.ledger.carve import Pages
from zones.ledger.log import Log, LogSettings
from zones.ledger.tail import TORN
from zones.ledger.telling import STEP_ROWS
from zones.ledger.verify import verify
from zones.runtime.ledger_chain import UNFIT
from zones.runtime.ledger_file import LOG, ArenaMark, Gap, LedgerReader, SenderMark

EPOCH, ARENA = b"e" * 16, b"a" * 16
COUNT, BATCH = 1000, 20
ALL = list(enumerate(records(1, COUNT), 1))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a ledger of COUNT records in batches, with marks, closed."""
    folder = tmp_path / "ledger"
    log = open_log(folder)
    fill(log, 1, COUNT)
    log.close()
    # All of it is in the database by now; the WAL would cover up what is done to that.
    overwrite(folder / WAL, 0, bytes((folder / WAL).stat().st_size))
    return folder


def fill(log, first, last, batch=BATCH):
    for start in range(first, last + 1, batch):
        end = min(last, start + batch - 1)
        marks = [SenderMark("stable", EPOCH, end), ArenaMark(ARENA, end, 8 * end)]
        log.append(records(start, end), marks)


@pytest.fixture
def dead(tmp_path: Path) -> Path:
    """Give the same, left by a kill: all of it is in the WAL."""
    log = open_log(tmp_path / "living")
    fill(log, 1, COUNT)
    assert wal_frames(tmp_path / "living") > 100
    copy = killed(tmp_path / "living", tmp_path / "dead")
    log.close()
    return copy


def test_whole_log_tells_nothing(folder: Path, dead: Path) -> None:
    """Neither a clean end nor a kill leaves anything to tell."""
    for each in (folder, dead):
        news = News()
        log = open_log(each, news)
        assert (news.told, log.newest) == ([], COUNT)
        assert log.sender_stored("stable", EPOCH) == COUNT
        log.close()
        assert contents(each) == ALL


def test_torn_end_is_cut_and_kept(folder: Path) -> None:
    """Bad records at the end go into a table, their positions are not given again."""
    tamper(folder, f"UPDATE records SET record = x'00' WHERE position > {COUNT - 3}")
    news = News()
    log = open_log(folder, news)
    told = {"first": COUNT - 2, "last": COUNT, "why": f"{TORN}: {UNFIT}"}
    assert news.told == [("archive.tail_cut", told)]
    assert log.newest == COUNT - 3
    assert log.append([b"next"]) == COUNT + 1
    log.close()
    reader = LedgerReader(folder)
    assert reader.get(COUNT) is None
    verdict = verify(reader)
    assert verdict.ok
    assert verdict.gaps == [Gap(COUNT - 2, COUNT, TORN, False)]
    news = News()
    open_log(folder, news).close()
    assert news.told == []


def test_changed_record_in_the_middle_is_named_and_stays(folder: Path) -> None:
    """Nothing is cut when good records follow; it can be read past."""
    tamper(folder, "UPDATE records SET record = x'00' WHERE position = 900")
    news = News()
    log = open_log(folder, news)
    assert news.told == [("archive.damaged", {"position": 900, "why": UNFIT})]
    assert log.newest == COUNT
    log.close()
    assert verify(LedgerReader(folder)).first_bad == 900
    assert contents(folder) == [*ALL[:899], (900, b"\0"), *ALL[900:]]


def pages_of(folder: Path, number: int) -> set[int]:
    return {place // PAGE_BYTES for place in places(folder / LOG, record(number))}


def test_malformed_page_is_salvaged_around(folder: Path) -> None:
    """What other pages hold is kept with positions and heads; the lost range is told."""
    (page,) = pages_of(folder, 500)
    head = LedgerReader(folder).head(COUNT)
    overwrite(folder / LOG, page * PAGE_BYTES, b"\xa5" * PAGE_BYTES)
    overwrite(folder / LOG, PAGE_BYTES, b"\xa5" * PAGE_BYTES)  # the root of the records
    news = News()
    log = open_log(folder, news)
    salvaged, gap = news.of("archive.salvaged"), news.told[1][1]
    assert log.head == head
    assert salvaged["kept"] + salvaged["lost"] == COUNT
    assert 0 < salvaged["lost"] < 30
    assert gap["first"] <= 500 <= gap["last"]
    assert (Path(salvaged["aside"]) / LOG).exists()
    assert contents(folder) == [row for row in ALL if not gap["first"] <= row[0] <= gap["last"]]
    assert log.sender_stored("stable", EPOCH) == COUNT
    assert log.arena_stored(ARENA) == ArenaMark(ARENA, COUNT, 8 * COUNT)
    position = log.append([b"next"])
    assert position > COUNT
    log.close()
    assert verify(LedgerReader(folder)).first_bad == gap["first"]


@pytest.mark.parametrize("kept_bytes", [0, 50, 1000, 40 * PAGE_BYTES + 100])
def test_log_cut_short_is_salvaged(folder: Path, kept_bytes: int) -> None:
    """A log that ends too early keeps what it has; no position is given twice."""
    content = (folder / LOG).read_bytes()
    (folder / LOG).write_bytes(content[:kept_bytes])
    news = News()
    log = open_log(folder, news)
    rows = contents(folder) if log.newest else []
    assert rows == ALL[: len(rows)]
    assert news.of("archive.gap")["last"] == COUNT
    assert log.append([b"next"]) == COUNT + 1
    log.close()
    assert not verify(LedgerReader(folder)).ok


def test_first_page_destroyed_costs_only_itself(folder: Path) -> None:
    """Without header and schema every row is still there."""
    overwrite(folder / LOG, 0, b"\xa5" * PAGE_BYTES)
    news = News()
    log = open_log(folder, news)
    assert news.kinds() == ["archive.salvaged"]
    assert log.newest == COUNT
    log.close()
    assert contents(folder) == ALL
    assert verify(LedgerReader(folder)).ok


def test_changed_bit_in_the_wal_is_named_and_nothing_behind_it_is_lost(dead: Path) -> None:
    """SQLite alone would forget every acknowledged record behind it without a word."""
    place = next(places(dead / WAL, record(300)))
    for place in places(dead / WAL, record(300)):
        flip(dead / WAL, place + 5)
    news = News()
    log = open_log(dead, news)
    assert news.kinds() == ["archive.salvaged", "archive.damaged"]
    assert news.of("archive.salvaged")["lost"] == 0
    assert news.of("archive.damaged")["position"] == 300
    assert (log.newest, log.sender_stored("stable", EPOCH)) == (COUNT, COUNT)
    assert log.append([b"next"]) == COUNT + 1
    log.close()
    assert [row for row in contents(dead) if row[0] != 300] == [
        *ALL[:299],
        *ALL[300:],
        (COUNT + 1, b"next"),
    ]
    assert place


@pytest.mark.parametrize("offset", [0, 5, 9, 17, 26])
def test_damaged_header_of_the_wal_loses_nothing(dead: Path, offset: int) -> None:
    """The frames say of themselves what they are."""
    flip(dead / WAL, offset)
    news = News()
    log = open_log(dead, news)
    assert log.newest == COUNT
    assert set(news.kinds()) <= {"archive.salvaged"}
    log.close()
    assert contents(dead) == ALL
    assert verify(LedgerReader(dead)).ok


@pytest.mark.parametrize("torn_bytes", [1, 100, PAGE_BYTES, FRAME_BYTES + 50])
def test_torn_last_transaction_is_cut(dead: Path, torn_bytes: int) -> None:
    """Nobody can say whether it was acknowledged: it is kept, told, and not in the log."""
    end = 32 + wal_frames(dead) * FRAME_BYTES
    overwrite(dead / WAL, end - torn_bytes, b"\0" * torn_bytes)
    news = News()
    log = open_log(dead, news)
    assert log.newest == log.sender_stored("stable", EPOCH) == COUNT - BATCH
    assert set(news.kinds()) <= {"archive.tail_cut"}
    cut = [payload["last"] for _, payload in news.told]
    assert log.append([b"next"]) == (cut[0] + 1 if cut else COUNT - BATCH + 1)
    assert not cut or cut[0] >= COUNT
    log.close()
    verdict = verify(LedgerReader(dead))
    assert verdict.ok


def test_wal_cut_short_gives_no_position_twice(dead: Path) -> None:
    """What was in it cannot be known: the log goes on behind all that may have been given."""
    with (dead / WAL).open("r+b") as file:
        file.truncate(32 + 100 * FRAME_BYTES + 17)
    news = News()
    log = open_log(dead, news)
    gap = news.of("archive.gap")
    assert 0 < log.newest < COUNT < gap["last"]
    assert gap["first"] == log.newest + 1
    assert log.append([b"next"]) == gap["last"] + 1
    log.close()


def test_deleted_log_is_noticed_and_written_back(tmp_path: Path) -> None:
    """Deleting the files of a running ledger loses nothing: the next append restores them."""
    for names in ([LOG], [WAL], [LOG, WAL]):
        folder = tmp_path / "-".join(names)
        news = News()
        log = open_log(folder, news)
        log.append([b"one"])
        for name in names:
            (folder / name).unlink()
        assert log.append([b"two"]) == 2
        log.maintain(0.0)
        assert news.kinds() == ["archive.salvaged"]
        log.append([b"three"])
        log.close()
        assert contents(folder) == [(1, b"one"), (2, b"two"), (3, b"three")]


def test_deleted_folder_is_noticed_and_written_back(tmp_path: Path) -> None:
    """With all that is in it; positions go on, and the next writer is kept out."""
    folder = tmp_path / "ledger"
    news = News()
    log = open_log(folder, news)
    log.append([b"one"])
    shutil.rmtree(folder)
    log.maintain(0.0)
    assert "the folder was deleted" in news.of("archive.salvaged")["why"] and log.has_moved
    with pytest.raises(LedgerError, match="another process"):
        open_log(folder)
    assert log.append([b"two"]) == 2
    log.close()
    assert contents(folder) == [(1, b"one"), (2, b"two")]


def test_log_deleted_at_rest_gives_no_position_twice(folder: Path) -> None:
    """A log that is gone at the start is told, and positions go on."""
    (folder / LOG).unlink()
    news = News()
    log = open_log(folder, news)
    assert news.told[0][1] | {"why": ""} == {"first": 1, "last": COUNT, "why": ""}
    assert log.append([b"next"]) == COUNT + 1
    log.close()


def test_newer_form_is_refused(folder: Path) -> None:
    """A log of a later version is left alone."""
    tamper(folder, "PRAGMA user_version = 99")
    with pytest.raises(LedgerError, match="version 99"):
        open_log(folder)


NO_UTF8 = "CAST(x'9c9cff' AS TEXT)"


@pytest.mark.parametrize("position", [1, 50, 100])
@pytest.mark.parametrize("column", ["head", "record"])
@pytest.mark.parametrize("value", [NO_UTF8, "'text'"])
def test_bit_that_makes_a_text_of_a_record_is_damage_like_any(
    tmp_path: Path, column: str, position: int, value: str
) -> None:
    """One bit tells a blob from a text: readers name the position, the next opening saves."""
    log = open_log(tmp_path)
    log.append(records(1, 100))
    log.close()
    tamper(tmp_path, f"UPDATE records SET {column} = {value} WHERE position = {position}")
    reader = LedgerReader(tmp_path)
    others = [n for n in range(1, 101) if n != position]
    assert [n for n, _ in reader.read(1, None, lambda _damage: None)] == others
    assert [n for n, _ in reader.read_back(100, 1, lambda _damage: None)] == others[::-1]
    with pytest.raises(LedgerDamaged, match=f"event {position} of"):
        (reader.get if column == "record" else reader.head)(position)
    assert verify(reader).first_bad == position
    reader.close()
    news = News()
    log = open_log(tmp_path, news)
    assert "archive.salvaged" in news.kinds()
    assert log.append([b"next"]) > 100
    log.close()


@pytest.mark.parametrize(
    "statement",
    [
        f"UPDATE senders SET zone = {NO_UTF8}",
        f"UPDATE senders SET epoch = {NO_UTF8}",
        f"UPDATE arenas SET arena = {NO_UTF8}",
        f"INSERT INTO gaps VALUES (200, 201, {NO_UTF8}, 1)",
    ],
)
def test_text_that_is_none_in_a_small_table_is_saved_from(tmp_path: Path, statement: str) -> None:
    """A changed letter of a zone's name keeps nobody from opening the log."""
    log = open_log(tmp_path)
    log.append(records(1, 100), [SenderMark("kernel", EPOCH, 9), ArenaMark(ARENA, 3, 4)])
    log.close()
    tamper(tmp_path, statement)
    news = News()
    log = open_log(tmp_path, news)
    assert "archive.salvaged" in news.kinds() and log.newest == 100
    log.close()


@pytest.mark.parametrize(
    "statement", ["UPDATE senders SET number = 10", "UPDATE arenas SET sequence = 5"]
)
def test_number_of_a_mark_that_was_changed_is_not_believed(tmp_path: Path, statement: str) -> None:
    """It would drop events that were never stored, and acknowledge them."""
    log = open_log(tmp_path)
    log.append(records(1, 100), [SenderMark("kernel", EPOCH, 9), ArenaMark(ARENA, 3, 4)])
    log.close()
    tamper(tmp_path, statement)
    news = News()
    log = open_log(tmp_path, news)
    assert "archive.salvaged" in news.kinds() and log.newest == 100
    assert log.sender_stored("kernel", EPOCH) in (0, 9)
    assert log.arena_stored(ARENA) in (None, ArenaMark(ARENA, 3, 4))
    log.close()


def test_mending_is_done_in_steps_with_a_pulse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A log of any size: who mends it beats between short steps, else its watchdog ends it."""
    log = open_log(tmp_path)
    fill(log, 1, COUNT)
    log.close()
    pulses: list[int] = []
    Log(tmp_path, LogSettings(), News(), lambda: pulses.append(1)).close()
    assert len(pulses) >= COUNT // STEP_ROWS, "the end of the chain is looked at"
    page = (tmp_path / LOG).read_bytes().index(record(500)) // PAGE_BYTES
    overwrite(tmp_path / LOG, page * PAGE_BYTES, b"\xff" * 8)
    overwrite(tmp_path / WAL, 0, bytes((tmp_path / WAL).stat().st_size))
    carved: list[int] = []
    steps: list[int] = []
    carve = salvage.carve

    def count(pages: Pages, index: int) -> Iterator[Any]:
        carved.append(index)
        return carve(pages, index)

    def note() -> None:
        steps.append(len(carved))

    monkeypatch.setattr(salvage, "carve", count)
    monkeypatch.setattr(salvage, "STEP_ROWS", 10)
    news = News()
    Log(tmp_path, LogSettings(), news, note).close()
    assert news.of("archive.salvaged")["kept"] > COUNT // 2
    assert max(after - before for before, after in pairwise(steps)) <= 10
