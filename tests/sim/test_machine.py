"""The machine on paper keeps the promises of the real one, where the kernel relies on them."""

import errno
import os
import socket

import pytest

from Kernel.contract.arena import INBOX_WINDOW, Header, State, check_arena
from Kernel.contract.inputs import PAUSE, RESUME, SET_PARAM, STEP, Input
from Kernel.contract.rings import append
from Kernel.contract.zygote_protocol import Forked, receive, send
from Kernel.ports.arena_file import SystemArenaFiles
from Kernel.ports.doors import SystemDoors
from tests.sim import world_model
from tests.sim.code import GOOD
from tests.sim.disk import FOLDERS, SimDisk
from tests.sim.machine import Descriptors, RoadEnd, Schedule, SimClock, SimDoors, SimLoop
from zones.runtime.arena_image import copy_committed


def paper_doors():
    """Return doors on paper and their table."""
    table = Descriptors()
    return SimDoors(table, SimLoop())


@pytest.mark.parametrize("make", [SystemDoors, paper_doors])
class TestDoors:
    def test_rings_add_up_to_one(self, make):
        """A door that was rung twice is heard once, then not again."""
        doors = make()
        door = doors.make()
        assert not doors.heard(door)
        doors.ring(door)
        doors.ring(door)
        assert doors.heard(door) and not doors.heard(door)
        doors.close(door)

    def test_full_door_can_be_rung(self, make):
        """Who has the other side may count it up to its end: the kernel rings and goes on."""
        doors = make()
        door = doors.make()
        if make is SystemDoors:
            os.eventfd_write(door, 2**64 - 2)
        doors.ring(door)
        assert doors.heard(door) and not doors.heard(door)
        doors.close(door)

    def test_closed_door_is_none(self, make):
        """Ringing what is closed is a bug that shows."""
        doors = make()
        door = doors.make()
        doors.close(door)
        with pytest.raises((OSError, KeyError)):
            doors.ring(door)


def test_paper_doors_can_be_refused():
    """A kernel without descriptors gets none."""
    table = Descriptors()
    table.refused = True
    with pytest.raises(OSError) as refused:
        SimDoors(table, SimLoop()).make()
    assert refused.value.errno == errno.EMFILE


def paper_pair():
    """Return both ends of a road on paper."""
    ends = RoadEnd(-1, lambda: None), RoadEnd(-2, lambda: None)
    ends[0].peer, ends[1].peer = ends[1], ends[0]
    return ends


