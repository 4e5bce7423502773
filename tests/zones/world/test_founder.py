"""What a founder leaves under the arena's name, whatever it finds there, and what it says."""

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest

from Kernel.contract.arena import HEADER_BYTES, ArenaWords, Header, Side, State, check_arena
from Kernel.contract.errors import ConfigError, NoRoom
from Kernel.contract.founding_report import FoundingReport, parse_report, report_path
from Kernel.contract.inputs import SET_PARAM, Input
from Kernel.contract.rings import ENTRY
from tests.zones.world.paper_log import PaperLog
from tests.zones.world.test_migration import Foreign
from tests.zones.world.worlds import copy_of, make_engine, read_events, run, send
from zones.runtime import arena_place
from zones.runtime.arena_image import copy_committed, write_into
from zones.runtime.arena_memory import map_arena
from zones.runtime.arena_place import ArenaPlace
from zones.runtime.snapshot_file import write_snapshot
from zones.world import replaying
from zones.world.catching_up import CatchUp
from zones.world.columns import open_world
from zones.world.founder import Founder
from zones.world.inspection import find_damage
from zones.world.settings import parse_settings
from zones.world.world_hash import world_hash

VALUES = {"seed": 6, "entities": 50, "max_entities": 80, "resources": 70}


class Home:
    """Folders of a home, and founders at work in them."""

    def __init__(self, root: Path) -> None:
        self.folders = [root / "shm", root / "data"]
        self.snapshots = root / "snapshots"
        self.ledger = root / "ledger"
        for folder in (*self.folders, self.snapshots):
            folder.mkdir()
        self.arena = self.folders[0] / "stable.arena"

    def found(self, inspect: Path | None = None, **values: Any) -> FoundingReport:
        """Run a founder and return what it reports; the report is gone then."""
        place = ArenaPlace("stable", self.folders)
        settings = parse_settings({**VALUES, **values})
        catch_up = CatchUp(
            "stable", self.ledger, self.snapshots / ".mark", 1, settings.replay_ticks_max, print
        )
        stamp = lambda: (os.urandom(16), 1)  # noqa: E731
        founder = Founder("stable", place, self.snapshots, settings, stamp, catch_up)
        founder.see_to(inspect)
        for folder in self.folders:
            path = report_path(folder, "stable")
            if path.exists():
                report = parse_report(path.read_bytes())
                path.unlink()
        assert not list(self.folders[0].glob("*.new"))
        return report

    def words(self, path: Path | None = None) -> ArenaWords:
        """Return an arena, writable."""
        fd = os.open(path or self.arena, os.O_RDWR)
        try:
            return map_arena(fd, writable=True)
        finally:
            os.close(fd)

    def lived(self, ticks: int) -> ArenaWords:
        """Found a world and run it for some ticks."""
        self.found()
        words = self.words()
        run(words, ticks)
        return words

    def snapshot(self, words: ArenaWords) -> Path:
        """Write a snapshot of a world."""
        return write_snapshot(self.snapshots, copy_committed(words)).path


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Give empty folders."""
    return Home(tmp_path)


def test_first_world_is_founded_and_nothing_is_amiss(home: Home) -> None:
    """No arena, no snapshot: the seed, at tick 0, with no note."""
    report = home.found()
    assert (report.did, report.tick, report.aside, report.notes) == ("founded", 0, "", ())
    assert find_damage(home.words()) == ""
    side = (home.folders[0] / "stable.side").read_bytes()
    assert len(side) == Side.BYTES
    assert side[Side.ARENA_ID :][:16] == home.words().get_bytes(Header.ARENA_ID, 16)


def test_sound_arena_is_left_as_it_is(home: Home) -> None:
    """Inspecting changes no byte and no name."""
    words = home.lived(20)
    before, inode = bytes(words.memory), home.arena.stat().st_ino
    report = home.found(home.arena)
    assert (report.did, report.tick, report.notes) == ("kept", 20, ())
    assert home.arena.stat().st_ino == inode and bytes(home.words().memory) == before


def harm_header(path: Path) -> None:
    """Break the magic."""
    with path.open("r+b") as file:
        file.write(b"garbage!")


def harm_version(path: Path) -> None:
    """Make it an arena of another form."""
    with path.open("r+b") as file:
        file.seek(Header.VERSION)
        file.write((99).to_bytes(8, "little"))


def harm_length(path: Path) -> None:
    """Cut the file in the middle of a column."""
    os.truncate(path, path.stat().st_size - 5000)


def harm_all(path: Path) -> None:
    """Leave nothing."""
    os.truncate(path, 0)


def harm_schema(path: Path) -> None:
    """Damage the text behind a sound header."""
    with path.open("r+b") as file:
        file.seek(HEADER_BYTES + 100)
        file.write(bytes(50))


def harm_foreign(path: Path) -> None:
    """Name columns that the text does not tell of, and damage the text."""
    with path.open("r+b") as file:
        file.seek(Header.SCHEMA_HASH)
        file.write(bytes(32))
    harm_schema(path)


HARM = [harm_header, harm_version, harm_length, harm_all, harm_schema, harm_foreign]


@pytest.mark.parametrize("harm", HARM)
def test_damaged_arena_is_set_aside_and_the_world_restored(home: Home, harm: Any) -> None:
    """The newest good snapshot, the damaged file under another name, and a note that says so."""
    words = home.lived(20)
    home.snapshot(words)
    wanted = world_hash(words)
    run(words, 7)
    harm(home.arena)
    damaged = home.arena.read_bytes()
    report = home.found(home.arena)
    assert (report.did, report.tick) == ("restored", 20)
    assert (home.folders[0] / report.aside).read_bytes() == damaged
    assert report.notes[0].degraded and "it was set aside" in report.notes[0].why
    assert world_hash(home.words()) == wanted


@pytest.mark.parametrize("harm", HARM)
def test_without_a_snapshot_it_is_founded_anew_and_said_loudly(home: Home, harm: Any) -> None:
    """Never in silence: what was wrong, that nothing could be restored, where the old file is."""
    home.lived(20)
    harm(home.arena)
    report = home.found(home.arena)
    assert (report.did, report.tick) == ("founded", 0)
    assert (home.folders[0] / report.aside).exists()
    assert "a new one was founded from seed 6" in report.notes[-1].why
    assert all(note.degraded and note.why.startswith("cannot") for note in report.notes)


@pytest.mark.parametrize("lost", [7, 0])
@pytest.mark.parametrize("harm", [harm_schema, harm_length])
def test_lost_ticks_are_counted(home: Home, harm: Any, lost: int) -> None:
    """Where the damaged arena still says its tick, the note says how many are lost, also none."""
    words = home.lived(20)
    home.snapshot(words)
    run(words, lost)
    harm(home.arena)
    report = home.found(home.arena)
    assert any(f"{lost} ticks are lost" in note.why for note in report.notes)


def test_who_did_not_say_what_is_lost(home: Home) -> None:
    """An arena of which nothing is left is named as the one that cannot say it."""
    home.snapshot(home.lived(20))
    home.arena.write_bytes(bytes(8192))
    report = home.found(home.arena)
    said = "the arena that was there did not say how many ticks are lost"
    assert any(said in note.why for note in report.notes)


def test_damaged_snapshots_are_passed_over_and_named(home: Home) -> None:
    """An older good one wins over a newer damaged one, and the damaged one is said."""
    words = home.lived(10)
    home.snapshot(words)
    run(words, 5)
    newest = home.snapshot(words)
    newest.write_bytes(newest.read_bytes()[:-9])
    home.arena.unlink()
    report = home.found()
    assert (report.did, report.tick) == ("restored", 10)
    assert any(str(newest) in note.why and note.degraded for note in report.notes)


def test_snapshot_of_a_damaged_world_is_not_restored(home: Home) -> None:
    """A snapshot may be whole and hold a world that is not: the one before it is taken."""
    words = home.lived(10)
    home.snapshot(words)
    run(words, 5)
    open_world(words).committed.id[:] = 0
    home.snapshot(words)
    home.arena.unlink()
    assert home.found().tick == 10


def test_restoring_after_a_reboot_is_no_fault(home: Home) -> None:
    """Shared memory is gone, the snapshot is good: said, not degraded."""
    home.snapshot(home.lived(10))
    home.arena.unlink()
    report = home.found()
    assert report.did == "restored" and not any(note.degraded for note in report.notes)


def as_foreign(home: Home, words: ArenaWords) -> None:
    """Write the world as another build would: columns in another order, another schema hash."""
    foreign = Foreign(copy_committed(words))
    foreign.told["columns"].reverse()
    image = foreign.built()
    home.arena.unlink()
    place = ArenaPlace("stable", home.folders)
    draft = place.reserve(image.buffers().file_bytes)
    from_ring = copy_of(words)
    check_arena(from_ring, "test")
    write_into(draft.words, image, words.get_bytes(Header.ARENA_ID, 16), 1)
    check_arena(draft.words, "test")
    draft.words.inbox()[:] = from_ring.inbox()
    draft.words.outbox()[:] = from_ring.outbox()
    tick = words.get(Header.COMMIT)
    for offset in (Header.INBOX_HEAD, Header.INBOX_NEXT, Header.EPOCH):
        draft.words.put(offset, words.get(offset))
    for each in (tick, tick + 1):
        for place_in_state in (State.OUTBOX_HEAD, State.INBOX_CURSOR, State.INBOX_OFFSET):
            draft.words.put_state(each, place_in_state, words.state(tick, place_in_state))
    place.install(draft, FoundingReport("founded", tick))
    report_path(home.folders[0], "stable").unlink()


def test_arena_of_another_build_is_migrated_at_its_tick(home: Home) -> None:
    """Nothing is lost: tick, hash, waiting inputs, events nobody has stored; the old file stays."""
    words = home.lived(20)
    waiting = Input(kind=SET_PARAM, at_tick=25, param="friction", value=0.5)
    send(words, waiting)
    send(words, Input(kind=SET_PARAM, at_tick=0, param="mutation", value=0.25))
    run(words, 1)
    wanted = world_hash(words)
    told = read_events(words)
    words.put(Header.EPOCH, 7)
    as_foreign(home, words)
    old = home.arena.read_bytes()
    report = home.found(home.arena)
    assert (report.did, report.tick) == ("migrated", 21)
    assert (home.folders[0] / report.aside).read_bytes() == old
    assert not any(note.degraded for note in report.notes)
    new = home.words()
    assert world_hash(new) == wanted and new.get(Header.EPOCH) == 7
    first = ENTRY.unpack_from(new.outbox(), 0)[0]
    events = read_events(new, first)
    assert events[:-1] == told
    assert events[-1]["kind"] == "world.migrated" and events[-1]["tick"] == 21
    engine = make_engine(new)
    for _ in range(5):
        engine.tick()
    assert open_world(new).committed.parameters[0] == 0.5, "the waiting input was applied"
    assert find_damage(new) == ""


def test_only_events_that_are_not_stored_come_along(home: Home) -> None:
    """What the side page says is stored begins the new journal nowhere."""
    words = home.lived(5)
    for value in (0.1, 0.2, 0.3):
        send(words, Input(kind=SET_PARAM, at_tick=0, param="mutation", value=value))
        run(words, 1)
    side = home.folders[0] / "stable.side"
    data = bytearray(side.read_bytes())
    tick = words.get(Header.COMMIT)
    first = ENTRY.unpack_from(words.outbox(), 0)[0]
    length = ENTRY.unpack_from(words.outbox(), 0)[1]
    data[Side.OUTBOX_ACKED : Side.OUTBOX_ACKED + 8] = (first + 1).to_bytes(8, "little")
    behind = ENTRY.size + (length + 7) // 8 * 8
    data[Side.OUTBOX_ACKED_OFFSET : Side.OUTBOX_ACKED_OFFSET + 8] = behind.to_bytes(8, "little")
    side.write_bytes(data)
    report = home.found(home.arena, max_entities=100)
    assert report.did == "migrated" and report.tick == tick
    events = read_events(home.words(), first + 1)
    assert [event["kind"] for event in events] == ["input.applied"] * 2 + ["world.migrated"]
    assert len((home.folders[0] / "stable.side").read_bytes()) == Side.BYTES


def test_larger_world_by_the_settings(home: Home) -> None:
    """More max_entities than the arena has: grown at its tick, the same Molbots, and said."""
    words = home.lived(20)
    report = home.found(home.arena, max_entities=200)
    assert (report.did, report.tick) == ("migrated", 20)
    assert any("200 slots instead of 80" in note.why for note in report.notes)
    assert home.words().get(Header.CAPACITY) == 200
    assert open_world(home.words()).extent.resources == 70
    again = home.found(home.arena, max_entities=200)
    assert again.did == "kept"
    assert open_world(words).capacity == 80, "the old file is as it was"


def test_smaller_world_only_if_it_fits(home: Home) -> None:
    """Fewer slots than live in it: kept as it is, the note gives both numbers and a way."""
    home.lived(5)
    report = home.found(home.arena, max_entities=10, entities=10)
    assert report.did == "kept" and home.words().get(Header.CAPACITY) == 80
    (note,) = report.notes
    assert "cannot give the world 10 slots" in note.why and "max_entities=80" in note.hint


def test_snapshot_of_another_build_is_migrated(home: Home) -> None:
    """After a reboot the only snapshot is one of other columns: the world comes back."""
    words = home.lived(20)
    wanted = world_hash(words)
    foreign = Foreign(copy_committed(words))
    foreign.told["columns"].reverse()
    write_snapshot(home.snapshots, foreign.built())
    home.arena.unlink()
    report = home.found()
    assert (report.did, report.tick) == ("restored", 20)
    new = home.words()
    assert world_hash(new) == wanted
    events = read_events(new, new.state(20, State.OUTBOX_NEXT) - 2)
    assert [event["kind"] for event in events] == ["world.restored", "world.migrated"]
    assert "from_arena" not in events[1], "the restoring says where it comes from"


def lived_on(home: Home, known: int, ticks: int) -> tuple[Path, bytes]:
    """Leave a snapshot of tick 20, a log up to tick `known`, and a world of `ticks` ticks.

    Returns:
        The snapshot, and the hash of tick `known`.
    """
    words = home.lived(20)
    snapshot = home.snapshot(words)
    engine = make_engine(words)
    wanted = b""
    for tick in range(21, ticks + 1):
        if tick in (25, known):
            send(words, Input(SET_PARAM, param="friction", value=tick / 1000))
        engine.tick()
        wanted = world_hash(words) if tick == known else wanted
    log = PaperLog(home.ledger)
    log.store(words)
    log.close()
    return snapshot, wanted


def test_after_a_reboot_the_log_brings_the_world_back(home: Home) -> None:
    """Arena gone: snapshot and inputs, to the newest tick the log knows; nothing is degraded."""
    _, wanted = lived_on(home, known=40, ticks=47)
    home.arena.unlink()
    report = home.found()
    assert (report.did, report.tick) == ("restored", 40)
    (note,) = report.notes
    assert note.what == "world" and not note.degraded
    assert note.why.startswith(
        "the world was restored from the snapshot of tick 20, 2 inputs and 20 ticks replayed "
        "to tick 40 in "
    )
    assert report.replayed is not None
    assert (report.replayed.from_tick, report.replayed.inputs) == (20, 2)
    assert world_hash(home.words()) == wanted
    assert find_damage(home.words()) == ""


def test_damaged_arena_loses_only_what_no_log_knows(home: Home) -> None:
    """The header says tick 47, the log knows 40: 7 ticks are lost."""
    lived_on(home, known=40, ticks=47)
    with home.arena.open("r+b") as file:
        file.seek(HEADER_BYTES + 100)
        file.write(bytes(50))
    report = home.found(home.arena)
    note = next(each for each in report.notes if each.what == "world")
    assert note.degraded and note.why.endswith("; 7 ticks are lost")
    assert report.tick == 40


def test_world_that_only_the_log_knows_is_told_of(home: Home) -> None:
    """No arena, no snapshot: a new world, and a word about the one that was."""
    snapshot, _ = lived_on(home, known=40, ticks=47)
    home.arena.unlink()
    snapshot.unlink()
    report = home.found()
    assert (report.did, report.tick) == ("founded", 0)
    (note,) = report.notes
    assert note.degraded
    assert "cannot bring the world back that the log tells of up to tick 40" in note.why


def test_way_that_is_too_long_is_told(home: Home) -> None:
    """No arena was lost, but the log knows of more than may be replayed."""
    lived_on(home, known=40, ticks=47)
    home.arena.unlink()
    report = home.found(replay_ticks_max=5)
    assert report.tick == 25
    (note,) = report.notes
    assert note.degraded
    assert note.why.endswith("; 15 ticks are lost: cannot replay 20 ticks: replay_ticks_max is 5")


def test_replay_that_fails_leaves_the_snapshot(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be computed again is given up whole: the world is that of the snapshot."""
    lived_on(home, known=40, ticks=47)
    home.arena.unlink()

    def refuse(*_arguments: object) -> None:
        raise ConfigError("cannot apply so many")

    monkeypatch.setattr(replaying, "send", refuse)
    report = home.found()
    assert report.tick == 20
    (note,) = report.notes
    assert note.degraded
    assert note.why.endswith("cannot replay what the log knows: cannot apply so many")
    (event,) = read_events(home.words(), home.words().state(20, State.OUTBOX_NEXT) - 1)
    assert (event["kind"], event["tick"]) == ("world.restored", 20)


