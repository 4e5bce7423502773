"""The life of an arena zone's process: stand by, take over, tick on time, hold, leave.

Owns: the order of these, the pacing words, and the fence against a predecessor. Does not own:
what a tick does (the service's engine), who may take over (the permission word, the kernel's),
succession policy (`Kernel/core/succession.py`). Speaks by memory only, plus two eventfds.

Pacing: tick T is due at anchor + (T - anchor_tick) x period; a tick committed more
than one period late is missed; late ticks run back to back; more than LATE_TICKS_MAX late, the
anchor moves and all of them count as missed. The clock only decides when, never what.
"""

import gc
import os
import select
import struct
import time
from dataclasses import dataclass
from typing import Protocol

from Kernel.contract.arena import (
    BEAT_S,
    FLIGHT_TAKEOVER,
    NEVER,
    TICK_TIMES,
    ArenaWords,
    Header,
    Side,
)
from Kernel.contract.errors import MoltError
from Kernel.contract.robust_mutex import MUTEX_BYTES, THREADS_MAX, RobustMutex

LATE_TICKS_MAX = 60
WAIT_SLICE_S = 0.05
FENCE_S = 0.25
BEAT_NS = round(BEAT_S * 1e9)
REHEARSED_TICKS = 3
REHEARSED_PERIOD_NS = 100_000


class Engine(Protocol):
    """What a service gives to be run: one tick at a time, all state in the arena."""

    def tick(self) -> object:
        """Compute and commit the next tick."""

    def holding(self) -> bool:
        """Tell whether the world stands still (paused) and nothing in the inbox starts it."""

    def publish_hash(self) -> object:
        """Put the hash of the committed tick into the header."""

    def start_threads(self) -> "Threads | None":
        """Start all threads that write beside the main one; None: there are none.

        Called once, before the process is sealed: it cannot start one afterwards.
        """

    def start_traits(self) -> None:
        """Have the code of traits ready, which runs what was generated.

        Called once, in a sealed process; not called where no generated code may run.
        """


class Threads(Protocol):
    """Threads that write an arena beside the main one, each with a mutex of its own."""

    def take(self, mutex: RobustMutex) -> None:
        """Have each take its mutex, which is free."""

    def give_back(self, mutex: RobustMutex) -> None:
        """Have each give its mutex back."""


@dataclass(slots=True)
class ArenaSeat:
    """Everything one process of an arena zone holds.

    Args:
        door_fd: eventfd the kernel rings: look at the words again.
        ring_fd: eventfd this process rings: ready, taken over, holding.
        threads: that write beside the main one, started.
        beat_at: where in the side page it says that it stands by; None: nobody looks.
    """

    words: ArenaWords
    side: memoryview
    mutex: RobustMutex
    door_fd: int
    ring_fd: int
    threads: Threads | None = None
    beat_at: int | None = None

    def ring(self) -> None:
        """Tell the kernel to look."""
        os.eventfd_write(self.ring_fd, 1)

    def liveness(self) -> None:
        """Bump the liveness counter: waiting, not hung."""
        self._bump(Side.LIVENESS)

    def beat(self) -> None:
        """Bump the counter of this process alone: it stands by, and would take over."""
        if self.beat_at is not None:
            self._bump(self.beat_at)

    def _bump(self, place: int) -> None:
        value = (int.from_bytes(self.side[place : place + 8], "little") + 1) % 2**64
        self.side[place : place + 8] = value.to_bytes(8, "little")

    def wait_door(self, timeout_s: float) -> None:
        """Wait until the kernel rings, or the time is over."""
        poller = select.poll()
        poller.register(self.door_fd, select.POLLIN)
        if poller.poll(timeout_s * 1000):
            os.eventfd_read(self.door_fd)


def run_heir(seat: ArenaSeat, engine: Engine) -> None:
    """Stand by, take over when it is our turn, tick until drained. Returns after a drain."""
    gc.collect()
    gc.disable()  # a collection inside a tick is a pause nobody asked for; ticks make no cycles
    seat.beat()  # first: from the ring on the kernel waits for the next one
    seat.ring()
    _serve(seat, engine)


