"""The life of an arena process: waiting, taking over, pacing, holding, leaving."""

import ctypes
import gc
import os
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator

import pytest

from Kernel.contract.arena import NEVER, ArenaWords, Header, Side, State
from Kernel.contract.errors import MoltError
from Kernel.contract.robust_mutex import MUTEX_BYTES, RobustMutex
from tests.support.toy import service as toy
from tests.support.wait import wait_until
from zones.runtime import arena_zone
from zones.runtime.arena_memory import map_arena, map_side
from zones.runtime.arena_zone import LATE_TICKS_MAX, ArenaSeat, anchor, rehearse, run_heir
from zones.runtime.kinship import die_with

PERIOD_NS = 20_000_000


class Engine(toy.ToyEngine):
    """A toy that holds when its state block says so, and does what a test wants after a tick."""

    def __init__(self, words: ArenaWords, after_tick: Callable[[int], None] | None = None) -> None:
        super().__init__(words, 0.0)
        self.after_tick = after_tick or (lambda _tick: None)
        self.published: list[int] = []

    def tick(self) -> None:
        """Commit a tick, then do what the test wants."""
        super().tick()
        self.after_tick(self.words.get(Header.COMMIT))

    def holding(self) -> bool:
        """Tell whether the state block says so."""
        tick = self.words.get(Header.COMMIT)
        return self.words.state(tick, State.HOLD_AFTER) <= tick

    def publish_hash(self) -> None:
        """Say which tick's hash would be there."""
        tick = self.words.get(Header.COMMIT)
        self.published.append(tick)
        self.words.put(Header.HASH_TICK, tick + 1)

    def hold(self, after: int) -> None:
        """Write HOLD_AFTER into the committed state, as an applied input would have."""
        self.words.put_state(self.words.get(Header.COMMIT), State.HOLD_AFTER, after)


class SetClock:
    """Time that stands still but for sleeping: a slow machine makes no tick late."""

    def __init__(self, now_ns: int = 10**15) -> None:
        self.now_ns = now_ns

    def monotonic_ns(self) -> int:
        """Return the time in nanoseconds."""
        return self.now_ns

    def monotonic(self) -> float:
        """Return the time in seconds."""
        return self.now_ns / 1e9

    def sleep(self, seconds: float) -> None:
        """Be there at once."""
        self.now_ns += round(seconds * 1e9)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    """Give the pacing a clock of its own."""
    clock = SetClock()
    monkeypatch.setattr(arena_zone, "time", clock)
    return clock


class Arena:
    """An arena in memory with the mutex, the side page and the eventfds of one process."""

    def __init__(self) -> None:
        self.words, _ = toy.Generation({}).scratch()
        self.fds = [os.memfd_create("mutex"), os.eventfd(0, os.EFD_NONBLOCK)]
        self.fds.append(os.eventfd(0, os.EFD_NONBLOCK))
        os.ftruncate(self.fds[0], MUTEX_BYTES)
        mutex = RobustMutex(self.fds[0])
        mutex.initialise()
        side = memoryview(bytearray(Side.BYTES))
        self.seat = ArenaSeat(self.words, side, mutex, self.fds[1], self.fds[2])
        self.words.put(Header.PERIOD_NS, PERIOD_NS)
        self.words.put(Header.PERMISSION, os.getpid())
        anchor(self.words, time.monotonic_ns(), 1)

    def drain_at(self, tick: int) -> Callable[[int], None]:
        """Return an after-tick act that asks for a drain at `tick`, from the first tick on."""
        return lambda _tick: self.words.put(Header.DRAIN_AT, tick)

    def liveness(self) -> int:
        """Return the liveness counter."""
        return int.from_bytes(self.seat.side[:8], "little")

    def run(self, engine: Engine) -> threading.Thread:
        """Run the process's life in a thread."""
        thread = threading.Thread(target=run_heir, args=(self.seat, engine), daemon=True)
        thread.start()
        return thread

    def close(self) -> None:
        """Close the descriptors."""
        for fd in self.fds:
            os.close(fd)


