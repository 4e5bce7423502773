"""A disk that refuses: nothing is half stored, it is said what helps, and it goes on by itself."""

import errno
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from Kernel.contract.errors import LedgerError
from tests.structure.sources import ROOT
from tests.zones.ledger.damage import News, contents, killed, open_log, records
from tests.zones.ledger.harmed_disk import HarmedDisk, harmed_disk
from zones.ledger import writer_file
from zones.ledger.verify import verify
from zones.ledger.writer_file import WriterFile
from zones.runtime.ledger_file import LedgerReader, SenderMark

EPOCH = b"e" * 16


@pytest.fixture
def disk() -> Iterator[HarmedDisk]:
    with harmed_disk() as disk:
        yield disk


@pytest.mark.parametrize("error", [apsw.FullError, apsw.IOError])
@pytest.mark.parametrize("calls", [0, 1, 2, 3, 5, 9])
def test_refused_append_changes_nothing_and_the_next_one_works(
    tmp_path: Path, disk: HarmedDisk, error: type[apsw.Error], calls: int
) -> None:
    """All or nothing, on disk and in memory; no restart is needed."""
    log = open_log(tmp_path)
    log.append(records(1, 5), [SenderMark("stable", EPOCH, 5)])
    head = log.head
    disk.fail_after(calls, error)
    for _ in range(3):
        try:
            log.append(records(6, 60), [SenderMark("stable", EPOCH, 60)])
        except LedgerError as refusal:
            assert refusal.message.startswith("cannot store 55 events")
            assert refusal.hint
            assert (log.newest, log.head, log.sender_stored("stable", EPOCH)) == (5, head, 5)
        else:
            break
    disk.heal()
    if log.newest == 5:
        assert log.append(records(6, 60), [SenderMark("stable", EPOCH, 60)]) == 6
    assert contents(tmp_path) == list(enumerate(records(1, 60), 1))
    copy = killed(tmp_path, tmp_path / "copy")
    log.close()
    log = open_log(copy)
    assert (log.newest, log.sender_stored("stable", EPOCH)) == (60, 60)
    log.close()
    assert verify(LedgerReader(copy)).ok


def test_foreign_lock_is_a_refusal_and_soon(tmp_path: Path) -> None:
    """Whoever locks the log holds up an append for less than a heartbeat, and it is said who."""
    log = open_log(tmp_path)
    other = apsw.Connection(str(tmp_path / "log.sqlite3"))
    other.execute("BEGIN IMMEDIATE")
    began_s = time.monotonic()
    with pytest.raises(LedgerError, match=r"another process has locked log\.sqlite3") as refusal:
        log.append([b"one"])
    assert time.monotonic() - began_s < 1.0
    assert refusal.value.hint.startswith("fuser -v ")
    other.close()
    assert log.append([b"one"]) == 1
    log.close()


def test_shorter_batch_after_a_refused_one_leaves_nothing_of_it(
    tmp_path: Path, disk: HarmedDisk
) -> None:
    """Frames of an append that failed lie in the WAL behind the next one: they are not taken."""
    log = open_log(tmp_path)
    log.append(records(1, 5))
    disk.fail_after(1, apsw.IOError)
    with pytest.raises(LedgerError):
        log.append([b"other"] * 200)
    disk.heal()
    log.append([b"six"])
    news = News()
    copy = killed(tmp_path, tmp_path / "copy")
    log.close()
    log = open_log(copy, news)
    assert (log.newest, news.told) == (6, [])
    log.close()
    assert contents(copy) == [*enumerate(records(1, 5), 1), (6, b"six")]


@pytest.mark.parametrize("failing", [1, 3])
@pytest.mark.parametrize("first", [0, 5])
def test_appends_refused_in_a_new_age_leave_nothing_either(
    tmp_path: Path, disk: HarmedDisk, first: int, failing: int
) -> None:
    """Not even several of them, each shorter than the one before, in the first frames of a WAL."""
    log = open_log(tmp_path)
    if first:
        log.append(records(1, first))
    disk.refuse_commits = True
    for number in range(failing):
        with pytest.raises(LedgerError):
            log.append([b"other %d" % number] * (900 - 200 * number))
    disk.heal()
    log.append([b"six"])
    log.append([b"seven"])
    news = News()
    copy = killed(tmp_path, tmp_path / "copy")
    log.close()
    log = open_log(copy, news)
    assert (log.newest, news.told) == (first + 2, [])
    log.close()
    rows = [*records(1, first), b"six", b"seven"]
    assert contents(copy) == list(enumerate(rows, 1))


def test_checkpoint_that_fails_stops_nothing(tmp_path: Path, disk: HarmedDisk) -> None:
    """The WAL grows until there is room again; what was acknowledged is there."""
    log = open_log(tmp_path)
    log.append(records(1, 2000))
    disk.fail_after(0, apsw.IOError)
    log.maintain(0.0)
    disk.heal()
    log.append(records(2001, 2010))
    log.close()
    assert contents(tmp_path) == list(enumerate(records(1, 2010), 1))


def test_position_that_cannot_be_reserved_is_not_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk at that moment is a refusal like any other."""
    log = open_log(tmp_path)

    def refuse(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(writer_file.os, "pwrite", refuse)
        with pytest.raises(LedgerError, match="No space"):
            log.append([b"one"])
    assert log.newest == 0
    assert log.append([b"one"]) == 1
    log.close()


def test_lock_is_free_after_a_refused_start(tmp_path: Path, disk: HarmedDisk) -> None:
    """A log that could not be opened holds nothing."""
    disk.fail_after(0, apsw.FullError)
    with pytest.raises(LedgerError, match="cannot open the ledger"):
        open_log(tmp_path)
    disk.heal()
    open_log(tmp_path).close()


def test_damaged_writer_file_is_taken_for_an_empty_one(tmp_path: Path) -> None:
    """Its checksum says so; what the log holds counts."""
    log = open_log(tmp_path)
    log.append(records(1, 5))
    log.close()
    (tmp_path / writer_file.NAME).write_bytes(b"MOLTWRT1" + os.urandom(20))
    writer = WriterFile(tmp_path)
    assert (writer.reserved, writer.closed) == (0, None)
    writer.abandon()
    news = News()
    log = open_log(tmp_path, news)
    assert log.append([b"six"]) == 6
    assert news.told == []
    log.close()


LIMITED = """
import sys
from pathlib import Path
from Kernel.contract.errors import LedgerError
from tests.zones.ledger.damage import open_log
log = open_log(Path(sys.argv[1]))
count = 0
try:
    while True:
        log.append([b"x" * 1000] * 100)
        count += 100
except LedgerError as error:
    print(count, log.newest, error.message)
"""


@pytest.mark.slow
def test_real_limit_of_a_file_is_a_refusal(tmp_path: Path) -> None:
    """What the system refuses comes as an error, and what was acknowledged before is there."""

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (12 * 2**20, 12 * 2**20))

    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path)],
        cwd=ROOT,
        preexec_fn=limit,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    count, newest, *words = done.stdout.split()
    assert count == newest
    assert words[:2] == ["cannot", "store"]
    log = open_log(tmp_path)
    assert log.newest >= int(count)
    log.append([b"next"])
    log.close()
    assert verify(LedgerReader(tmp_path)).ok
