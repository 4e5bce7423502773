"""Whether an acknowledgement can be trusted: what can be seen is seen, and said."""

from pathlib import Path

import pytest

from tests.support.logs import QuietLog
from tests.zones.ledger.damage import open_log
from tests.zones.ledger.paper_log import PaperLog
from zones.ledger.committer import Committer
from zones.ledger.flush_check import FlushCheck, find_mount, judge, measure

WAL = {"journal_mode": "wal", "synchronous": 2}
NONE: frozenset[str] = frozenset()
MOUNTS = """\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,barrier=0
23 22 0:5 / /dev/shm rw,nosuid - tmpfs tmpfs rw
"""


def test_a_disk_that_syncs_is_trusted() -> None:
    """Nothing is said against a sync that takes its time."""
    assert judge("ext4", NONE, 1.2, 95.0, WAL) == ""


@pytest.mark.parametrize(
    ("file_system", "options", "sync_us", "pragmas", "said"),
    [
        ("tmpfs", NONE, 95.0, WAL, "in memory"),
        ("ext4", frozenset({"rw", "barrier=0"}), 95.0, WAL, "barrier=0"),
        ("ext4", NONE, 2.0, WAL, "cannot reach a disk"),
        ("ext4", NONE, 95.0, {"journal_mode": "wal", "synchronous": 1}, "does not sync"),
        ("ext4", NONE, 95.0, {"journal_mode": "delete", "synchronous": 2}, "does not sync"),
    ],
)
def test_what_speaks_against_it_is_said(
    file_system: str, options: frozenset[str], sync_us: float, pragmas: dict, said: str
) -> None:
    """Memory, barriers switched off, syncs that are swallowed or never asked for."""
    assert said in judge(file_system, options, 1.0, sync_us, pragmas)


def test_a_log_says_what_was_found(tmp_path: Path) -> None:
    """The check runs at the start, on the real folder, with the real pragmas."""
    log = open_log(tmp_path)
    assert log.flush.sync_us > log.flush.plain_us > 0
    assert "SQLite" not in log.flush.why
    assert set(log.flush.fields()) == {"trusted", "why", "file_system", "plain_us", "sync_us"}
    log.close()
    assert not list(tmp_path.glob(".flush*"))


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="there is no /dev/shm")
def test_memory_is_measured_as_memory() -> None:
    """A sync in shared memory takes no time, and its file system says what it is."""
    folder = Path("/dev/shm")
    plain_us, sync_us = measure(folder)
    mounts = Path("/proc/self/mountinfo").read_text()
    assert find_mount(folder, mounts)[0] == "tmpfs"
    assert "in memory" in judge("tmpfs", NONE, plain_us, sync_us, WAL)


def test_mount_is_found_by_device(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The line of the right device counts; without one the type is unknown."""

    class Status:
        st_dev = 254 << 8

    monkeypatch.setattr("zones.ledger.flush_check.os.stat", lambda _: Status)
    file_system, options = find_mount(tmp_path, MOUNTS)
    assert (file_system, "barrier=0" in options) == ("ext4", True)
    assert find_mount(tmp_path, "") == ("unknown", NONE)


def test_what_cannot_be_trusted_is_a_degraded_state() -> None:
    """The archive says so for as long as it runs, with what shows more."""
    log = PaperLog()
    committer = Committer(lambda: log, lambda first, batch: None, QuietLog())
    assert committer.try_again(0.0)
    assert committer.degraded() == []
    log.flush = FlushCheck("the ledger is on tmpfs", "findmnt -T x", "tmpfs", 1.0, 1.1)
    (degraded,) = committer.degraded()
    assert (degraded.what, degraded.hint) == ("archive.flush", "findmnt -T x")
    assert degraded.why.startswith("cannot trust")