def test_migrated_world_says_where_it_comes_from(home: Home) -> None:
    """A later replay goes on from the old arena to the new one."""
    words = home.lived(20)
    home.snapshot(words)
    send(words, Input(SET_PARAM, param="friction", value=0.4))
    run(words, 10)
    log = PaperLog(home.ledger)
    log.store(words)
    home.found(home.arena, max_entities=90)
    new = home.words()
    carried, event = read_events(new, new.state(30, State.OUTBOX_NEXT) - 2)
    assert carried["kind"] == "input.applied", "nobody had said that it is stored"
    assert event["from_arena"] == words.get_bytes(Header.ARENA_ID, 16).hex()
    send(new, Input(SET_PARAM, param="friction", value=0.9))
    run(new, 10)
    log.store(new)
    log.close()
    home.arena.unlink()
    report = home.found(max_entities=90)
    assert report.tick == 31
    doubt = next(each for each in report.notes if each.what == "replay")
    assert "its columns or its size were changed at tick 30" in doubt.why


def test_world_that_cannot_be_migrated_is_set_aside(home: Home) -> None:
    """A foreign arena without a column that must be there: restored, and the column is named."""
    words = home.lived(20)
    home.snapshot(words)
    text = words.schema()
    told = json.loads(text)
    assert told["columns"][0]["name"] == "x"
    words.put_bytes(HEADER_BYTES, text.replace(b'"name":"energy"', b'"name":"enorgy"'))
    words.put_bytes(Header.SCHEMA_HASH, b"x" * 32)
    report = home.found(home.arena)
    assert report.did == "restored"
    assert "its column energy cannot be used" in report.notes[0].why


