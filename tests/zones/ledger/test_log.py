"""The log: what is appended is there, in order, chained, and read beside its writer."""

from hashlib import sha256
from pathlib import Path
from typing import Any

import apsw
import pytest

from Kernel.contract.errors import LedgerError, NoLedger
from zones.ledger import log as log_module
from zones.ledger.log import Log, LogSettings
from zones.ledger.opening import WAL_BYTES
from zones.runtime.ledger_file import ArenaMark, LedgerReader, SenderMark

EPOCH = b"e" * 16
ARENA = b"a" * 16


def no_news(kind: str, **payload: Any) -> None:
    assert kind == "archive.opened", (kind, payload)


def open_log(folder: Path) -> Log:
    return Log(folder, LogSettings(), no_news)


def test_what_is_appended_is_read(tmp_path: Path) -> None:
    """Records come back in order under positions 1, 2, 3, ... beside the writer and after it."""
    log = open_log(tmp_path)
    assert log.append([b"one", b"two"]) == 1
    reader = LedgerReader(tmp_path)
    assert list(reader.read(1)) == [(1, b"one"), (2, b"two")]
    assert log.append([b"three"]) == 3
    assert (reader.newest, reader.oldest) == (3, 1)
    assert list(reader.read_back()) == [(3, b"three"), (2, b"two"), (1, b"one")]
    log.close()
    assert list(reader.read(2, 2)) == [(2, b"two")]
    reader.close()
    assert LedgerReader(tmp_path).get(3) == b"three"
    assert LedgerReader(tmp_path).get(4) is None


def test_heads_chain(tmp_path: Path) -> None:
    """The head of a record is the hash of the head before and of the record."""
    log = open_log(tmp_path)
    log.append([b"one", b"two"])
    head = sha256(sha256(bytes(32) + b"one").digest() + b"two").digest()
    assert log.head == LedgerReader(tmp_path).head(2) == head


def test_positions_marks_and_chain_go_on_after_a_restart(tmp_path: Path) -> None:
    """Who opens the log again finds its end, and what is stored of whom."""
    log = open_log(tmp_path)
    log.append([b"one"], [SenderMark("stable", EPOCH, 7), ArenaMark(ARENA, 3, 96)])
    head = log.head
    log.close()
    log = open_log(tmp_path)
    assert (log.newest, log.head) == (1, head)
    assert log.sender_stored("stable", EPOCH) == 7
    assert log.sender_stored("stable", b"f" * 16) == 0
    assert log.arena_stored(ARENA) == ArenaMark(ARENA, 3, 96)
    assert LedgerReader(tmp_path).arena_mark(ARENA) == ArenaMark(ARENA, 3, 96)
    assert log.append([b"two"]) == 2


def test_second_writer_is_refused(tmp_path: Path) -> None:
    """There is one writer; when it is gone, the next one may."""
    log = open_log(tmp_path)
    with pytest.raises(LedgerError, match="another process"):
        open_log(tmp_path)
    log.close()
    open_log(tmp_path).close()


def test_no_ledger_is_told(tmp_path: Path) -> None:
    """A home where nothing was ever recorded has no ledger; reading does not make one."""
    with pytest.raises(NoLedger):
        LedgerReader(tmp_path / "ledger")
    assert not (tmp_path / "ledger").exists()


def test_many_lives_of_one_zone_forget_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Programs come and go at the scribe's socket; what is stored of the kernel stays known."""
    monkeypatch.setattr(log_module, "SENDERS_KEPT", 20)
    monkeypatch.setattr(Log, "_forget_at", 20)
    log = open_log(tmp_path)
    log.append([b"one"], [SenderMark("kernel", EPOCH, 500)])
    lives = [number.to_bytes(16, "little") for number in range(100)]
    for life in lives:
        log.append([b"more"], [SenderMark("scribe", life, 1)])
        log.maintain(0.01)
    known = [life for life in lives if log.sender_stored("scribe", life)]
    assert lives[-20:] == known[-20:] and len(known) <= 22
    assert log.sender_stored("kernel", EPOCH) == 500
    log.close()
    log = open_log(tmp_path)
    assert log.sender_stored("kernel", EPOCH) == 500
    assert log.sender_stored("scribe", lives[0]) == 0
    log.close()


def test_wal_has_its_size_again_when_a_reader_has_gone(tmp_path: Path) -> None:
    """A reader that stays in one view of the log makes the WAL grow, not for good."""
    log = open_log(tmp_path)
    log.append([b"one"])
    reader = apsw.Connection(str(tmp_path / "log.sqlite3"))
    reader.execute("BEGIN; SELECT count(*) FROM records")
    for _ in range(12):
        log.append([b"x" * 10_000] * 100)
    wal = tmp_path / "log.sqlite3-wal"
    assert wal.stat().st_size > WAL_BYTES
    reader.close()
    for _ in range(2):
        log.maintain(0.01)
        log.append([b"x" * 10_000] * 100)
    assert wal.stat().st_size == WAL_BYTES
    log.close()
