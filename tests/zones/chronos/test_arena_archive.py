"""The archive of one arena on a toy world: nothing lost, nothing twice, disks that refuse."""

import errno
import json
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from Kernel.contract.arena import ArenaWords, Header, Side, State, check_arena
from tests.zones.runtime.small_arena import advance, small_arena
from zones.chronos.arena_archive import ArenaArchive, Directories
from zones.chronos.settings import ArchiveSettings
from zones.runtime.arena_image import copy_committed, write_into
from zones.runtime.snapshot_file import good_snapshots, read_snapshot

TELEMETRY = {"kind": "telemetry"}


class Log:
    """A logger that remembers event names."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def info(self, event: str, **values: Any) -> None:
        """Remember the event."""
        self.events.append(event)

    warning = error = info


class Bench:
    """A world, its side mapping, a home, and the archives that come and go."""

    def __init__(self, home: Path, **settings: int) -> None:
        self.words = small_arena()
        self.side = memoryview(bytearray(Side.BYTES))
        self.directories = Directories(home / "data" / "snapshots", home / "data" / "journal")
        self.settings = ArchiveSettings(**settings)
        self.log = Log()
        self.pulses = 0
        self.start()

    def start(self) -> None:
        """Start an archive, as after a fork: only files and mappings are left of the last."""
        words = ArenaWords(self.words.memory)
        check_arena(words, "test")
        self.archive = ArenaArchive(
            "stable",
            words,
            self.side,
            self.directories,
            self.settings,
            self.log,  # type: ignore[arg-type]  # only what is called is there
            self._pulse,
            lambda: 1_700_000_000.0,
        )

    def reboot(self) -> None:
        """Lose the side mapping and the archive."""
        self.archive.close()
        self.side = memoryview(bytearray(Side.BYTES))
        self.start()

    def _pulse(self) -> None:
        self.pulses += 1

    @property
    def journal(self) -> Path:
        """The growing journal file."""
        arena = self.words.get_bytes(Header.ARENA_ID, 16).hex()
        return self.directories.journal / f"{arena}.jsonl"

    def lines(self) -> list[dict[str, Any]]:
        """Return all lines of this arena, those set aside first."""
        files = sorted(self.directories.journal.glob(f"{self.journal.stem}.*.jsonl"))
        files += [self.journal] if self.journal.exists() else []
        text = b"".join(file.read_bytes() for file in files)
        return [json.loads(line) for line in text.splitlines()]

    def acknowledged(self) -> tuple[int, int]:
        """Return what the side mapping says: sequence and offset."""
        side = self.side.cast("Q")
        return side[Side.OUTBOX_ACKED >> 3], side[Side.OUTBOX_ACKED_OFFSET >> 3]

    def committed(self) -> tuple[int, int]:
        """Return sequence and offset behind the newest committed event."""
        tick = self.words.get(Header.COMMIT)
        words = self.words
        return words.state(tick, State.OUTBOX_NEXT), words.state(tick, State.OUTBOX_HEAD)


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


def test_events_are_stored_then_acknowledged(bench: Bench) -> None:
    """Each event is one line, in order, and the world is told what is stored."""
    advance(bench.words, ({"kind": "input.applied", "sequence": 0, "input": {}}, TELEMETRY))
    advance(bench.words)
    advance(bench.words, (TELEMETRY,))
    bench.archive.store_events(0.0)
    lines = bench.lines()
    assert [line["position"] for line in lines] == [0, 1, 2]
    assert [line["sequence"] for line in lines] == [0, 1, 2]
    assert [line["tick"] for line in lines] == [1, 1, 3]
    assert [line["kind"] for line in lines] == ["input.applied", "telemetry", "telemetry"]
    assert lines[0]["payload"] == {
        "tick": 1,
        "kind": "input.applied",
        "sequence": 0,
        "input": {},
    }
    assert bench.acknowledged() == bench.committed()
    bench.archive.store_events(1.0)
    assert len(bench.lines()) == 3
    assert bench.archive.degraded() == []


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.one_of(
            st.integers(0, 4).map(lambda count: ("tick", count)),
            st.sampled_from([("store", 0), ("kill", 0), ("reboot", 0)]),
            st.integers(1, 300).map(lambda cut: ("tear", cut)),
        ),
        max_size=25,
    )
)
def test_killed_at_any_moment_each_event_is_stored_once(
    tmp_path_factory: pytest.TempPathFactory, acts: list[tuple[str, int]]
) -> None:
    """Archives that are killed, restarted, rebooted, with torn files: every event, once."""
    bench = Bench(tmp_path_factory.mktemp("home"))
    for act, number in acts:
        if act == "tick":
            advance(bench.words, (TELEMETRY,) * number)
        elif act == "store":
            bench.archive.store_events(0.0)
        elif act == "kill":
            bench.start()
        elif act == "reboot":
            bench.reboot()
        elif bench.journal.exists():
            # Appended but not yet acknowledged when it was killed; what was acknowledged is on
            # the disk and cannot be torn.
            with bench.journal.open("ab") as file:
                file.write(b'{"position":' + b"9" * number)
            bench.start()
    bench.archive.store_events(0.0)
    lines = bench.lines()
    assert [line["sequence"] for line in lines] == list(range(bench.committed()[0]))
    assert [line["position"] for line in lines] == list(range(len(lines)))
    assert bench.acknowledged() == bench.committed()
    assert "archive.events_lost" not in bench.log.events


def test_after_a_boot_the_world_gets_room_at_once(bench: Bench) -> None:
    """The journal's tail is acknowledged when it is opened, before any new event."""
    advance(bench.words, (TELEMETRY,))
    bench.archive.store_events(0.0)
    before = bench.acknowledged()
    bench.reboot()
    assert bench.acknowledged() == (0, 0)
    bench.archive.store_events(0.0)
    assert bench.acknowledged() == before