def test_arena_elsewhere_is_replaced_and_set_aside(home: Home) -> None:
    """A bad arena in the second folder must not come back once the first is lost."""
    words = home.lived(10)
    home.snapshot(words)
    elsewhere = home.folders[1] / "stable.arena"
    home.arena.rename(elsewhere)
    harm_header(elsewhere)
    report = home.found(elsewhere)
    assert report.did == "restored" and home.arena.exists()
    assert not elsewhere.exists() and (home.folders[1] / report.aside).exists()


def no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no folder have room for anything."""

    def refuse(path: Path, size_bytes: int) -> int:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(arena_place, "reserve_file", refuse)


def test_no_room_to_grow_costs_no_world(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """A world that cannot be copied goes on where it is, and it is said."""
    home.lived(20)
    no_room(monkeypatch)
    report = home.found(home.arena, max_entities=200)
    assert (report.did, report.tick) == ("kept", 20)
    assert "no room" in report.notes[0].why and report.notes[0].hint == "df -h"


def test_no_room_to_migrate_costs_no_world(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of another build stays where it is until there is room; no snapshot takes its place."""
    words = home.lived(20)
    home.snapshot(words)
    as_foreign(home, words)
    before = home.arena.read_bytes()
    no_room(monkeypatch)
    with pytest.raises(NoRoom):
        home.found(home.arena)
    assert home.arena.read_bytes() == before
    assert not list(home.folders[0].glob("*set-aside-2"))