def rehearse(words: ArenaWords, engine: Engine) -> None:
    """Live a whole life of REHEARSED_TICKS ticks on a scratch arena, before standing by.

    A fork shares its pages with the zygote until it touches them: each first touch is a page
    fault. From a takeover to the first commit it took 0.7 ms, rehearsed 0.4 ms (500 entities).

    Args:
        words: a scratch arena in private memory, at any tick; changed.
        engine: the service's engine on it.
    """
    mutex_fd = os.memfd_create("molt-rehearsal", os.MFD_CLOEXEC)
    os.ftruncate(mutex_fd, MUTEX_BYTES)
    mutex = RobustMutex(mutex_fd)
    os.close(mutex_fd)
    mutex.initialise()
    door_fd = os.eventfd(0, os.EFD_CLOEXEC)
    ring_fd = os.eventfd(0, os.EFD_CLOEXEC)
    side = memoryview(bytearray(Side.BYTES))
    seat = ArenaSeat(words, side, mutex, door_fd, ring_fd, engine.start_threads())
    tick = words.get(Header.COMMIT)
    words.put(Header.PERIOD_NS, REHEARSED_PERIOD_NS)
    anchor(words, time.monotonic_ns(), tick + 1)
    words.put(Header.PERMISSION, os.getpid())
    _wait_for_right(seat)
    _take_over(seat)
    words.put(Header.DRAIN_AT, tick + REHEARSED_TICKS)
    _tick_on(seat, engine)
    _leave(seat)
    os.close(door_fd)
    os.close(ring_fd)


def _serve(seat: ArenaSeat, engine: Engine) -> None:
    _wait_for_right(seat)
    _take_over(seat)
    _tick_on(seat, engine)
    _leave(seat)
    seat.ring()


def _leave(seat: ArenaSeat) -> None:
    """Give back what this process holds, the right to write last."""
    if seat.threads is not None:
        seat.threads.give_back(seat.mutex)
    seat.mutex.unlock()


def _wait_for_right(seat: ArenaSeat) -> None:
    """Return holding the mutex, named by the permission word, with nobody left who can write.

    It says every BEAT_S that it waits, on the mutex too: one that is stopped is found before its
    turn comes. That it wakes for it costs a takeover nothing: the mutex of a dead one is had at
    once by whoever asks next.
    """
    pid = os.getpid()
    while True:
        seat.beat()
        if seat.words.get(Header.PERMISSION) != pid:
            seat.wait_door(BEAT_S)
        elif seat.mutex.lock_until(time.monotonic_ns() + BEAT_NS):
            if seat.words.get(Header.PERMISSION) == pid:
                _wait_until_gone(seat)
                return
            seat.mutex.unlock()


def _wait_until_gone(seat: ArenaSeat) -> None:
    """Wait until no thread of whoever held the right before can still write.

    The mutex passes on when its owner's main thread dies, yet a sibling on the other core may run
    for some microseconds more. Each that writes holds a mutex, which is free when it is gone.
    """
    deadline = time.monotonic() + FENCE_S
    for thread in range(THREADS_MAX):
        while not seat.mutex.is_free(thread):
            if time.monotonic() > deadline:
                raise MoltError(
                    f"cannot take over: thread {seat.mutex.owner(thread)} of process "
                    f"{seat.words.get(Header.OWNER)} can still write after {FENCE_S} s"
                )
            os.sched_yield()


def _take_over(seat: ArenaSeat) -> None:
    words = seat.words
    words.put(Header.DRAIN_AT, NEVER)  # a drain was meant for the one before us
    words.put(Header.FIRST_COMMIT_NS, 0)
    words.put(Header.TAKEN_OVER_TICK, words.get(Header.COMMIT))
    words.put(Header.FOUND_FLIGHT, words.get(Header.FLIGHT))
    words.put(Header.FOUND_OWNER, words.get(Header.OWNER))
    words.put(Header.OWNER, os.getpid())
    words.put(Header.FLIGHT, FLIGHT_TAKEOVER)
    words.put(Header.TAKEN_OVER_NS, time.monotonic_ns())
    words.put(Header.EPOCH, words.get(Header.EPOCH) + 1)
    if seat.threads is not None:
        seat.threads.take(seat.mutex)


