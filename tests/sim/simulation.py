"""One run from one seed: storms of faults, recovery demanded after each, quiet in between.

Owns: the order of a run, the machine's parts, the trace. Does not own: rules (`checks.py`), faults
(`faults.py`), the kernel (`kernel.py`).

Time passes in bulk while nothing happens: a kernel that has nothing to do is woken once in QUIET_S
instead of at each poll, and worlds compute all ticks since then in closed form. Around anything
that happens it runs at the pace the kernel itself asks for.
"""

import hashlib
import os
import random
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from Kernel.contract.arena import ArenaWords, Header, check_arena
from Kernel.contract.errors import MoltError
from Kernel.contract.founding_report import FOUNDED, KEPT, MIGRATED, RESTORED, FoundingReport
from Kernel.contract.zygote_protocol import ZYGOTE, Fork
from Kernel.core.watchdog import Mode
from Kernel.ports.process import NewRoad
from tests.sim import world_model
from tests.sim.archive_life import ArchiveLife
from tests.sim.checks import Checks, Violation, is_greedy
from tests.sim.code import Code
from tests.sim.disk import FOLDERS, ArenaFile, SimDisk, SimVersions
from tests.sim.faults import Injector, Limits
from tests.sim.kernel import BUS_ZONES, STOP_DEADLINE_S, WORLD, Boot, draw_config
from tests.sim.ledger import SimLedger
from tests.sim.machine import FIRST_FD, MS, SECOND, Descriptors, Schedule, SimClock, SimLoop
from tests.sim.processes import SimProcess, SimProcesses
from tests.sim.trait_life import TrialLife
from tests.sim.world_life import WorldLife
from tests.sim.zygote_life import FounderLife, ZygoteEnds, ZygoteLife
from tests.support.fakes import CAGE

QUIET_S = 1.0
RESTLESS_S = 15.0
"""After anything that happened the kernel is run at its own pace for this long."""
ROUND_NS = 40_000
ROUNDS_AT_ONCE_MAX = 20_000
"""More rounds than this within a second of simulated time: the kernel spins."""
RECOVERY_S = 150.0
"""Healthy within this, once faults have stopped: prepare and ready limits, back-off, forgetting."""
ORPHANS_NS = 17 * MS
REBOOT_MS = (30.0, 2000.0)
STORM_S = (40.0, 400.0)
CALM_S = (30.0, 1800.0)
ANSWER_KEYS = ("tick", "hash", "paused", "applied_at_tick", "pending", "epoch", "missed_ticks")
ARENA = str(FOLDERS[0] / f"{WORLD}.arena")
AHEAD_TICKS = 130
"""An input is put into the inbox this long before its tick, see `inbox_writer.AHEAD_NS`."""
SERVICES = {"zones.world": WORLD, **{each: name for name, each in BUS_ZONES.items()}}


@dataclass
class Summary:
    """What a run came to.

    Args:
        digest: of everything that happened, in order.
        violation: what must never happen and did, "" for nothing.
    """

    seed: int
    simulated_s: float = 0.0
    digest: str = ""
    violation: str = ""
    counts: Counter[str] = field(default_factory=Counter)
    ticks: int = 0


class SimLog:
    """The kernel's log: part of the trace, and looked at by the checks."""

    def __init__(self, sim: "Simulation") -> None:
        self._sim = sim

    def info(self, event: str, **values: Any) -> None:
        """Take a line."""
        self._sim.trace("log", event, values)
        self._sim.checks.on_log(event, values)

    warning = error = info


