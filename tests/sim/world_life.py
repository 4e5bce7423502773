"""The life of a process of an arena zone: stand by, take over, tick on time, hold, leave.

Owns: the right to write on paper, and pacing in bulk. Does not own: what a tick does
(`world_model.py`). Model: `zones/runtime/arena_zone.py`, whose order of acts this follows.
"""

import signal
from typing import Any, Protocol

from Kernel.contract.arena import FLIGHT_TAKEOVER, NEVER, ArenaWords, Header, Side, State
from Kernel.contract.inputs import QUARANTINE, Input
from tests.sim import world_model
from tests.sim.code import Code
from tests.sim.disk import Mapped, SimMutex
from tests.sim.machine import MS, SECOND, Door
from tests.sim.processes import SimProcess, SimProcesses

TICK_NS = 4 * MS
LATE_TICKS_MAX = 60
STAND_BY_NS = SECOND
SLICE_NS = 50 * MS
HANDED_MS = (0.15, 1.2)
PHASE = 1


class WorldWatcher(Protocol):
    """Who is told of what a world process does, to check it."""

    def on_ready(self, process: "WorldLife") -> None:
        """It stands by."""

    def on_takeover(self, process: "WorldLife") -> None:
        """It holds the right to write and has said so."""

    def on_commit(self, process: "WorldLife", old: int, new: int) -> None:
        """It has committed."""

    def on_input(self, process: "WorldLife", sequence: int, payload: bytes, tick: int) -> None:
        """It is about to apply an input at a tick."""