def _tick_on(seat: ArenaSeat, engine: Engine) -> None:
    """Tick until drained. The kernel is told at the first commit, not before.

    What it does next, forking another heir, would take the second core away from that very tick.
    """
    words = seat.words
    settled = False
    while True:
        tick = words.get(Header.COMMIT)
        if words.get(Header.DRAIN_AT) <= tick:
            words.put(Header.FLIGHT, 0)
            return
        if engine.holding():
            _hold(seat, engine)
            continue
        due_ns = _wait_until_due(seat, tick + 1)
        if due_ns is None:
            continue
        _drill(seat)
        began_ns = time.monotonic_ns()
        engine.tick()
        _account(words, tick + 1, due_ns, began_ns)
        if not settled:
            settled = True
            seat.ring()


def _wait_until_due(seat: ArenaSeat, tick: int) -> int | None:
    """Sleep until `tick` is due and return when that was; None after one slice of a long wait."""
    words = seat.words
    period_ns = words.get(Header.PERIOD_NS)
    due_ns = words.get(Header.ANCHOR_NS) + (tick - words.get(Header.ANCHOR_TICK)) * period_ns
    ahead_ns = due_ns - time.monotonic_ns()
    if ahead_ns > 0:
        words.put(Header.FLIGHT, 0)
        time.sleep(min(ahead_ns / 1e9, WAIT_SLICE_S))
        if ahead_ns / 1e9 > WAIT_SLICE_S:
            seat.liveness()
            return None
    elif -ahead_ns > LATE_TICKS_MAX * period_ns:
        now_ns = time.monotonic_ns()
        words.put(Header.MISSED_TICKS, words.get(Header.MISSED_TICKS) + -ahead_ns // period_ns)
        words.put(Header.REANCHORED, words.get(Header.REANCHORED) + 1)
        anchor(words, now_ns, tick)
        return now_ns
    return due_ns


def anchor(words: ArenaWords, now_ns: int, tick: int) -> None:
    """Let `tick` be due now and the later ones follow from it."""
    words.put(Header.ANCHOR_NS, now_ns)
    words.put(Header.ANCHOR_TICK, tick)


def _account(words: ArenaWords, tick: int, due_ns: int, began_ns: int) -> None:
    now_ns = time.monotonic_ns()
    words.put(Header.COMMIT_NS, now_ns)
    words.put(Header.TICK_NS, now_ns - began_ns)
    place = Header.TICK_TIMES + 4 * (tick % TICK_TIMES)
    struct.pack_into("<I", words.memory, place, min((now_ns - began_ns) // 1000, 0xFFFFFFFF))
    if words.get(Header.FIRST_COMMIT_NS) == 0:
        words.put(Header.FIRST_COMMIT_NS, now_ns)
    if now_ns > due_ns + words.get(Header.PERIOD_NS):
        words.put(Header.MISSED_TICKS, words.get(Header.MISSED_TICKS) + 1)


def _hold(seat: ArenaSeat, engine: Engine) -> None:
    """Stand still: publish the hash, then wait for the inbox, a drain, or the end."""
    words = seat.words
    words.put(Header.FLIGHT, 0)
    tick = words.get(Header.COMMIT)
    if words.get(Header.HASH_TICK) != tick + 1:
        engine.publish_hash()
    seat.ring()
    while engine.holding() and words.get(Header.DRAIN_AT) > tick:
        _drill(seat)
        seat.liveness()
        seat.wait_door(WAIT_SLICE_S)
    anchor(words, time.monotonic_ns(), tick + 1)


def _drill(seat: ArenaSeat) -> None:
    """Hang for good when the kernel's drill word says so: a fault on purpose, not an input."""
    while seat.side[Side.DRILL] == Side.DRILL_HANG:
        pass
