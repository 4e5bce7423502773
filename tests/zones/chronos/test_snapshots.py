"""Snapshots of one arena on a toy world: the newest good ones stay, on disks that refuse."""

import errno
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from Kernel.contract.arena import ArenaWords, State, check_arena
from tests.support.logs import QuietLog
from tests.zones.runtime.small_arena import advance, small_arena
from zones.chronos.settings import ChronosSettings
from zones.chronos.snapshots import ArenaSnapshots
from zones.runtime.arena_image import copy_committed
from zones.runtime.snapshot_file import good_snapshots


class Bench:
    """A world, a home, and the processes that come and go."""

    def __init__(self, home: Path, **settings: int) -> None:
        self.words = small_arena()
        self.directory = home / "data" / "snapshots"
        self.settings = ChronosSettings(**settings)
        self.log = QuietLog()
        self.pulses = 0
        self.start()

    def start(self) -> None:
        """Start anew, as after a fork: only files and mappings are left of the last."""
        words = ArenaWords(self.words.memory)
        check_arena(words, "test")
        self.arena = ArenaSnapshots(
            "stable",
            words,
            self.directory,
            self.settings,
            self.log,  # type: ignore[arg-type]  # only what is called is there
            self._pulse,
        )

    def _pulse(self) -> None:
        self.pulses += 1


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """Give a bench with the default settings."""
    return Bench(tmp_path)


@contextmanager
def disk_full(limit_bytes: int) -> Iterator[None]:
    """Let no file grow beyond a limit, as a full disk would."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(0, 2**64 - 1), max_size=6))
def test_hostile_words_never_end_it(
    tmp_path_factory: pytest.TempPathFactory, ticks: list[int]
) -> None:
    """Whatever a world writes as its tick, snapshots go on or say why not."""
    bench = Bench(tmp_path_factory.mktemp("home"), snapshot_interval_ticks=1)
    for value in ticks:
        bench.words.put_state(advance(bench.words), State.TICK, value)
        bench.arena.keep_snapshot(0.0)
    assert all(entry.why.startswith("cannot ") for entry in bench.arena.degraded())


@pytest.mark.parametrize(
    ("number", "hint"),
    [
        (errno.ENOSPC, "df -h"), (errno.EDQUOT, "df -h"), (errno.EROFS, "findmnt -T"),
        (errno.EACCES, "ls -ld"), (errno.EMFILE, "ulimit -n"),
    ],
)  # fmt: skip
def test_each_refusal_has_what_helps(
    bench: Bench, number: int, hint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says why in the disk's words, with the command that shows it."""

    def refuse(*_args: object, **_more: object) -> int:
        raise OSError(number, os.strerror(number))

    for _ in range(300):
        advance(bench.words)
    with monkeypatch.context() as patched:
        patched.setattr(os, "open", refuse)
        bench.arena.keep_snapshot(0.0)
    (trouble,) = bench.arena.degraded()
    assert os.strerror(number) in trouble.why and trouble.hint.startswith(hint)
    bench.arena.keep_snapshot(5.0)
    assert bench.arena.degraded() == []


def test_directory_that_cannot_be_made(tmp_path: Path) -> None:
    """A home where nothing can be written is degraded, and mends itself when it can be."""
    (tmp_path / "data").write_bytes(b"in the way")
    bench = Bench(tmp_path)
    for _ in range(300):
        advance(bench.words)
    bench.arena.keep_snapshot(0.0)
    (trouble,) = bench.arena.degraded()
    assert trouble.what == "chronos.snapshot stable"
    assert bench.arena.facts()["degraded"] == [trouble.fields()]
    (tmp_path / "data").unlink()
    bench.arena.keep_snapshot(60.0)
    assert bench.arena.degraded() == [] and len(bench.arena.listed()) == 1


def test_snapshots_at_their_interval(tmp_path: Path) -> None:
    """One at once, then one at the first boundary seen after each interval; three are kept."""
    bench = Bench(tmp_path, snapshot_interval_ticks=10)
    taken = []
    for _ in range(58):
        tick = advance(bench.words)
        if tick % 3 == 0:
            bench.arena.keep_snapshot(float(tick))
        ticks = [entry["tick"] for entry in bench.arena.listed()]
        if ticks and (not taken or ticks[0] != taken[-1]):
            taken.append(ticks[0])
    assert taken == [3, 15, 27, 39, 51]
    assert ticks == [51, 39, 27]
    bench.start()
    for _ in range(3):
        advance(bench.words)
    bench.arena.keep_snapshot(0.0)
    assert [entry["tick"] for entry in bench.arena.listed()] == [61, 51, 39]
    _, newest = next(good_snapshots(bench.directory, []))
    assert newest == copy_committed(bench.words)


def test_damaged_snapshots_do_not_push_good_ones_out(tmp_path: Path) -> None:
    """A restarted archive verifies what it finds before it deletes anything."""
    bench = Bench(tmp_path, snapshots_kept=2)
    for _ in range(3):
        advance(bench.words)
        bench.arena.take_snapshot(0.0)
    newest = bench.directory / os.path.basename(bench.arena.listed()[0]["path"])
    newest.write_bytes(newest.read_bytes()[:-9])
    bench.start()
    advance(bench.words)
    bench.arena.take_snapshot(0.0)
    assert [entry["tick"] for entry in bench.arena.listed()] == [4, 3, 2]
    assert "chronos.snapshot_damaged" in bench.log.events
    advance(bench.words)
    bench.arena.take_snapshot(0.0)
    assert [entry["tick"] for entry in bench.arena.listed()] == [5, 4]


def test_snapshot_that_fails_is_tried_again(tmp_path: Path) -> None:
    """A full disk makes the snapshot degraded, keeps the old ones, and ends with the disk."""
    bench = Bench(tmp_path, snapshot_interval_ticks=5)
    for _ in range(5):
        advance(bench.words)
    bench.arena.keep_snapshot(0.0)
    for _ in range(5):
        advance(bench.words)
    body = bench.words.buffer_offset(10) + 8192
    bench.words.memory[body : body + 20_000] = os.urandom(20_000)
    with disk_full(2000):
        bench.arena.keep_snapshot(1.0)
    (trouble,) = bench.arena.degraded()
    assert trouble.what == "chronos.snapshot stable"
    assert "cannot write snapshot" in trouble.why
    assert [entry["tick"] for entry in bench.arena.listed()] == [5]
    bench.arena.keep_snapshot(1.5)
    assert bench.arena.degraded() == [trouble]
    bench.arena.keep_snapshot(2.0)
    assert bench.arena.degraded() == []
    assert [entry["tick"] for entry in bench.arena.listed()] == [10, 5]


def test_long_work_pulses(bench: Bench) -> None:
    """Writing a snapshot gives the heartbeat its chance."""
    bench.arena.take_snapshot(0.0)
    assert bench.pulses >= 1