class WorldLife(SimProcess):
    """One heir, later perhaps the owner."""

    role = "heir"

    def __init__(
        self,
        processes: SimProcesses,
        zone: str,
        code: Code,
        things: dict[str, Any],
        watcher: WorldWatcher,
        slow_ns: int,
        traits: frozenset[str] = frozenset(),
        beat_at: int = Side.BEATS,
    ) -> None:
        super().__init__(processes, zone)
        self._traits = traits
        self._beat_at = beat_at
        self.stack_fd = things["stack"]
        mapped: Mapped = things["arena"]
        mutex: Mapped = things["mutex"]
        self.code = code
        self.file = mapped.file
        self.words: ArenaWords = mapped.file.words()
        self.mutex: SimMutex = mutex.mutex
        self.owning = False
        self.took_over = False
        self._watcher = watcher
        self._door: Door = things["door"]
        self._ring: Door = things["ring"]
        self._door.on_ring = self._on_door
        self._waits = False
        self._holds = False
        self.settled = False
        self._free_ns = 0
        self._bumped_ns = 0
        if code.dies_at_birth:
            self.later(processes.between(1, 10), lambda: self.signal(signal.SIGSEGV))
        else:
            self.later(processes.between(*code.ready_ms) + slow_ns, self._stand_by)

    # Standing by.

    def _stand_by(self) -> None:
        self.was_ready = True
        self.processes.standing_by[self.pid] = self
        self.beat()
        self._watcher.on_ready(self)
        self._ring_kernel()
        self._look()

    def _ring_kernel(self) -> None:
        self._ring.rung = True
        self._ring.tell_kernel()

    def beat(self) -> None:
        """Say that it stands by, if it can."""
        if self.runs():
            self._count_up(self._beat_at)

    def _on_door(self) -> None:
        self.later(self.processes.between(0.02, 0.2), self._answer_door)

    def _answer_door(self) -> None:
        if self.owning:
            self.advance()
        elif self.was_ready:
            self._look_once()

    def _look(self) -> None:
        """Look at the permission word, again each second even if nobody rings."""
        if not self.owning:
            self._look_once()
            self.later(STAND_BY_NS, self._look)

    def _look_once(self) -> None:
        if self._waits or self.words.get(Header.PERMISSION) != self.pid:
            return
        if self.mutex.owner:
            self._waits = True
            self.mutex.waiters.append(self.pid)
        else:
            self._take_mutex()

    def _take_mutex(self) -> None:
        """Hold the mutex; go on only if the permission word still names us."""
        self._waits = False
        self.mutex.owner = self.pid
        if self.words.get(Header.PERMISSION) == self.pid:
            self.later(self.processes.between(*HANDED_MS), self._take_over)
        else:
            self._release_mutex()

    def _release_mutex(self) -> None:
        """Give the mutex to whoever waits for it."""
        self.mutex.owner = 0
        known = self.processes.known
        waiters = [pid for pid in self.mutex.waiters if pid in known and known[pid].alive]
        self.mutex.waiters.clear()
        for pid in waiters:
            waiter = known[pid]
            assert isinstance(waiter, WorldLife)
            waiter._waits = False
            waiter.later(0, waiter._look_for_mutex)

    def _look_for_mutex(self) -> None:
        """Wake up in lock(): it is ours if nobody was quicker, whatever the permission says now."""
        if self.mutex.owner:
            self._waits = True
            self.mutex.waiters.append(self.pid)
        else:
            self._take_mutex()

    def _take_over(self) -> None:
        words, now_ns = self.words, self.processes.clock.ns
        if words.get(Header.PERMISSION) != self.pid:
            self._release_mutex()
            return
        words.put(Header.DRAIN_AT, NEVER)
        words.put(Header.FIRST_COMMIT_NS, 0)
        words.put(Header.TAKEN_OVER_TICK, words.get(Header.COMMIT))
        words.put(Header.FOUND_FLIGHT, words.get(Header.FLIGHT))
        words.put(Header.FOUND_OWNER, words.get(Header.OWNER))
        words.put(Header.OWNER, self.pid)
        words.put(Header.FLIGHT, FLIGHT_TAKEOVER)
        words.put(Header.TAKEN_OVER_NS, now_ns)
        words.put(Header.EPOCH, words.get(Header.EPOCH) + 1)
        self.owning = self.took_over = True
        self.processes.standing_by.pop(self.pid, None)
        self._free_ns = self._bumped_ns = now_ns
        self._watcher.on_takeover(self)
        self.processes.owners[self.pid] = self
        self._until_settled()

    def _until_settled(self) -> None:
        """Be at the first commit in time: the kernel is told of it."""
        self.advance()
        if self.owning and not self.settled:
            self.later(TICK_NS, self._until_settled)

    # Ticking.

    def advance(self) -> None:
        """Do all that was due up to now."""
        if not self.owning or not self.runs():
            return
        words = self.words
        while True:
            tick = words.get(Header.COMMIT)
            if words.get(Header.DRAIN_AT) <= tick:
                self._leave_in_order()
                return
            inbox = world_model.waiting(words, tick)
            hold_after = words.state(tick, State.HOLD_AFTER)
            if hold_after != NEVER and hold_after <= tick and not _releases(inbox, tick):
                self._hold(tick)
                return
            if self._is_drilled():
                return
            now_ns = self.processes.clock.ns
            if self._holds:
                self._holds = False
                self._free_ns = now_ns
                self._anchor(now_ns, tick + 1)
            if not self._tick_on(tick, now_ns, inbox, hold_after):
                return

    def _is_drilled(self) -> bool:
        if self.file.side[Side.DRILL] == Side.DRILL_HANG:
            self.fault = "drill"
            self.hang()
            return True
        return False

    def _anchor(self, now_ns: int, tick: int) -> None:
        self.words.put(Header.ANCHOR_NS, now_ns)
        self.words.put(Header.ANCHOR_TICK, tick)

    def _tick_on(
        self, tick: int, now_ns: int, inbox: list[tuple[int, Input, bytes]], hold_after: int
    ) -> bool:
        """Commit as many ticks as fit before now, and what stops them; False when none does."""
        words = self.words
        period_ns = words.get(Header.PERIOD_NS)
        ahead = tick + 1 - words.get(Header.ANCHOR_TICK)
        due_ns = words.get(Header.ANCHOR_NS) + ahead * period_ns
        begin_ns = max(due_ns, self._free_ns)
        if begin_ns - due_ns > LATE_TICKS_MAX * period_ns:
            late = (begin_ns - due_ns) // period_ns
            words.put(Header.MISSED_TICKS, words.get(Header.MISSED_TICKS) + late)
            words.put(Header.REANCHORED, words.get(Header.REANCHORED) + 1)
            self._anchor(begin_ns, tick + 1)
            due_ns = begin_ns
        if begin_ns + TICK_NS > now_ns:
            words.put(Header.FLIGHT, PHASE if begin_ns <= now_ns else 0)
            self._bump(now_ns)
            return False
        due = [each for each in inbox if each[1].at_tick <= tick + 1]
        if self._is_guilty(tick + 1, due):
            return False
        ticks = 1 if due else self._fitting(due_ns, begin_ns, now_ns, period_ns)
        later = [each[1].at_tick - 1 - tick for each in inbox if each[1].at_tick > tick + 1]
        limits = [ticks, *later]
        if hold_after != NEVER and hold_after > tick:
            limits.append(hold_after - tick)
        if words.get(Header.DRAIN_AT) != NEVER:
            limits.append(words.get(Header.DRAIN_AT) - tick)
        if self.code.guilty_every:
            every = self.code.guilty_every
            limits.append(max(1, (tick // every + 1) * every - 1 - tick))
        ticks = max(1, min(limits))
        last_ns = max(begin_ns + ticks * TICK_NS, due_ns + (ticks - 1) * period_ns + TICK_NS)
        for sequence, _, payload in due:
            self._watcher.on_input(self, sequence, payload, tick + 1)
        lacks = self._traits if due or not self.settled else None
        new = world_model.move_on(words, tick, ticks, due, lacks)
        words.put(Header.COMMIT_NS, last_ns)
        self._free_ns = last_ns
        if words.get(Header.FIRST_COMMIT_NS) == 0:
            words.put(Header.FIRST_COMMIT_NS, begin_ns + TICK_NS)
        if last_ns > due_ns + ticks * period_ns:
            words.put(Header.MISSED_TICKS, words.get(Header.MISSED_TICKS) + 1)
        self._watcher.on_commit(self, tick, new)
        if not self.settled:
            self.settled = True
            self._ring_kernel()
        return True

    def _fitting(self, due_ns: int, begin_ns: int, now_ns: int, period_ns: int) -> int:
        """Return how many ticks end by now: late ones back to back, the others on time."""
        behind = (begin_ns - due_ns) // (period_ns - TICK_NS) + 1
        possible = (now_ns - begin_ns) // TICK_NS
        if possible <= behind:
            return possible
        return max(behind, (now_ns - TICK_NS - due_ns) // period_ns + 1)

    def _is_guilty(self, tick: int, due: list[tuple[int, Input, bytes]]) -> bool:
        """Die of our own code if this is the tick that it cannot compute.

        Inputs are applied before anything else: a quarantine helps in the very tick it is due.
        """
        every = self.code.guilty_every
        if not every or tick % every:
            return False
        slots = {given.slot for _, given, _ in due if given.kind == QUARANTINE}
        if self.is_quarantined() or self.code.guilty_slot in slots:
            return False
        self.fault = "guilty"
        self.words.put(Header.FLIGHT, PHASE | self.code.guilty_slot << 16)
        self.fall(signal.SIGSEGV)
        return True

    def is_quarantined(self) -> bool:
        """Tell whether the trait slot of ours that fails is switched off."""
        slots = self.words.state(self.words.get(Header.COMMIT), State.QUARANTINED)
        return self.code.guilty_slot > 0 and bool(slots >> self.code.guilty_slot & 1)

    def _bump(self, now_ns: int) -> None:
        if now_ns - self._bumped_ns >= SLICE_NS:
            self._bumped_ns = now_ns
            self._count_up(Side.LIVENESS)

    def _count_up(self, place: int) -> None:
        side = self.file.side
        count = int.from_bytes(side[place : place + 8], "little") + 1
        side[place : place + 8] = (count % 2**64).to_bytes(8, "little")

    def _hold(self, tick: int) -> None:
        words = self.words
        words.put(Header.FLIGHT, 0)
        if words.get(Header.HASH_TICK) != tick + 1:
            words.put_bytes(Header.HASH, world_model.digest(words, tick))
            words.put(Header.HASH_TICK, tick + 1)
        if not self._holds:
            self._holds = self.settled = True
            self._ring_kernel()
            self.later(SLICE_NS, self._look_while_holding)
        if not self._is_drilled():
            self._bump(self.processes.clock.ns)

    def _look_while_holding(self) -> None:
        if self.owning and self._holds:
            self.advance()
            self.later(SLICE_NS, self._look_while_holding)

    # Ends.

    def _leave_in_order(self) -> None:
        self.words.put(Header.FLIGHT, 0)
        self._let_go()
        self._ring_kernel()
        self.leave(0)

    def _let_go(self) -> None:
        self.owning = False
        self.processes.owners.pop(self.pid, None)
        if self.mutex.owner == self.pid:
            self._release_mutex()

    def catch_up(self) -> None:
        """Do all that was due before something happens to us."""
        self.advance()

    def on_thaw(self) -> None:
        """It was away: what was due meanwhile is late."""
        self._free_ns = max(self._free_ns, self.processes.clock.ns)

    def on_end(self) -> None:
        """The operating system marks the mutex and gives it to who waits."""
        self.processes.standing_by.pop(self.pid, None)
        if self.mutex.owner == self.pid or self.owning:
            self._let_go()


def _releases(inbox: list[tuple[int, Input, bytes]], tick: int) -> bool:
    return any(
        given.kind in world_model.RELEASING and given.at_tick <= tick + 1 for _, given, _ in inbox
    )