def test_ring_goes_round_many_times(bench: Bench) -> None:
    """Events are read over the end of the ring, whatever their sizes."""
    for number in range(400):
        advance(bench.words, ({**TELEMETRY, "pad": b"\0" * (number * 37 % 20_000)},))
        if number % 7 == 0:
            bench.archive.store_events(0.0)
    bench.archive.store_events(0.0)
    assert bench.committed()[1] > 2 * len(bench.words.outbox())
    assert [line["sequence"] for line in bench.lines()] == list(range(400))


def test_hostile_entries_are_told_of(bench: Bench) -> None:
    """An entry that is no event is kept as refused, and the events around it are stored."""
    advance(bench.words, (TELEMETRY, b"\xc1garbage", TELEMETRY))
    bench.archive.store_events(0.0)
    kinds = [line["kind"] for line in bench.lines()]
    assert kinds == ["telemetry", "archive.refused", "telemetry"]
    assert "archive.events_refused" in bench.log.events
    assert bench.acknowledged() == bench.committed()


def test_damaged_ring_becomes_a_gap(bench: Bench) -> None:
    """Where the ring cannot be read the journal says what is missing, and goes on behind it."""
    advance(bench.words, (TELEMETRY, TELEMETRY))
    bench.words.outbox()[20] ^= 1
    bench.archive.store_events(0.0)
    advance(bench.words, (TELEMETRY,))
    bench.archive.store_events(0.0)
    gap, after = bench.lines()
    assert gap["kind"] == "archive.gap"
    assert (gap["payload"]["from_sequence"], gap["payload"]["to_sequence"]) == (0, 1)
    assert (after["kind"], after["sequence"]) == ("telemetry", 2)
    assert "archive.events_lost" in bench.log.events
    bench.start()
    bench.archive.store_events(0.0)
    assert len(bench.lines()) == 2


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([State.OUTBOX_HEAD, State.OUTBOX_NEXT, State.TICK]),
            st.one_of(st.integers(0, 2**64 - 1), st.integers(0, 2_000_000)),
        ),
        max_size=6,
    )
)
def test_hostile_words_never_end_the_archive(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, int]]
) -> None:
    """Whatever a world writes into its own words, storing and snapshots go on or say why not."""
    bench = Bench(tmp_path_factory.mktemp("home"), snapshot_interval_ticks=1)
    for place, value in changes:
        tick = advance(bench.words)
        bench.words.put_state(tick, place, value)
        bench.archive.store_events(0.0)
        bench.archive.keep_snapshot(0.0)
        if place != State.TICK:
            bench.words.put_state(tick, State.OUTBOX_HEAD, 0)
    assert all(entry.why.startswith("cannot ") for entry in bench.archive.degraded())


def test_full_disk_loses_no_event(bench: Bench) -> None:
    """While the journal cannot be written nothing is acknowledged; later all of it is stored."""
    advance(bench.words, (TELEMETRY,))
    bench.archive.store_events(0.0)
    stored = bench.acknowledged()
    advance(bench.words, ({**TELEMETRY, "pad": "x" * 5000},) * 3)
    with disk_full(6000):
        bench.archive.store_events(10.0)
    assert bench.acknowledged() == stored
    assert len(bench.lines()) == 1
    (trouble,) = bench.archive.degraded()
    assert trouble.what == "archive.journal stable"
    assert "cannot write" in trouble.why
    assert "File too large" in trouble.why
    bench.archive.store_events(10.5)
    assert bench.acknowledged() == stored  # not tried again before the pause is over
    bench.archive.store_events(11.0)
    assert bench.acknowledged() == bench.committed()
    assert [line["sequence"] for line in bench.lines()] == [0, 1, 2, 3]
    assert bench.archive.degraded() == []
    assert "archive.journal_recovered" in bench.log.events