@pytest.fixture(autouse=True)
def light_heap() -> Iterator[None]:
    """Spare an heir the heap of all tests: `run_heir` begins with a full collection.

    In a fork that also copies every page it looks at. After hundreds of tests, on a loaded
    machine, an heir was at it for seconds, and a test waiting for it ran into its deadline.
    """
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture
def arena() -> Iterator[Arena]:
    """Give an arena at tick 0 that this process may write."""
    arena = Arena()
    yield arena
    arena.close()
    gc.enable()  # run_heir turns it off for good: its process has nothing else to do


def finish(thread: threading.Thread) -> None:
    """Join a thread that should be at its end."""
    thread.join(10)
    assert not thread.is_alive(), "the process does not leave"


class TestLeaving:
    def test_it_leaves_after_the_tick_it_is_told(self, arena):
        """A drain at tick 5 lets 5 be committed, not 6; the right is given back, flight is 0."""
        run_heir(arena.seat, Engine(arena.words, arena.drain_at(5)))
        assert arena.words.get(Header.COMMIT) == 5 and arena.words.get(Header.FLIGHT) == 0
        assert arena.seat.mutex.lock() is False
        arena.seat.mutex.unlock()

    def test_a_drain_in_the_past_means_now(self, arena):
        """A drain word below the committed tick ends the life after the tick under way."""
        run_heir(arena.seat, Engine(arena.words, arena.drain_at(0)))
        assert arena.words.get(Header.COMMIT) == 1

    def test_a_drain_was_meant_for_the_predecessor(self, arena):
        """Whoever takes over does not leave because the one before was told to."""
        arena.words.put(Header.DRAIN_AT, 0)
        engine = Engine(arena.words, lambda tick: tick == 3 and arena.drain_at(3)(tick))
        run_heir(arena.seat, engine)
        assert arena.words.get(Header.COMMIT) == 3


