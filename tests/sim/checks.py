"""What must never happen, checked at every step, and the truth it is held to.

Owns: the rules of safety. Does not own: causing faults (`faults.py`), demanding recovery
(`simulation.py`). The simulation knows what it did to whom, so it can tell a right verdict of the
kernel from a wrong one.
"""

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

from Kernel.contract.arena import Header, State
from Kernel.core.bus_keeper import REPLIES_KEPT
from Kernel.core.supervisor import Kind, Policy
from tests.sim.disk import ArenaFile
from tests.sim.kernel import LIMITS, STOP_DEADLINE_S, WORLD, Boot
from tests.sim.machine import MS, SECOND, SimClock
from tests.sim.processes import SimProcess
from tests.sim.world_life import WorldLife

POLICY = Policy(Kind.ARENA)
"""The patience of every zone here is the shipped one."""
BERTHS_MAX = 12
DESCRIPTORS_MAX = 120
STARTS_PER_MINUTE_MAX = 40
"""Starts of one role in one zone within a minute, besides those that faults explain."""
DEATHS_KEPT = 60
EVIDENT = ("guilty", "fault", "exit", "hang", "hoard")
VERDICTS = ("generation.retired", "generation.promoted", "trait.quarantined")
TABLE_MAX = 24
"""No table of a keeper needs more; replies nobody has taken yet have a limit of their own."""
HANG_SLACK_S = 0.5
STARVED_LATELY_NS = 150_000_000
AWAKE_NS = 60_000_000
"""A kernel that has not looked for longer than this was asleep, and need not have seen anything."""


class Violation(AssertionError):
    """Something happened that must never happen."""


@dataclass
class History:
    """What one arena file has been through, as the simulation saw it."""

    tick: int
    value: int
    epoch: int
    applied: dict[int, int] = field(default_factory=dict)
    newest_prompt: int = -1