def real_pair():
    """Return both ends of a real one."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setblocking(False)
    return ours, theirs


@pytest.mark.parametrize("make", [real_pair, paper_pair])
class TestRoads:
    def test_messages_come_whole_and_in_order(self, make):
        """Nothing there: BlockingIOError; then each message once; at the end None."""
        ours, theirs = make()
        with pytest.raises(BlockingIOError):
            receive(ours)
        send(theirs, Forked(1, 10))
        send(theirs, Forked(2, 20))
        theirs.close()
        assert receive(ours) == (Forked(1, 10), []) and receive(ours) == (Forked(2, 20), [])
        assert receive(ours) is None
        ours.close()

    def test_the_dead_cannot_be_spoken_to(self, make):
        """Sending to an end that is closed raises."""
        ours, theirs = make()
        theirs.close()
        with pytest.raises(BrokenPipeError):
            send(ours, Forked(1, 10))
        ours.close()

    def test_unread_words_at_the_end_are_said_once(self, make):
        """Who closes with something unread resets the road: once, before what it had said."""
        ours, theirs = make()
        send(ours, Forked(1, 10))
        send(theirs, Forked(2, 20))
        theirs.close()
        with pytest.raises(ConnectionResetError):
            receive(ours)
        assert receive(ours) == (Forked(2, 20), []) and receive(ours) is None
        ours.close()

    def test_hanging_up_keeps_what_was_said(self, make):
        """After SHUT_RD nobody can say more, and what is there can be read."""
        ours, theirs = make()
        send(theirs, Forked(1, 10))
        ours.shutdown(socket.SHUT_RD)
        with pytest.raises(BrokenPipeError):
            send(theirs, Forked(2, 20))
        assert receive(ours) == (Forked(1, 10), []) and receive(ours) is None
        ours.close()
        theirs.close()


class Shelf:
    """An arena on a disk: real, or on paper."""

    def __init__(self, real: bool, folder) -> None:
        self.real = real
        self.disk = SystemArenaFiles() if real else SimDisk()
        self.folders = [folder / "a", folder / "b"] if real else FOLDERS
        for each in self.folders if real else []:
            each.mkdir()
        if not real:
            self.disk.descriptors = Descriptors()

    def put(self) -> None:
        """Found an arena."""
        file = world_model.found(GOOD, None, bytes(15) + b"7")
        path = self.folders[0] / "stable.arena"
        if self.real:
            path.write_bytes(file.data)
        else:
            self.disk.files[str(path)] = file


@pytest.mark.parametrize("real", [True, False])
class TestArenaFiles:
    def test_found_opened_and_set_aside(self, real, tmp_path):
        """What is there is found and opened; what is set aside is gone from its place."""
        shelf = Shelf(real, tmp_path)
        assert shelf.disk.find(shelf.folders, "stable") is None
        shelf.put()
        path = shelf.disk.find(shelf.folders, "stable")
        handle = shelf.disk.open(path, GOOD.schema_hash)
        assert handle.words.get(Header.COMMIT) == 0 and len(handle.side) == 4096
        aside = shelf.disk.set_aside(path)
        assert aside.name.startswith("stable.arena.set-aside-")
        assert shelf.disk.find(shelf.folders, "stable") is None
        if real:
            for fd in (handle.fd, handle.read_only_fd, handle.side_fd, handle.mutex_fd):
                os.close(fd)

    def test_foreign_columns_are_refused(self, real, tmp_path):
        """An arena of another schema is not opened."""
        shelf = Shelf(real, tmp_path)
        shelf.put()
        path = shelf.disk.find(shelf.folders, "stable")
        with pytest.raises(Exception, match="its columns are not those"):
            shelf.disk.open(path, bytes(32))


class TestSchedule:
    def test_order_of_time_then_of_asking(self):
        """What is due first happens first; at one instant, what was asked for first."""
        clock = SimClock()
        schedule, done = Schedule(clock), []
        began_ns = clock.ns
        for name, delay_ns in (("c", 9), ("a", 5), ("b", 5)):
            schedule.after(delay_ns, lambda name=name: done.append((name, clock.ns - began_ns)))
        schedule.run_until(began_ns + 7)
        assert done == [("a", 5), ("b", 5)] and clock.ns == began_ns + 7
        schedule.run_until(began_ns + 20)
        assert done[-1] == ("c", 9) and clock.ns == began_ns + 20


def world():
    """Return the words of a fresh world."""
    words = world_model.found(GOOD, None, bytes(16)).words()
    words.put(Header.PERIOD_NS, world_model.PERIOD_NS)
    return words


def put_input(words, given: Input) -> None:
    """Write an input into the inbox as the kernel does."""
    sequence, head = words.get(Header.INBOX_NEXT), words.get(Header.INBOX_HEAD)
    head = append(words.inbox(), head, 0, sequence, given.encode())
    words.put(Header.INBOX_HEAD, head)
    words.put(Header.INBOX_NEXT, sequence + 1)


def due(words, tick: int):
    """Return what is due in the tick after this one."""
    return [each for each in world_model.waiting(words, tick) if each[1].at_tick <= tick + 1]


class TestWorldModel:
    @pytest.mark.parametrize("ticks", [1, 2, 3, 64, 1000])
    def test_many_ticks_at_once_are_as_many_one_by_one(self, ticks):
        """Bulk changes nothing but speed."""
        at_once, one_by_one = world(), world()
        world_model.move_on(at_once, 0, ticks, [])
        for tick in range(ticks):
            world_model.move_on(one_by_one, tick, 1, [])
        assert copy_committed_state(at_once) == copy_committed_state(one_by_one)

    def test_inputs_out_of_order_are_applied_once_each(self):
        """One for a later tick holds nobody up; each changes the chain once and is marked."""
        words = world()
        put_input(words, Input(SET_PARAM, at_tick=5, param="friction", value=0.25))
        put_input(words, Input(PAUSE))
        first = due(words, 0)
        assert [sequence for sequence, _, _ in first] == [1]
        tick = world_model.move_on(words, 0, 1, first)
        assert words.state(tick, State.HOLD_AFTER) == 1
        assert words.input_applied_at(tick, 1) == 1 and words.input_applied_at(tick, 0) is None
        put_input(words, Input(RESUME))
        tick = world_model.move_on(words, tick, 1, due(words, tick))
        tick = world_model.move_on(words, tick, 2, [])
        assert tick == 4
        tick = world_model.move_on(words, tick, 1, due(words, tick))
        assert words.parameter(tick, world_model.FRICTION) == 0.25
        assert words.state(tick, State.INBOX_CURSOR) == 3 and not world_model.waiting(words, tick)
        assert words.input_applied_at(tick, 0) == 5

    def test_the_window_goes_round(self):
        """More inputs than the window has bits leave no bit behind."""
        words = world()
        for tick in range(INBOX_WINDOW + 5):
            put_input(words, Input(STEP, steps=1))
            world_model.move_on(words, tick, 1, due(words, tick))
        tick = words.get(Header.COMMIT)
        assert words.state(tick, State.INBOX_CURSOR) == INBOX_WINDOW + 5
        assert all(words.state(tick, State.INBOX_APPLIED + 8 * n) == 0 for n in range(4))


def copy_committed_state(words):
    """Return tick and chain of the committed buffer."""
    tick = words.get(Header.COMMIT)
    words.layout = None
    return tick, words.state(tick, State.TICK), words.state(tick, State.OWN)


def test_snapshots_of_a_paper_world_found_an_equal_one():
    """The real copying and founding work on it."""
    file = world_model.found(GOOD, None, bytes(16))
    words = file.words()
    check_arena(words, "a paper world")
    world_model.move_on(words, 0, 77, [])
    again = world_model.found(GOOD, copy_committed(words), bytes(16)).words()
    assert copy_committed_state(again) == copy_committed_state(words)