def test_journal_deleted_under_the_archive(bench: Bench) -> None:
    """Events are never stored in a file without a name: said, and begun anew, nothing missing."""
    advance(bench.words, (TELEMETRY,) * 2)
    bench.archive.store_events(0.0)
    bench.journal.unlink()
    stored = bench.acknowledged()
    advance(bench.words, (TELEMETRY,))
    bench.archive.store_events(1.0)
    assert bench.acknowledged() == stored
    (trouble,) = bench.archive.degraded()
    assert "it was deleted" in trouble.why and trouble.hint.startswith("ls -ld")
    bench.archive.store_events(2.0)
    assert bench.acknowledged() == bench.committed() and bench.archive.degraded() == []
    assert [line["sequence"] for line in bench.lines()] == [0, 1, 2]


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
    """Journal and snapshot say why in the disk's words, with the command that shows it."""

    def refuse(*_args: object, **_more: object) -> int:
        raise OSError(number, os.strerror(number))

    for _ in range(300):
        advance(bench.words, (TELEMETRY,))
    with monkeypatch.context() as patched:
        patched.setattr(os, "open", refuse)
        bench.archive.store_events(0.0)
        bench.archive.keep_snapshot(0.0)
    troubles = bench.archive.degraded()
    assert len(troubles) == 2
    for trouble in troubles:
        assert os.strerror(number) in trouble.why and trouble.hint.startswith(hint)
    bench.archive.store_events(5.0)
    bench.archive.keep_snapshot(5.0)
    assert bench.archive.degraded() == []


def test_directory_that_cannot_be_made(tmp_path: Path) -> None:
    """A home where nothing can be written is degraded, and mends itself when it can be."""
    (tmp_path / "data").write_bytes(b"in the way")
    bench = Bench(tmp_path)
    advance(bench.words, (TELEMETRY,))
    bench.archive.store_events(0.0)
    for _ in range(300):
        advance(bench.words)
    bench.archive.keep_snapshot(0.0)
    troubles = bench.archive.degraded()
    assert [t.what for t in troubles] == ["archive.journal stable", "archive.snapshot stable"]
    assert bench.archive.facts()["degraded"] == [trouble.fields() for trouble in troubles]
    (tmp_path / "data").unlink()
    bench.archive.store_events(60.0)
    bench.archive.keep_snapshot(60.0)
    assert bench.archive.degraded() == []
    assert len(bench.lines()) == 1
    assert len(bench.archive.listed()) == 1


def test_snapshots_at_their_interval(tmp_path: Path) -> None:
    """A snapshot is taken at the first boundary seen after the interval; three are kept."""
    bench = Bench(tmp_path, snapshot_interval_ticks=10)
    taken = []
    for _ in range(58):
        tick = advance(bench.words)
        if tick % 3 == 0:
            bench.archive.keep_snapshot(float(tick))
        ticks = [entry["tick"] for entry in bench.archive.listed()]
        if ticks and (not taken or ticks[0] != taken[-1]):
            taken.append(ticks[0])
    assert taken == [12, 24, 36, 48]
    assert ticks == [48, 36, 24]
    bench.start()
    bench.archive.keep_snapshot(0.0)
    assert [entry["tick"] for entry in bench.archive.listed()] == [58, 48, 36]
    _, newest = next(good_snapshots(bench.directories.snapshots, []))
    assert newest == copy_committed(bench.words)


def test_damaged_snapshots_do_not_push_good_ones_out(tmp_path: Path) -> None:
    """A restarted archive verifies what it finds before it deletes anything."""
    bench = Bench(tmp_path, snapshots_kept=2)
    for _ in range(3):
        advance(bench.words)
        bench.archive.take_snapshot(0.0)
    newest = bench.directories.snapshots / os.path.basename(bench.archive.listed()[0]["path"])
    newest.write_bytes(newest.read_bytes()[:-9])
    bench.start()
    advance(bench.words)
    bench.archive.take_snapshot(0.0)
    assert [entry["tick"] for entry in bench.archive.listed()] == [4, 3, 2]
    assert "archive.snapshot_damaged" in bench.log.events
    advance(bench.words)
    bench.archive.take_snapshot(0.0)
    assert [entry["tick"] for entry in bench.archive.listed()] == [5, 4]