class TestTakingOver:
    def test_words_of_a_takeover(self, arena):
        """Owner, epoch, times and tick say who took over, when and where."""
        before_ns = time.monotonic_ns()
        arena.words.put(Header.EPOCH, 7)
        run_heir(arena.seat, Engine(arena.words, arena.drain_at(2)))
        words = arena.words
        assert (words.get(Header.OWNER), words.get(Header.EPOCH)) == (os.getpid(), 8)
        assert words.get(Header.TAKEN_OVER_TICK) == 0
        assert before_ns <= words.get(Header.TAKEN_OVER_NS) <= words.get(Header.FIRST_COMMIT_NS)
        assert words.get(Header.FIRST_COMMIT_NS) <= words.get(Header.COMMIT_NS)
        assert os.eventfd_read(arena.fds[2]) == 3, "ready, taken over, left"

    def test_who_stands_by_says_so_until_it_takes_over(self, arena):
        """At its door and at the mutex, in a word of its own; not before its service begins."""
        seat, words, place = arena.seat, arena.words, Side.BEATS + 8
        seat.beat_at = place

        def beats() -> int:
            return int.from_bytes(seat.side[place : place + 8], "little")

        words.put(Header.PERMISSION, 0)
        holder = RobustMutex(arena.fds[0])
        holder.lock()
        thread = arena.run(Engine(words, arena.drain_at(1)))
        wait_until("beats at the door", lambda: beats() > 2)
        words.put(Header.PERMISSION, os.getpid())
        at_door = beats()
        wait_until("beats at the mutex", lambda: beats() > at_door + 2)
        assert words.get(Header.EPOCH) == 0 and arena.liveness() == 0
        holder.unlock()
        finish(thread)
        assert words.get(Header.COMMIT) == 1

    def test_who_may_not_write_waits_for_nobody(self, arena, monkeypatch):
        """Withdrawn while it waited, it gives the right back; who gets it then waits for the dead.

        Not it: the dead one's mutexes keep the news for whoever may write.
        """
        acts: list[str] = []

        class Mutex:
            def lock_until(self, _until_ns: int) -> bool:
                acts.append("lock")
                if len(acts) == 1:
                    arena.words.put(Header.PERMISSION, 0)  # withdrawn while it waited
                return True

            def unlock(self) -> None:
                acts.append("unlock")

            def is_free(self, thread: int) -> bool:
                acts.append(f"free {thread}")
                return True

        class Seat(ArenaSeat):
            def wait_door(self, timeout_s: float) -> None:
                self.words.put(Header.PERMISSION, os.getpid())

        monkeypatch.setattr(arena_zone, "THREADS_MAX", 2)
        seat = Seat(arena.words, arena.seat.side, Mutex(), *arena.fds[1:])
        run_heir(seat, Engine(arena.words, arena.drain_at(1)))
        assert acts == ["lock", "unlock", "lock", "free 0", "free 1", "unlock"]

    def test_a_dead_one_that_does_not_go_is_an_error(self, arena, monkeypatch):
        """A thread that still holds its mutex is a reason to die, not to write beside it."""
        monkeypatch.setattr(arena_zone, "FENCE_S", 0.01)
        held, let_go = threading.Event(), threading.Event()

        def hold() -> None:
            ctypes.CDLL(None).pthread_mutex_lock(ctypes.c_void_p(arena.seat.mutex.addresses[4]))
            held.set()
            let_go.wait()
            ctypes.CDLL(None).pthread_mutex_unlock(ctypes.c_void_p(arena.seat.mutex.addresses[4]))

        writer = threading.Thread(target=hold)
        writer.start()
        held.wait()
        said = f"cannot take over: thread {writer.native_id} of process 0 can still write"
        with pytest.raises(MoltError, match=said):
            run_heir(arena.seat, Engine(arena.words))
        let_go.set()
        writer.join()
        arena.seat.mutex.unlock()
        assert arena.words.get(Header.COMMIT) == 0

    def test_threads_hold_theirs_from_the_takeover_to_the_end(self, arena):
        """They take their mutexes before the first tick; after a drain all are given back."""
        acts: list[str] = []

        class Threads:
            def take(self, mutex: RobustMutex) -> None:
                acts.append(f"take at {arena.words.get(Header.COMMIT)}")

            def give_back(self, mutex: RobustMutex) -> None:
                acts.append(f"give back at {arena.words.get(Header.COMMIT)}")

        arena.seat.threads = Threads()
        run_heir(arena.seat, Engine(arena.words, arena.drain_at(3)))
        assert acts == ["take at 0", "give back at 3"]

    def test_rehearsal_leaves_nothing_open(self):
        """A whole life on a scratch arena: some ticks, no descriptor more than before."""
        before = len(os.listdir("/proc/self/fd"))
        words, engine = toy.Generation({}).scratch()
        rehearse(words, engine)
        assert words.get(Header.COMMIT) == arena_zone.REHEARSED_TICKS
        assert len(os.listdir("/proc/self/fd")) == before


