"""Opening a home and reading its world: what is found, what is refused, and whole ticks only."""

import os
import pickle
import signal
import time

import numpy as np
import pytest

from Kernel.contract.arena import ArenaWords, Header, State
from Kernel.contract.errors import ArenaError, NoArena, UsageError
from Kernel.contract.places import HOME_MARK, arena_places
from tests.zones.client.paper_world import COLS, GENES, PARAMETERS, ROWS, PaperWorld, describe
from zones.client import arena_reader, molbot_id, open_home
from zones.client.arena_reader import COPIES_MAX, NAPS_MAX
from zones.client.home import CHECKOUT


@pytest.fixture
def folder(home):
    """Give the best folder for an arena of the home."""
    return arena_places(home, os.getuid())[0]


class TestFinding:
    def test_shared_memory_comes_before_the_data(self, home, folder):
        """Of two arenas the one in shared memory is read; without it the one in the data is."""
        second = PaperWorld(home / "data" / "arenas")
        assert open_home(home).arena == second.arena
        first = PaperWorld(folder)
        assert open_home(home).arena == first.arena

    def test_home_may_be_text_or_in_the_environment(self, home, folder, monkeypatch):
        """A path may be given as text; without one it is MOLT_HOME, else the checkout."""
        world = PaperWorld(folder)
        monkeypatch.setenv("MOLT_HOME", str(home))
        assert open_home(str(home)).arena == open_home().arena == world.arena
        assert (CHECKOUT / "manifest.py").is_file()

    def test_no_home_and_no_arena(self, home):
        """A home that is not there and one without a world are told, with what to do."""
        with pytest.raises(NoArena, match="cannot find home") as missing:
            open_home(home / "not here")
        assert missing.value.hint == f"python manifest.py --home '{home}/not here'"
        with pytest.raises(NoArena, match="cannot find an arena of 'other'") as empty:
            open_home(home, "other")
        assert empty.value.exit_code == 69
        assert not list(home.iterdir()), "looking makes nothing"

    def test_arena_of_a_deleted_home_is_not_read(self, home, folder):
        """What a deleted home left at this path in shared memory is not this home's world."""
        PaperWorld(folder)
        (folder / HOME_MARK).write_text("old")
        for mark in (None, "new"):
            if mark:
                (home / "data").mkdir()
                (home / "data" / HOME_MARK).write_text(mark)
            with pytest.raises(NoArena):
                open_home(home)
        (home / "data" / HOME_MARK).write_text("old")
        assert open_home(home).read().tick == 0

    def test_a_link_in_shared_memory_is_refused(self, home, folder, tmp_path):
        """A folder that somebody else has put there as a link is not followed."""
        PaperWorld(tmp_path)
        folder.symlink_to(tmp_path)
        try:
            with pytest.raises(ArenaError, match="cannot use"):
                open_home(home)
        finally:
            folder.unlink()

    def test_what_is_no_arena_is_refused(self, home, folder):
        """Short, foreign and damaged files are refused by path, and none is taken for no world."""
        path = PaperWorld(folder).path
        whole = path.read_bytes()
        for damaged in (b"", b"x" * 4096, whole[:-4096], whole[:512] + b"\xff" * 8 + whole[520:]):
            path.write_bytes(damaged)
            with pytest.raises(ArenaError, match=f"cannot use {path}"):
                open_home(home)

    def test_what_may_not_be_read_is_told(self, home, folder, tmp_path):
        """An arena that the system does not let us open is refused with its path, not skipped."""
        PaperWorld(tmp_path).path.rename(tmp_path / "elsewhere")
        folder.mkdir()
        (folder / "stable.arena").symlink_to(tmp_path / "elsewhere")
        with pytest.raises(ArenaError, match=f"cannot read {folder}") as error:
            open_home(home)
        assert not isinstance(error.value, NoArena)

    def test_arena_of_another_build_is_told(self, home, folder):
        """A schema that lacks what a reader needs is refused, and says what it lacks."""
        schema = describe(6, 4)
        del schema["ground"]
        path = PaperWorld(folder, schema=schema).path
        with pytest.raises(ArenaError, match=f"it has no 'ground' \\(in {path}\\)"):
            open_home(home)

    def test_check_beside_a_running_world(self, home, folder, monkeypatch):
        """A world that commits between the two looks of a check is not taken for damaged."""
        world = PaperWorld(folder)
        looks = iter(range(3))

        def state(words, tick, offset):
            if next(looks, None) is not None:
                world.commit()
                world.commit()
            return old(words, tick, offset)

        old = ArenaWords.state
        monkeypatch.setattr(ArenaWords, "state", state)
        assert open_home(home).read().tick == 6