class Checks:
    """The rules. Raises Violation."""

    def __init__(self, clock: SimClock) -> None:
        self._clock = clock
        self.histories: dict[int, tuple[ArenaFile, History]] = {}
        self._starts: dict[tuple[str, str], deque[int]] = {}
        self._excuses: deque[int] = deque()
        self._processes: dict[int, SimProcess] = {}
        self.counts: Counter[str] = Counter()
        self._awake_ns: dict[int, int] = {}  # how long the kernel could have seen a pid hung
        self._looked_ns = 0
        self.strict = False
        self._deaths: deque[SimProcess] = deque(maxlen=DEATHS_KEPT)
        self._backs_off: dict[int, tuple[int, int]] = {}  # zygote -> when it failed, for how long

    def fail(self, why: str) -> None:
        """Say what is wrong."""
        raise Violation(why)

    # Processes.

    def on_start(self, process: SimProcess) -> None:
        """Starts are bounded."""
        self._processes[process.pid] = process
        self.counts[f"start {process.role}"] += 1
        now_ns = self._clock.ns
        starts = self._starts.setdefault((process.zone, process.role), deque())
        starts.append(now_ns)
        while starts[0] < now_ns - 60 * SECOND:
            starts.popleft()
        while self._excuses and self._excuses[0] < now_ns - 60 * SECOND:
            self._excuses.popleft()
        limit = STARTS_PER_MINUTE_MAX + 2 * len(self._excuses)
        if len(starts) > limit:
            self.fail(f"{len(starts)} starts of {process.role} {process.zone} in a minute: {limit}")

    def on_fork(self, process: SimProcess) -> None:
        """After failures in a row a zygote is asked again only when the back-off is over."""
        died_ns, wait_ns = self._backs_off.get(process.zygote_pid, (0, 0))
        waited_ns = process.asked_ns - died_ns
        if 0 <= waited_ns < wait_ns:
            self.fail(
                f"zygote {process.zygote_pid} was asked again {waited_ns / SECOND:.3f} s after a "
                f"failure that is to be waited for {wait_ns / SECOND:.3f} s"
            )

    def excuse(self) -> None:
        """A fault from outside explains some starts."""
        self._excuses.append(self._clock.ns)

    def on_death(self, process: SimProcess) -> None:
        """Count it."""
        self.counts[f"death {process.role}"] += 1
        self._deaths.append(process)

    def on_signal(self, pid: int, number: int) -> None:
        """The kernel signals only what it has started and not yet been told the end of."""
        process = self._processes.get(pid)
        if process is None:
            self.fail(f"the kernel sent signal {number} to pid {pid}, which is nobody's")

    def forget(self, pids: list[int]) -> None:
        """These are gone for good."""
        for pid in pids:
            self._processes.pop(pid, None)
            self._backs_off.pop(pid, None)
            self._awake_ns.pop(pid, None)

    # The arena.

    def history(self, file: ArenaFile) -> History:
        """Return what an arena went through; a new one begins with what is in it."""
        if id(file) not in self.histories:
            words = file.words()
            tick = words.get(Header.COMMIT)
            value = words.state(tick, State.OWN)
            self.histories[id(file)] = (file, History(tick, value, words.get(Header.EPOCH)))
        return self.histories[id(file)][1]

    def on_moved(self, old: ArenaFile, new: ArenaFile) -> None:
        """A world that is moved loses no tick, and what was applied stays applied."""
        before, after = self.history(old), self.history(new)
        if (before.tick, before.value, before.epoch) != (after.tick, after.value, after.epoch):
            self.fail(f"moved from tick {before.tick} to {after.tick}")
        after.applied.update(before.applied)
        self.counts["moves"] += 1

    def on_ready(self, process: WorldLife) -> None:
        """Know the arena."""
        self.history(process.file)

    def on_takeover(self, process: WorldLife) -> None:
        """One writer, who was ready and is named; each takeover is one epoch; no tick is lost."""
        words, history = process.words, self.history(process.file)
        others = [
            other
            for other in process.processes.owners.values()
            if other is not process and isinstance(other, WorldLife) and other.file is process.file
        ]
        if others:
            self.fail(f"two may write: {process.pid} and {[other.pid for other in others]}")
        if not process.was_ready:
            self.fail(f"{process.pid} took over before it was ready")
        epoch = words.get(Header.EPOCH)
        if epoch != history.epoch + 1:
            self.fail(f"epoch went from {history.epoch} to {epoch} in one takeover")
        history.epoch = epoch
        tick = words.get(Header.COMMIT)
        value = words.state(tick, State.OWN)
        if (tick, value) != (history.tick, history.value):
            self.fail(f"took over at tick {tick}, committed was {history.tick}")
        self.counts["takeover"] += 1

    def on_commit(self, process: WorldLife, old: int, new: int) -> None:
        """Ticks go forward, by whoever owns the arena."""
        words, history = process.words, self.history(process.file)
        if old != history.tick or new <= old:
            self.fail(f"tick {old} -> {new}, committed was {history.tick}")
        if process.mutex.owner != process.pid or words.get(Header.OWNER) != process.pid:
            self.fail(f"{process.pid} commits tick {new} and does not hold the right to write")
        history.tick, history.value = new, words.state(new, State.OWN)
        self.counts["ticks"] += new - old

    def on_input(self, process: WorldLife, sequence: int, payload: bytes, tick: int) -> None:
        """Each input is applied once; those that are due at once are applied in order."""
        history = self.history(process.file)
        if sequence in history.applied:
            self.fail(f"input {sequence} applied at {history.applied[sequence]} and at {tick}")
        history.applied[sequence] = tick
        if len(history.applied) > 4096:
            del history.applied[next(iter(history.applied))]
        self.counts["inputs"] += 1

    # Rounds.

    def on_round(self, boot: Boot) -> None:
        """Look at the kernel's own tables and the words it writes."""
        for name, keeper in boot.arenas():
            if keeper.arena is None:
                continue
            words = keeper.arena.words
            named = words.get(Header.PERMISSION)
            if named:
                process = self._processes.get(named)
                if process is None or process.zone != name or not isinstance(process, WorldLife):
                    self.fail(f"pid {named} may write {name} and is no process of it")
                elif not process.was_ready:
                    self.fail(f"pid {named} may write {name} and is not ready")
            file = boot.file_of(keeper)
            history = self.history(file)
            tick = words.get(Header.COMMIT)
            if tick != history.tick:
                self.fail(f"commit word says {tick}, the last commit was {history.tick}")
        for name, size in boot.table_sizes():
            if size > (REPLIES_KEPT if name.endswith("_replies") else TABLE_MAX):
                self.fail(f"{name} of the kernel holds {size} entries")
        for name, berths in boot.berth_counts():
            if berths > BERTHS_MAX:
                self.fail(f"the kernel holds {berths} processes of {name}")
        if boot.descriptors.count > DESCRIPTORS_MAX:
            self.fail(f"the kernel holds {boot.descriptors.count} descriptors")
        if boot.is_stopping():
            self._check_stop(boot)
        else:
            self._check_hangs(boot)

    def _check_stop(self, boot: Boot) -> None:
        """An orderly stop takes no longer than it may, by the time the kernel was awake."""
        looked_ns, self._looked_ns = self._looked_ns, self._clock.ns
        boot.stopping_ns += min(self._clock.ns - looked_ns, AWAKE_NS)
        if boot.stopping_ns > (STOP_DEADLINE_S + HANG_SLACK_S) * SECOND:
            self.fail(f"a stop takes {boot.stopping_ns / SECOND:.1f} s")

    def _check_hangs(self, boot: Boot) -> None:
        """Who serves or stands by and is hung, or a zygote, is ended within two deadlines.

        A kernel that has slept for half a deadline itself begins to watch anew, by design.
        """
        looked_ns, self._looked_ns = self._looked_ns, self._clock.ns
        passed_ns = min(self._clock.ns - looked_ns, AWAKE_NS)
        for name, pid, deadline_s in boot.watched():
            process = self._processes.get(pid)
            if process is None or process.dying or not process.is_frozen():
                continue
            slept = self._clock.ns - looked_ns > deadline_s / 2 * SECOND
            seen_ns = 0 if slept else self._awake_ns.get(pid, 0)
            awake_ns = self._awake_ns[pid] = seen_ns + passed_ns
            if awake_ns > (2 * deadline_s + HANG_SLACK_S) * SECOND:
                self.fail(f"{name}: pid {pid} is hung for {awake_ns / SECOND:.2f} s and lives")

    # What the kernel says.

    def on_log(self, event: str, values: dict[str, Any]) -> None:
        """Hold verdicts to the truth."""
        if event == "trial.ended":
            self.counts[f"trial {values['how']}"] += 1
        if event == "zone.died" and values.get("counts"):
            process = self._processes.get(values["pid"])
            if process is not None and process.role != "zygote" and _was_killed_serving(process):
                self.fail(f"an outside kill of {process.role} {process.pid} was counted")
            if process is not None:
                self._note_failure(process.zygote_pid, int(values["failures"]))
        if event in VERDICTS:
            self._check_verdict(event, values)
        if event == "zone.limit_reached":
            process = self._processes.get(values["pid"])
            if process is None or not is_greedy(process):
                self.fail(f"pid {values['pid']} was ended for a limit that it has not reached")
        if event == "zone.killed" and "no progress" in str(values.get("why")):
            process = self._processes.get(values["pid"])
            if process is None or not (process.is_frozen() or self._may_be_ended(process)):
                self.fail(f"the watchdog ended pid {values['pid']}, which was not hung")

    def _may_be_ended(self, process: SimProcess) -> bool:
        """A strict watchdog ends who was starved, too."""
        was_starved = process.starved_until_ns > self._clock.ns - STARVED_LATELY_NS
        return self.strict and process.zone == WORLD and was_starved

    def _check_verdict(self, event: str, values: dict[str, Any]) -> None:
        """Nobody is convicted of what came from outside."""
        zone, why = values["zone"], str(values.get("why", ""))
        deaths = [each for each in self._deaths if each.zone == zone]
        if "failures in a row" in why and all(map(_was_killed_serving, deaths)):
            self.fail(f"a generation of {zone} was given up for kills from outside: {why}")
        convicted = event == "trait.quarantined" or " fails again" in why or "failed under" in why
        # Fault signals and stops from outside look like faults of the code, and may convict it.
        if convicted and not any(each.fault in EVIDENT for each in deaths):
            self.fail(f"{zone}: {event} though no code was at fault: {why}")

    def _note_failure(self, zygote_pid: int, failures: int) -> None:
        """Work out by the policy's words how long this failure is to be waited for."""
        late = failures - POLICY.free_failures
        if zygote_pid and late > 0:
            wait_s = min(POLICY.backoff_cap_s, POLICY.backoff_base_s * 2 ** (late - 1))
            self._backs_off[zygote_pid] = (self._clock.ns, int(wait_s * SECOND) - MS)


def _was_killed_serving(process: SimProcess) -> bool:
    """Tell whether it was killed from outside after it had done something.

    Whoever dies between its takeover and its first commit has done nothing yet.
    """
    if isinstance(process, WorldLife) and process.took_over and not process.settled:
        return False
    return process.fault == "outside" and process.was_ready


def is_greedy(process: SimProcess) -> bool:
    """Tell whether a process takes more memory than its zone may."""
    return process.taken.memory_bytes > LIMITS.memory_bytes