def test_snapshot_that_fails_is_tried_again(tmp_path: Path) -> None:
    """A full disk makes the snapshot degraded, keeps the old ones, and ends with the disk."""
    bench = Bench(tmp_path, snapshot_interval_ticks=5)
    for _ in range(5):
        advance(bench.words)
    bench.archive.keep_snapshot(0.0)
    for _ in range(5):
        advance(bench.words)
    body = bench.words.buffer_offset(10) + 8192
    bench.words.memory[body : body + 20_000] = os.urandom(20_000)
    with disk_full(2000):
        bench.archive.keep_snapshot(1.0)
    (trouble,) = bench.archive.degraded()
    assert trouble.what == "archive.snapshot stable"
    assert "cannot write snapshot" in trouble.why
    assert [entry["tick"] for entry in bench.archive.listed()] == [5]
    bench.archive.keep_snapshot(1.5)
    assert bench.archive.degraded() == [trouble]
    bench.archive.keep_snapshot(2.0)
    assert bench.archive.degraded() == []
    assert [entry["tick"] for entry in bench.archive.listed()] == [10, 5]


def test_journal_is_set_aside_and_bounded(tmp_path: Path) -> None:
    """A full journal goes on in a new file with its numbers; the oldest files are deleted."""
    bench = Bench(tmp_path, journal_file_mb=1, journal_files_kept=2)
    for _ in range(6):
        for _ in range(22):
            advance(bench.words, ({**TELEMETRY, "pad": "x" * 50_000},))
            bench.archive.store_events(0.0)
        bench.start()
    files = sorted(path.name for path in bench.directories.journal.iterdir())
    assert len(files) == 3
    lines = bench.lines()
    positions = [line["position"] for line in lines]
    assert positions == list(range(positions[0], 132))
    assert [line["sequence"] for line in lines] == positions
    assert "archive.journal_dropped" in bench.log.events
    # Restarted just after it was set aside, with an empty file: the numbers go on all the same.
    bench.journal.rename(bench.directories.journal / f"{bench.journal.stem}.999999999999.jsonl")
    bench.reboot()
    advance(bench.words, (TELEMETRY,))
    bench.archive.store_events(0.0)
    assert bench.lines()[-1]["position"] == 132


def test_clock_set_back_drops_no_new_journal(tmp_path: Path) -> None:
    """Which file is the oldest is told by positions: the hour may jump by a day."""
    bench = Bench(tmp_path, journal_file_mb=1, journal_files_kept=2)
    for day in range(6, 0, -1):
        for _ in range(22):
            advance(bench.words, ({**TELEMETRY, "pad": "x" * 50_000},))
            bench.archive.store_events(0.0)
        for path in bench.directories.journal.glob("*.*.jsonl"):
            if path.stat().st_mtime > 1_000_000:
                os.utime(path, (day * 86_400, day * 86_400))
    positions = [line["position"] for line in bench.lines()]
    assert positions == list(range(positions[0], 132)) and len(positions) > 44


def test_restored_world_has_a_journal_of_its_own(bench: Bench) -> None:
    """A world founded from a snapshot is another arena: its events begin a new journal."""
    advance(bench.words, (TELEMETRY,) * 3)
    bench.archive.store_events(0.0)
    image = read_snapshot(bench.archive.take_snapshot(0.0).path)
    old = bench.journal
    restored = ArenaWords(memoryview(bytearray(image.buffers().file_bytes)))
    write_into(restored, image, os.urandom(16), 5)
    check_arena(restored, "restored")
    bench.words = restored
    bench.reboot()
    advance(bench.words, (TELEMETRY,))
    bench.archive.store_events(0.0)
    assert bench.journal != old
    assert [line["sequence"] for line in bench.lines()] == [3]
    assert bench.acknowledged() == bench.committed()
    assert len(old.read_bytes().splitlines()) == 3
    assert "archive.events_lost" not in bench.log.events


def test_long_work_pulses(tmp_path: Path) -> None:
    """Storing and snapshots give the heartbeat its chance."""
    bench = Bench(tmp_path)
    for _ in range(3):
        advance(bench.words, (TELEMETRY,) * 700)
    bench.archive.store_events(0.0)
    assert len(bench.lines()) == 2100
    stored = bench.pulses
    assert stored >= 2
    bench.archive.take_snapshot(0.0)
    assert bench.pulses > stored