class Simulation:
    """A machine, its kernel, and what happens to them."""

    def __init__(
        self,
        seed: int,
        limits: Limits | None = None,
        tell: Callable[[str], None] | None = None,
    ) -> None:
        self.summary = Summary(seed)
        self._tell = tell
        self._hash = hashlib.blake2b(digest_size=16)
        # A text as seed: Python hashes it the same way everywhere.
        self._rng = random.Random(f"{seed} course")
        self.clock = SimClock()
        self.began_ns = self.clock.ns
        self.schedule = Schedule(self.clock)
        self.loop = SimLoop()
        self.descriptors = Descriptors()
        self.checks = Checks(self.clock)
        self.disk = SimDisk()
        self.disk.descriptors = self.descriptors
        self.ledger = SimLedger(self.disk)
        self.processes = SimProcesses(
            self.clock,
            self.schedule,
            self.loop,
            self.descriptors,
            random.Random(f"{seed} machine"),
            self.checks,
        )
        self.processes.start = self._start_zygote
        self.processes.ends = self._make_road
        self.versions = SimVersions()
        self.slow_ready_ns = 0
        self.boot: Boot | None = None
        self._config = draw_config(random.Random(f"{seed} config"))
        self.checks.strict = self._config.zones[0].watchdog is Mode.STRICT
        self._resumed_tick: int | None = None  # what this boot has to say of its world
        self._founded_in_boot = False
        self._fork_zygotes = random.Random(f"{seed} forks").random() < 0.8
        self._inspects = random.Random(f"{seed} founder").random() < 0.6
        self.injector = Injector(self, limits or Limits(), random.Random(f"{seed} faults"))
        self.latest_wish = 0  # the latest tick that somebody at the console has named
        self._arenas_made = 0
        self._stalled_until_ns = 0
        self._restless_until_ns = 0
        self._woken = False
        self._rounds_in_second = 0
        self._second = 0

    # The trace.

    def trace(self, kind: str, what: str, values: dict[str, Any]) -> None:
        """Take something that happened into the trace."""
        at_s = (self.clock.ns - self.began_ns) / SECOND
        line = f"{at_s:.6f} {kind} {what} {values}"
        self._hash.update(line.encode())
        self.summary.counts[f"{kind} {what}"] += 1
        self._restless_until_ns = self.clock.ns + int(RESTLESS_S * SECOND)
        if self._tell is not None:
            self._tell(line)

    # What starts.

    def _start_zygote(self, service: str, root: Path | None) -> tuple[SimProcess, Any]:
        zone = SERVICES[service]
        code = self.versions.code(root)
        facts: dict[str, Any] = {"generation": code.name, "cage": CAGE, ZYGOTE: self._fork_zygotes}
        if zone == WORLD:
            columns = {"schema_hash": code.schema_hash.hex(), "inspects": self._inspects}
            facts = world_model.FACTS | facts | columns
        fingerprint = self.versions.fingerprint()
        zygote = ZygoteLife(self.processes, zone, code, facts, self._birth, fingerprint)
        return zygote, zygote.handle

    def _make_road(self) -> NewRoad:
        """Make the road to a zygote that another one is to fork; it is decided at this moment."""
        fingerprint = self.versions.fingerprint()
        ends = ZygoteEnds(self.processes)
        theirs = {
            "road": self.descriptors.open((ends, fingerprint)),
            "stderr": self.descriptors.open("the pipe"),
        }
        return NewRoad(ends.kernel, ends.stderr_fd, theirs, self._close_fd)  # type: ignore[arg-type]

    def _close_fd(self, fd: int) -> None:
        if fd >= FIRST_FD:
            self.descriptors.close(fd)
        else:
            self.loop.withdraw(fd)
            os.close(fd)

    def _birth(self, zygote: ZygoteLife, request: Fork, things: dict[str, Any]) -> SimProcess:
        if request.role == ZYGOTE:
            ends, fingerprint = things["road"]
            if fingerprint != zygote.fingerprint:
                self.checks.fail("a zygote is forked of one that has loaded other files")
            self.trace("zygote", "forked", {"zone": zygote.zone})
            return zygote.born_of(request, ends)
        slow_ns, self.slow_ready_ns = self.slow_ready_ns, 0
        if request.role == "founder":
            found = partial(self._found, zygote.code, dict(request.facts))
            return FounderLife(self.processes, zygote.zone, found, slow_ns)
        if request.role == "heir":
            return WorldLife(
                self.processes, zygote.zone, zygote.code, things, self.checks, slow_ns,
                zygote.traits, request.facts["beat_at"],
            )  # fmt: skip
        if request.role == "trial":
            job, sets = request.facts["trial"], self.disk.trait_sets
            return TrialLife(self.processes, zygote.zone, job, things, sets)
        assert self.boot is not None, "its zygote lives no longer than the kernel"
        socket = self.boot.bus.sockets[request.facts["endpoint"]]
        return ArchiveLife(
            self.processes,
            zygote.zone,
            zygote.code,
            things,
            socket,
            self.disk,
            slow_ns,
            self.ledger,
        )

    def _found(self, code: Code, job: dict[str, Any]) -> None:
        """See that an arena is there: keep the old one, make one of it, of a snapshot, or anew."""
        old = self.disk.files.get(ARENA)
        if old is not None and ("inspect" in job or "migrate_from" in job):
            try:
                words = old.words()
                check_arena(words, "the arena that is there")
            except MoltError:
                self.disk.set_aside(Path(ARENA))
                old = None
            else:
                self._go_on_in(code, old, words)
                return
        if old is not None and not self._founded_in_boot:
            self.checks.fail("a world was founded over one that was there")
        self.disk.check()
        image = self.disk.snapshots[-1] if self.disk.snapshots else None
        file = world_model.found(code, image, self._next_arena_id())
        self._put_arena(RESTORED if image is not None else FOUNDED, file)

    def _go_on_in(self, code: Code, old: ArenaFile, words: ArenaWords) -> None:
        """Keep an arena that is sound, or make one of other columns of it."""
        if words.get_bytes(Header.SCHEMA_HASH, 32) == code.schema_hash:
            self._put_arena(KEPT, old)
            return
        self.disk.check()
        if [each for each in self.processes.owners.values() if each.zone == WORLD]:
            self.checks.fail("an arena is moved while somebody may write it")
        file = world_model.moved(code, old, self._next_arena_id())
        self.checks.on_moved(old, file)
        self._put_arena(MIGRATED, file)

    def _next_arena_id(self) -> bytes:
        self._arenas_made += 1
        return self._arenas_made.to_bytes(16, "big")

    def _put_arena(self, did: str, file: ArenaFile) -> None:
        tick = file.words().get(Header.COMMIT)
        self._founded_in_boot = True
        self._resumed_tick = tick or None
        self.disk.files[ARENA] = file
        self.disk.report = FoundingReport(did, tick) if self._inspects else None
        self.trace("founded", did, {"tick": tick})

    # The kernel.

    def start_kernel(self) -> None:
        """Boot."""
        assert self.boot is None
        self.trace("kernel", "boot", {})
        self._stalled_until_ns = 0
        self.descriptors.refused = False  # a new process has a table of its own
        self.boot = Boot(
            self._config,
            self.clock,
            self.loop,
            self.descriptors,
            self.processes,
            self.disk,
            self.versions,
            self.ledger,
            SimLog(self),
            self._on_answer,
        )

        file = self.disk.files.get(ARENA)
        # What the kernel kept for a later tick has ended with it; what is in the inbox has not.
        tick = file.words().get(Header.COMMIT) if file is not None else 0
        self.latest_wish = min(self.latest_wish, tick + AHEAD_TICKS)
        self._resumed_tick, self._founded_in_boot = tick or None, False

    def _on_answer(self, token: int, how: str, what: Any) -> None:
        """Take what somebody at the console is told; the status names our own pid: not that."""
        told = what if how == "refused" else {key: what.get(key) for key in ANSWER_KEYS}
        self.trace("answer", how, {"token": token, "what": told})

    def kill_kernel(
        self,
        after: Callable[[], Any] = lambda: None,
        follow: Callable[[], None] | None = None,
    ) -> None:
        """End the kernel at once, its processes some milliseconds later, then boot again."""
        if self.boot is None:
            return
        boot, self.boot = self.boot, None
        boot.close()
        for process in self.processes.living():
            delay_ns = self.processes.rng.randint(0, ORPHANS_NS)
            self.schedule.after(delay_ns, process.vanish)
        self.schedule.after(ORPHANS_NS, lambda: self._bury(after, follow))

    def _bury(self, after: Callable[[], Any], follow: Callable[[], None] | None) -> None:
        self.checks.forget(list(self.processes.known))
        self.processes.end_all()
        self.descriptors.close_all()
        self.loop.forget_all()
        after()
        if follow is not None:
            follow()
        else:
            self.schedule.after(self.processes.between(*REBOOT_MS), self.start_kernel)

    def stall(self, for_ns: int) -> None:
        """Give the kernel no time for a while."""
        self._stalled_until_ns = max(self._stalled_until_ns, self.clock.ns + for_ns)

    def wake(self) -> None:
        """Have the kernel look at once."""
        self._woken = True

    def _turn(self, timeout_s: float) -> float:
        """Wait as the kernel's loop does, serve it, check; return how long it would wait next."""
        limit_ns = self.clock.ns + int(timeout_s * SECOND)
        self.schedule.run_until(self.clock.ns + ROUND_NS)
        while not (self._woken or self.loop.has_news() or self.processes.has_exits()):
            if not self.schedule.run_next(limit_ns):
                self.clock.ns = max(self.clock.ns, limit_ns)
                break
        self._woken = False
        if self._stalled_until_ns > self.clock.ns:
            self.schedule.run_until(self._stalled_until_ns)
        boot = self.boot
        if boot is None:
            return 0.01
        self._count_round()
        self.processes.advance_owners()
        self.processes.beat()
        self.loop.serve()
        next_s = boot.round()
        self.checks.on_round(boot)
        if boot.zones.stopped():
            self._after_stop(boot)
            return 0.01
        return next_s

    def _count_round(self) -> None:
        second = self.clock.ns // SECOND
        if second != self._second:
            self._second, self._rounds_in_second = second, 0
        self._rounds_in_second += 1
        if self._rounds_in_second > ROUNDS_AT_ONCE_MAX:
            self.checks.fail(f"the kernel spins: {ROUNDS_AT_ONCE_MAX} rounds in a second")

    def _after_stop(self, boot: Boot) -> None:
        left = [process.pid for process in self.processes.living()]
        if left:
            self.checks.fail(f"the kernel has stopped and left {left}")
        self.trace("kernel", "stopped", {"tick": boot.tick()})
        if boot.safe_mode:
            self.trace("kernel", "safe mode", {"why": boot.safe_mode})
            delay_ns = int(self._config.probe_base_s * SECOND)
            self.kill_kernel(follow=lambda: self._probe(delay_ns))
        else:
            self.kill_kernel()

    def _probe(self, delay_ns: int) -> None:
        """Be in safe mode until some version can be loaded: longer and longer between two tries.

        What safe mode itself does is not simulated: the world stands still in it.
        """

        def look() -> None:
            code = self.versions.tree
            if code.broken or code.dies_at_birth:
                self._probe(min(2 * delay_ns, int(self._config.probe_cap_s * SECOND)))
            else:
                self.start_kernel()

        self.schedule.after(delay_ns, look)

    # The course.

    def run(self, hours: float) -> Summary:
        """Run for so many simulated hours, or to the first violation."""
        end_ns = self.began_ns + int(hours * 3600 * SECOND)
        try:
            self.start_kernel()
            self._recover()
            while self.clock.ns < end_ns:
                left_s = (end_ns - self.clock.ns) / SECOND
                self.injector.begin()
                self._pass(min(left_s, self._rng.uniform(*STORM_S)))
                self.injector.end()
                self._recover()
                left_s = max(0.0, (end_ns - self.clock.ns) / SECOND)
                self._pass(min(left_s, self._rng.uniform(*CALM_S)))
                self._expect_well("in the calm")
            self._stop_for_good()
        except Violation as violation:
            self.summary.violation = str(violation)
        except Exception:  # the kernel's own code raised: that is a finding, too
            self.summary.violation = traceback.format_exc()
        return self._summarise()

    def _pass(self, seconds: float) -> None:
        """Let time pass."""
        end_ns = self.clock.ns + int(seconds * SECOND)
        timeout_s = 0.0
        while self.clock.ns < end_ns:
            if self._is_quiet():
                timeout_s = max(timeout_s, QUIET_S)
            timeout_s = self._turn(min(timeout_s, (end_ns - self.clock.ns) / SECOND))

    def _is_quiet(self) -> bool:
        if self.injector.is_on() or self.boot is None or self.boot.is_stopping():
            return False
        return self.clock.ns > self._restless_until_ns

    def _recover(self) -> None:
        """Demand health within RECOVERY_S, and that the world goes on."""
        self.trace("recovery", "demanded", {})
        end_ns = self.clock.ns + int(RECOVERY_S * SECOND)
        why = "it does not run"
        while why and self.clock.ns < end_ns:
            self._pass(0.5)
            why = self._why_unwell() or self._why_untold()
        if why:
            self.checks.fail(f"not well {RECOVERY_S:g} s after the last fault: {why}")
        assert self.boot is not None
        tick = self.boot.tick()
        self._pass(2.0)
        self._expect_well("after recovery")
        assert self.boot is not None
        ticked = self.boot.tick() - tick
        if ticked < 0.9 * 2.0 * SECOND / world_model.PERIOD_NS:
            self.checks.fail(f"{ticked} ticks in 2 s after recovery")
        if self.boot.resumed_tick() != self._resumed_tick:
            told = self.boot.resumed_tick()
            self.checks.fail(f"told to have resumed at {told}, truth is {self._resumed_tick}")
        self.trace("recovery", "done", {"tick": self.boot.tick()})

    def _why_unwell(self) -> str:
        boot = self.boot
        if boot is None or boot.is_stopping():
            return "the kernel is away"
        if boot.zones.all_ready() and boot.will_hold():
            boot.console.ask("resume", {})
            return "the world is paused, or will be"
        if boot.tick() <= self.latest_wish:
            return f"something is wanted at tick {self.latest_wish}"
        if boot.unapplied():
            return f"{boot.unapplied()} inputs are not applied"
        if boot.console.open_count:
            return f"{boot.console.open_count} requests are not answered"
        frozen = [pid for _, pid, _ in boot.watched() if self.processes.is_frozen(pid)]
        if frozen:
            return f"{frozen} are needed and hung"
        bad = [process.pid for process in self.processes.living() if self._runs_bad_code(process)]
        if bad:
            return f"{bad} still run code that is known to fail"
        known = boot.zones.trials.cells.pids()
        left = [each.pid for each in self.processes.living() if each.role == "trial"]
        if set(left) - set(known):
            return f"{left} are trials, and nobody waits for them"
        if boot.untaken_traits():
            return f"the next generation would lack {boot.untaken_traits()}"
        if boot.degraded():
            return f"degraded: {boot.degraded()}"
        greedy = [each.pid for each in self.processes.living() if is_greedy(each)]
        if greedy:
            return f"pid {greedy[0]} takes more memory than it may, and lives"
        return boot.unready()

    def _why_untold(self) -> str:
        """Return what of the kernel's events is not stored; what is stored is as it was said."""
        assert self.boot is not None
        waiting = self.boot.sender.waiting().count
        if waiting:
            return f"{waiting} events of the kernel are not stored"
        wrong = self.ledger.why_wrong()
        if wrong:
            self.checks.fail(wrong)
        return ""

    def _runs_bad_code(self, process: SimProcess) -> bool:
        """Tell whether an owner will fail by its own code; nobody can know of an idle zygote's."""
        if not isinstance(process, WorldLife) or not process.owning:
            return False
        return bool(process.code.guilty_every) and not process.is_quarantined()

    def _expect_well(self, when: str) -> None:
        why = self._why_unwell()
        if why:
            self.checks.fail(f"not well {when}: {why}")

    def _stop_for_good(self) -> None:
        assert self.boot is not None
        boot = self.boot
        boot.zones.begin_stop()
        end_ns = self.clock.ns + int((STOP_DEADLINE_S + 1) * SECOND)
        while self.boot is boot:
            if self.clock.ns > end_ns:
                self.checks.fail(f"no end {STOP_DEADLINE_S:g} s after a stop was asked for")
            self._turn(0.002)

    def _summarise(self) -> Summary:
        summary = self.summary
        summary.simulated_s = (self.clock.ns - self.began_ns) / SECOND
        summary.digest = self._hash.hexdigest()
        summary.counts += self.checks.counts
        summary.ticks = self.checks.counts["ticks"]
        if self.boot is not None:
            self.boot.close()
        return summary


def run_seed(
    seed: int, hours: float, tell: Callable[[str], None] | None = None, **more: Any
) -> Summary:
    """Run one seed and return what came of it."""
    return Simulation(seed, tell=tell, **more).run(hours)