class TestPacing:
    def test_late_ticks_run_back_to_back_and_count(self, arena, clock):
        """Ten and a half periods late: the ten ticks due all run, each is missed, none skipped."""
        anchor_ns = clock.now_ns - 10 * PERIOD_NS - PERIOD_NS // 2
        anchor(arena.words, anchor_ns, 1)
        seen: list[int] = []
        engine = Engine(arena.words, lambda tick: (seen.append(tick), arena.drain_at(10)(tick)))
        run_heir(arena.seat, engine)
        assert seen == list(range(1, 11))
        assert arena.words.get(Header.MISSED_TICKS) == 10
        assert arena.words.get(Header.REANCHORED) == 0
        assert arena.words.get(Header.ANCHOR_NS) == anchor_ns, "a takeover never moves the anchor"

    def test_too_late_moves_the_anchor_and_counts_all(self, arena, clock):
        """More than LATE_TICKS_MAX late: counted as missed at once, and time begins anew."""
        late = LATE_TICKS_MAX + 40
        anchor(arena.words, clock.now_ns - late * PERIOD_NS - PERIOD_NS // 2, 1)
        seen: list[int] = []
        engine = Engine(arena.words, lambda tick: (seen.append(tick), arena.drain_at(2)(tick)))
        began_ns = clock.now_ns
        run_heir(arena.seat, engine)
        assert seen == [1, 2], "no tick is skipped"
        assert arena.words.get(Header.REANCHORED) == 1
        assert arena.words.get(Header.MISSED_TICKS) == late
        assert arena.words.get(Header.ANCHOR_TICK) == 1
        assert arena.words.get(Header.ANCHOR_NS) == began_ns

    def test_no_tick_before_it_is_due(self, arena):
        """Each tick is committed at or after anchor + (T - anchor tick) x period."""
        times: list[int] = []
        anchor(arena.words, time.monotonic_ns() + PERIOD_NS, 1)
        start_ns = arena.words.get(Header.ANCHOR_NS)
        engine = Engine(
            arena.words, lambda tick: (times.append(time.monotonic_ns()), arena.drain_at(4)(tick))
        )
        run_heir(arena.seat, engine)
        assert all(now_ns >= start_ns + place * PERIOD_NS for place, now_ns in enumerate(times))

    def test_a_long_wait_shows_life_and_hears_a_drain(self, arena):
        """With the next tick far away the liveness word moves, and a drain ends the wait."""
        anchor(arena.words, time.monotonic_ns() + 3600 * 10**9, 1)
        thread = arena.run(Engine(arena.words))
        wait_until("two signs of life", lambda: arena.liveness() >= 2)
        arena.words.put(Header.DRAIN_AT, 0)
        finish(thread)
        assert arena.words.get(Header.COMMIT) == 0


class TestHolding:
    def hold(self, arena: Arena) -> tuple[Engine, threading.Thread]:
        """Have the world hold after tick 3."""
        arena.words.put_state(0, State.HOLD_AFTER, 3)
        engine = Engine(arena.words)
        thread = arena.run(engine)
        wait_until("the hash", lambda: arena.words.get(Header.HASH_TICK) == 4)
        return engine, thread

    def test_it_stands_still_and_publishes_once(self, arena):
        """Holding after tick 3: no tick follows, one hash is published, life goes on showing."""
        engine, thread = self.hold(arena)
        alive = arena.liveness()
        wait_until("signs of life", lambda: arena.liveness() > alive + 2)
        assert arena.words.get(Header.COMMIT) == 3 and arena.words.get(Header.FLIGHT) == 0
        assert engine.published == [3]
        arena.words.put(Header.DRAIN_AT, 0)
        finish(thread)

    def test_it_goes_on_at_once_and_on_time(self, arena):
        """After a resume the next tick is due now: no tick is owed for the time it stood still."""
        engine, thread = self.hold(arena)
        time.sleep(PERIOD_NS * 3 / 1e9)  # a pause long enough to be late by
        resumed_ns = time.monotonic_ns()
        missed = arena.words.get(Header.MISSED_TICKS)
        engine.hold(NEVER)
        os.eventfd_write(arena.fds[1], 1)
        wait_until("the next tick", lambda: arena.words.get(Header.COMMIT) > 3)
        assert arena.words.get(Header.ANCHOR_TICK) == 4
        assert arena.words.get(Header.ANCHOR_NS) >= resumed_ns
        arena.words.put(Header.DRAIN_AT, 0)
        finish(thread)
        assert arena.words.get(Header.MISSED_TICKS) <= missed + arena.words.get(Header.COMMIT) - 3

    def test_a_drill_hangs_it_until_it_is_over(self, arena):
        """While the drill word says hang neither tick nor life moves; cleared, it goes on."""
        _, thread = self.hold(arena)
        arena.seat.side[Side.DRILL] = Side.DRILL_HANG
        os.eventfd_write(arena.fds[1], 1)

        def stands_still() -> bool:
            before = arena.liveness()
            time.sleep(arena_zone.WAIT_SLICE_S * 3)
            return arena.liveness() == before

        wait_until("the hang", stands_still)
        arena.seat.side[Side.DRILL] = 0
        alive = arena.liveness()
        wait_until("life", lambda: arena.liveness() > alive)
        arena.words.put(Header.DRAIN_AT, 0)
        finish(thread)


class Shared:
    """An arena file that forked processes serve, with the test as their kernel."""

    def __init__(self, folder: str) -> None:
        toy.Generation({}).found({"zone": "stable", "folders": [folder]})
        self.fd = os.open(f"{folder}/stable.arena", os.O_RDWR | os.O_CLOEXEC)
        self.words = map_arena(self.fd, writable=True)
        self.words.put(Header.PERIOD_NS, 2_000_000)
        self.side_fd = os.memfd_create("side")
        os.ftruncate(self.side_fd, Side.BYTES)
        self.mutex_fd = os.memfd_create("mutex")
        os.ftruncate(self.mutex_fd, MUTEX_BYTES)
        RobustMutex(self.mutex_fd).initialise()
        self.door = os.eventfd(0, os.EFD_NONBLOCK)
        self.ring = os.eventfd(0, os.EFD_NONBLOCK)
        self.pids: list[int] = []

    def fork(self) -> int:
        """Fork an heir that stands by."""
        test_pid = os.getpid()
        pid = os.fork()
        if not pid:
            try:
                die_with(test_pid)
                mutex = RobustMutex(self.mutex_fd)
                words = map_arena(self.fd, writable=True)
                seat = ArenaSeat(words, map_side(self.side_fd), mutex, self.door, self.ring)
                run_heir(seat, toy.ToyEngine(words, 0.0005))
            except BaseException:
                traceback.print_exc()  # pytest shows it: a dead heir is more than a missed deadline
            finally:
                os._exit(0)
        self.pids.append(pid)
        return pid

    def permit(self, pid: int) -> None:
        """Name who may write next."""
        self.words.put(Header.PERMISSION, pid)
        os.eventfd_write(self.door, 1)

    def kill(self, pid: int) -> None:
        """Kill and reap one."""
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        self.pids.remove(pid)

    def close(self) -> None:
        """Kill whoever is left and close everything."""
        for pid in list(self.pids):
            self.kill(pid)
        for fd in (self.fd, self.side_fd, self.mutex_fd, self.door, self.ring):
            os.close(fd)


@pytest.fixture
def shared(tmp_path) -> Iterator[Shared]:
    """Give an arena file of the toy."""
    shared = Shared(str(tmp_path))
    yield shared
    shared.close()


@pytest.mark.slow
def test_killed_again_and_again_no_tick_is_lost_or_doubled(shared):
    """Each heir goes on at the committed tick: the chain is that of a life without deaths."""
    words = shared.words
    active = shared.fork()
    anchor(words, time.monotonic_ns(), 1)
    shared.permit(active)
    for round_ in range(10):
        wait_until("the owner", lambda: words.get(Header.OWNER) == active)  # noqa: B023 - at once
        heir = shared.fork()
        shared.permit(heir)
        tick = words.get(Header.COMMIT)
        wait_until("some ticks", lambda: words.get(Header.COMMIT) > tick + 3)  # noqa: B023
        time.sleep(0.0003 * round_)  # another place inside a tick each time
        shared.kill(active)
        active = heir
    wait_until("the last owner", lambda: words.get(Header.OWNER) == active)
    shared.words.put(Header.DRAIN_AT, 0)
    os.waitpid(active, 0)
    shared.pids.remove(active)
    tick = words.get(Header.COMMIT)
    assert words.state(tick, State.OWN) == toy.chain_after(tick)
    assert words.get(Header.EPOCH) == 11


@pytest.mark.slow
def test_permission_withdrawn_while_waiting(shared):
    """An heir whose name was taken back does not write, and lets the one named now through."""
    words = shared.words
    anchor(words, time.monotonic_ns(), 1)
    active = shared.fork()
    shared.permit(active)
    wait_until("the owner", lambda: words.get(Header.OWNER) == active)
    withdrawn = shared.fork()
    shared.permit(withdrawn)

    def waits() -> bool:
        with open(f"/proc/{withdrawn}/wchan", encoding="ascii") as wchan:
            return "futex" in wchan.read()

    wait_until("the heir to wait", waits)
    named = shared.fork()
    shared.permit(named)
    shared.kill(active)
    wait_until("the one named now", lambda: words.get(Header.OWNER) == named)
    assert words.get(Header.EPOCH) == 2, "nobody was in between"