class TestFrame:
    def test_living_molbots_in_the_order_of_slots(self, home, folder):
        """A frame has living Molbots only, in slot order, with a row of genes each."""
        world = PaperWorld(folder)
        tick = world.commit()
        world.column("state", tick)[:] = [0, 1, 1, 0, 2, 1]
        world.column("id", tick)[:] = [10, 11, 12, 13, 14, 15]
        world.column("dna", tick)[:] = np.arange(6 * len(GENES))
        frame = open_home(home).read()
        assert frame.molbots.id.tolist() == [11, 12, 15]
        assert frame.molbots["dna"].shape == (3, len(GENES))
        assert frame.molbots.dna[:, 0].tolist() == [8, 16, 40]
        assert list(map(molbot_id, frame.molbots.id.tolist())) == ["mol_b", "mol_c", "mol_f"]

    def test_everything_else(self, home, folder):
        """Scalars, parameters, food and ground are there under their names, in their shapes."""
        world = PaperWorld(folder)
        world.commit()
        world.commit()
        frame = open_home(home).read()
        assert (frame.tick, frame.arena) == (2, world.arena)
        assert frame.scalars.population == 2 and type(frame.scalars.population) is int
        assert frame.scalars["light"] == 2.0 and type(frame.scalars.light) is float
        assert dict(frame.parameters) == dict.fromkeys(PARAMETERS, 2.0)
        assert set(frame.resources) == {"amount", "x"} and frame.resources.x.shape == (4,)
        assert frame.ground.height.shape == (ROWS, COLS)
        assert not {"touched", "log_tick"} & set(frame.molbots), "these are no Molbots' values"
        assert (frame.schema.width, frame.schema.genes) == (200.0, tuple(GENES))

    def test_only_what_is_asked_for(self, home, folder):
        """Names choose columns, one, several or none; an unknown one is told with those known."""
        PaperWorld(folder).commit(living=2)
        opened = open_home(home)
        frame = opened.read(["resource_x", "energy", "energy"])
        assert (set(frame.molbots), set(frame.resources), set(frame.ground)) == (
            {"energy"},
            {"x"},
            set(),
        )
        assert frame.molbots.energy.tolist() == [1, 1], "the living are known without asking"
        assert set(opened.read("state").molbots) == {"state"}
        bare = opened.read(())
        assert not bare.molbots and not bare.resources and bare.scalars.births == 1
        for name in ("nonsense", "touched", "log_tick"):
            with pytest.raises(UsageError, match=f"cannot read column '{name}': there are x, "):
                opened.read([name])

    def test_a_frame_stays_as_it_is(self, home, folder):
        """Neither its reader nor later ticks nor later reads change a frame."""
        world = PaperWorld(folder)
        world.commit()
        opened = open_home(home)
        frame = opened.read()
        world.commit()
        world.commit()
        opened.read()
        for group in (frame.molbots, frame.resources, frame.ground):
            for values in group.values():
                assert set(values.ravel().tolist()) == {1}
                with pytest.raises(ValueError, match="read-only"):
                    values[0] = 3
        with pytest.raises(AttributeError):
            frame.tick = 3
        with pytest.raises(TypeError):
            frame.scalars["population"] = 3

    def test_names_that_are_not_there(self, home, folder):
        """A wrong name says which there are, by key and by attribute; completion knows them."""
        PaperWorld(folder)
        frame = open_home(home).read()
        with pytest.raises(KeyError, match="'mood' is not among x, energy"):
            frame.molbots["mood"]
        with pytest.raises(AttributeError, match="'mood' is not among x, energy"):
            _ = frame.molbots.mood
        assert "energy" in dir(frame.molbots) and "friction" in repr(frame.parameters)

    def test_a_frame_can_be_sent(self, home, folder):
        """A frame may go to another process and is the same there."""
        PaperWorld(folder).commit()
        frame = open_home(home).read()
        there = pickle.loads(pickle.dumps(frame))
        assert there.tick == 1 and there.molbots.dna.tolist() == frame.molbots.dna.tolist()


class TestLive:
    def test_views_change_with_the_world(self, home, folder):
        """Live views are of the arena itself, all slots of it, and cannot be written."""
        world = PaperWorld(folder)
        tick = world.commit(living=2)
        live = open_home(home).live()
        assert (live.tick, live.arena, live.scalars.population) == (tick, world.arena, tick)
        assert live.columns.state.tolist() == [1, 1, 0, 0, 0, 0]
        assert live.columns.dna.shape == (6, len(GENES))
        assert live.columns.ground_height.shape == (ROWS, COLS)
        world.column("energy", tick)[:] = 99
        assert live.columns.energy.tolist() == [99] * 6
        for values in live.columns.values():
            with pytest.raises(ValueError, match="read-only"):
                values[0] = 3

    def test_words_cannot_be_stored(self, home, folder):
        """Header words are live, and storing one is refused."""
        world = PaperWorld(folder)
        words = open_home(home).words
        world.words.put(Header.EPOCH, 7)
        assert words.get(Header.EPOCH) == 7
        with pytest.raises(TypeError, match="read-only"):
            words.put(Header.EPOCH, 8)