def test_many_damaged_snapshots_do_not_hide_what_was_done(home: Home) -> None:
    """Some are named, the others counted; the last note says that a new world was founded."""
    words = home.lived(1)
    for _ in range(20):
        path = home.snapshot(words)
        path.write_bytes(path.read_bytes()[:-1])
        run(words, 1)
    home.arena.unlink()
    report = home.found()
    assert "; and 17 more" in report.notes[0].why
    assert "a new one was founded" in report.notes[-1].why


def test_events_that_cannot_be_found_are_said(home: Home) -> None:
    """A ring that has come round, and nobody knows what is stored: it is said."""
    words = home.lived(5)
    for tick in (5, 6):
        words.put_state(tick, State.OUTBOX_HEAD, 5 * len(words.outbox()))
    report = home.found(home.arena, max_entities=200)
    assert report.did == "migrated"
    assert any(note.what == "events" and note.degraded for note in report.notes)
    (event,) = read_events(home.words(), home.words().state(5, State.OUTBOX_NEXT) - 1)
    assert event["kind"] == "world.migrated"


def test_damaged_event_loses_the_waiting_ones_and_is_said(home: Home) -> None:
    """Numbers have no hole: behind a damaged entry nothing can be read, and it is told."""
    words = home.lived(5)
    for value in (0.1, 0.2):
        send(words, Input(kind=SET_PARAM, at_tick=0, param="mutation", value=value))
        run(words, 1)
    words.outbox()[20] ^= 0xFF
    report = home.found(home.arena, max_entities=200)
    assert any("cannot bring events" in note.why for note in report.notes)
    new = home.words()
    (event,) = read_events(new, new.state(7, State.OUTBOX_NEXT) - 1)
    assert event["kind"] == "world.migrated"