class TestReplaced:
    def test_a_new_arena_is_opened_by_itself(self, home, folder):
        """When a new file takes the place, the next read is of it; what was read before stays."""
        first = PaperWorld(folder)
        first.commit()
        first.commit()
        opened = open_home(home)
        frame, live = opened.read(), opened.live()
        second = PaperWorld(folder, capacity=9)
        second.commit()
        again = opened.read()
        assert (again.arena, again.tick, len(again.molbots.x)) == (second.arena, 1, 9)
        assert (frame.arena, frame.tick, live.columns.x.shape) == (first.arena, 2, (6,))
        assert live.columns.x.tolist() == [2] * 6

    def test_a_world_that_is_gone_is_told_until_one_comes(self, home, folder):
        """Without an arena every call says so; when there is one again, it is read."""
        world = PaperWorld(folder)
        opened = open_home(home)
        world.path.unlink()
        for call in (opened.read, opened.live, opened.history, lambda: opened.words):
            with pytest.raises(NoArena, match="cannot find an arena"):
                call()
        assert open_home_again(opened, PaperWorld(home / "data" / "arenas")) == 0


def open_home_again(opened, world):
    """Read a home whose world came back, and return the tick."""
    frame = opened.read()
    assert frame.arena == world.arena
    return frame.tick


class TestWholeTicks:
    def racing(self, home, world, monkeypatch, at_readings):
        """Have the world commit just before these readings of the commit word by a reader."""
        opened = open_home(home)
        opened.read()
        readings = iter(range(10**6))
        old = ArenaWords.get

        def get(words, offset):
            by_reader = words is not world.words and offset == Header.COMMIT
            if by_reader and next(readings) in at_readings:
                world.commit()
            return old(words, offset)

        monkeypatch.setattr(ArenaWords, "get", get)
        return opened

    @pytest.mark.parametrize("at_readings", [{0}, {1}, {0, 1}, {1, 3}, {1, 2, 5}])
    def test_a_commit_while_copying(self, home, folder, monkeypatch, at_readings):
        """A copy during which the world commits is made again, and is whole."""
        world = PaperWorld(folder)
        world.commit()
        frame = self.racing(home, world, monkeypatch, at_readings).read()
        assert frame.tick == frame.scalars.population > 1
        assert set(frame.molbots.x.tolist()) == {frame.tick}

    def test_the_next_copy_begins_with_a_tick(self, home, folder, monkeypatch):
        """After a torn copy the next commit is waited for, so that a whole period is there."""
        world = PaperWorld(folder)
        opened = self.racing(home, world, monkeypatch, {1})
        naps = []

        def sleep(nap_s):
            naps.append(nap_s)
            if len(naps) == 3:
                world.commit()

        monkeypatch.setattr(arena_reader.time, "sleep", sleep)
        assert opened.read().tick == 2 and len(naps) == 3

    def test_a_world_too_fast_to_copy(self, home, folder, monkeypatch):
        """A world faster than every copy ends in an error that says so, never in a torn frame."""
        world = PaperWorld(folder)
        opened = self.racing(home, world, monkeypatch, range(10**6))
        with pytest.raises(ArenaError, match=f"{COPIES_MAX} copies of .* were torn") as error:
            opened.read()
        assert "molt pause" in error.value.hint
        assert world.words.get(Header.COMMIT) <= COPIES_MAX * (NAPS_MAX + 3)

    def test_a_damaged_buffer(self, home, folder):
        """A buffer that is not of the committed tick is never shown."""
        world = PaperWorld(folder)
        opened = open_home(home)
        world.commit()
        world.words.put_state(1, State.TICK, 9)
        with pytest.raises(ArenaError, match=r"cannot read tick 1 .* its buffer says 9"):
            opened.read()

    @pytest.mark.slow
    def test_frames_beside_a_running_world(self, home, folder):
        """No frame read while another process writes tick after tick mixes two of them."""
        world = PaperWorld(folder, capacity=20_000, resources=20_000)
        world.commit()
        opened = open_home(home)
        writer = os.fork()
        if writer == 0:
            try:
                while True:
                    world.commit()
                    time.sleep(0.001)
            finally:
                os._exit(1)
        try:
            ticks = []
            for _ in range(100):
                frame = opened.read()
                groups = (frame.molbots, frame.resources, frame.ground)
                seen = {
                    value
                    for group in groups
                    for name, values in group.items()
                    if name != "state"
                    for value in np.unique(values).tolist()
                }
                assert seen == {frame.tick % 251}
                assert set(frame.parameters.values()) == {frame.tick} == {frame.scalars.births}
                ticks.append(frame.tick)
        finally:
            os.kill(writer, signal.SIGKILL)
            os.waitpid(writer, 0)
        assert ticks == sorted(ticks) and len(set(ticks)) > 10, "the world went on meanwhile"


def test_what_is_printed_is_short(home):
    """At a prompt a home and a frame are one line: where, when, how many."""
    world = PaperWorld(home / "data" / "arenas")
    tick = world.commit(living=2)
    opened = open_home(home)
    assert repr(opened) == f"<world of {home}, tick {tick}>"
    assert repr(opened.read()) == f"<tick {tick} of arena {world.arena[:8]}, {tick} molbots>"
