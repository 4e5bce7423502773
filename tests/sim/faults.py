"""Faults, within stated limits: what goes wrong, how often, for how long.

Owns: the limits, and causing each fault. Does not own: what follows from one. Everything that may
go wrong is in `Limits`; outside it the machine keeps its promises, and the kernel its own.
"""

import random
import signal
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from Kernel.contract.arena import Header
from tests.sim.code import GOOD, OTHER_COLUMNS, SLOT, Code
from tests.sim.console import random_request
from tests.sim.kernel import BUS_ZONES, LIMITS, WORLD
from tests.sim.machine import MS, SECOND
from tests.sim.processes import FAULTS, SimProcess
from tests.sim.world_life import WorldLife
from tests.sim.zygote_life import ZygoteLife

if TYPE_CHECKING:
    from tests.sim.simulation import Simulation

BROKEN = (
    Code("syntax error", broken="import"),
    Code("exits", broken="exit"),
    Code("never prepared", broken="hang"),
    Code("dies at birth", dies_at_birth=True),
    OTHER_COLUMNS,
    Code("guilty core", guilty_every=700),
    Code("guilty trait", guilty_every=500, guilty_slot=7),
)


@dataclass(frozen=True, slots=True)
class Limits:
    """How often each fault happens, per hour of storm; the longest that one lasts, in seconds.

    Args:
        changeable: each seed draws its own weather, see WEATHERS.
    """

    kill_owner: float = 120.0
    kill_heir: float = 60.0
    kill_zygote: float = 40.0
    kill_service: float = 40.0
    kill_newborn: float = 40.0
    fault_signal: float = 30.0
    exit_code: float = 20.0
    stop_owner: float = 30.0
    stop_other: float = 20.0
    hang_service: float = 10.0
    starve_process: float = 60.0
    stall_kernel: float = 40.0
    slow_fork: float = 30.0
    slow_ready: float = 20.0
    forks_refused: float = 10.0
    descriptors_gone: float = 10.0
    disk_full: float = 10.0
    broken_code: float = 40.0
    slot_lost: float = 6.0
    renew: float = 30.0
    go_back: float = 15.0
    kernel_killed: float = 12.0
    power_lost: float = 4.0
    arena_damaged: float = 4.0
    stop_asked: float = 8.0
    safe_mode: float = 3.0
    clock_set: float = 10.0
    console: float = 400.0
    hoard: float = 20.0
    stop_heir: float = 30.0

    starve_s_max: float = 0.38
    stall_s_max: float = 3.0
    refused_s_max: float = 8.0
    disk_s_max: float = 30.0
    broken_s_max: float = 25.0
    slot_s_max: float = 30.0
    slow_fork_s_max: float = 2.5
    slow_ready_s_max: float = 4.0
    changeable: bool = True


RATES = tuple(
    each.name
    for each in fields(Limits)
    if not each.name.endswith("_s_max") and each.name != "changeable"
)
WEATHERS = (0.0, 0.2, 1.0, 1.0, 4.0)
"""Each seed draws one of these for each fault: some never happen, some much."""


class Injector:
    """Causes faults at random while a storm lasts."""

    def __init__(self, sim: "Simulation", limits: Limits, rng: random.Random) -> None:
        self._sim = sim
        self._limits = limits
        self._rng = rng
        self._storm = 0
        weathers = WEATHERS if limits.changeable else (1.0,)
        self.rates = {name: getattr(limits, name) * rng.choice(weathers) for name in RATES}
        self.lasting = 0  # faults that end by themselves, and have not yet

    def begin(self) -> None:
        """Let the storm begin."""
        self._storm += 1
        for name in RATES:
            self._plan(name, self._storm)

    def end(self) -> None:
        """Stop causing faults; mend what lasts."""
        self._storm += 1
        sim = self._sim
        sim.disk.refused = sim.descriptors.refused = sim.processes.refused = False
        sim.versions.edit(GOOD)
        sim.versions.slot, sim.versions.damaged = SLOT, False

    def is_on(self) -> bool:
        """Tell whether faults may happen."""
        return self._storm % 2 == 1

    def _plan(self, name: str, storm: int) -> None:
        rate = self.rates[name]
        if not rate:
            return
        delay_ns = int(self._rng.expovariate(rate) * 3600 * SECOND)

        def happen() -> None:
            if self._storm == storm:
                getattr(self, f"_{name}")()
                self._plan(name, storm)

        self._sim.schedule.after(delay_ns, happen)

    def _tell(self, what: str, **values: object) -> None:
        self._sim.checks.excuse()
        self._sim.trace("fault", what, values)

    def _lasting(self, what: str, s_max: float, end: "object") -> None:
        """Have a state of the machine end after a while."""
        lasts_ns = self._rng.randint(100 * MS, int(s_max * SECOND))
        self._tell(what, lasts_ns=lasts_ns)
        storm = self._storm
        self._sim.schedule.after(lasts_ns, lambda: end() if self._storm == storm else None)

    # Who is hit.

    def _pick(self, role: str, *, owning: bool | None = None) -> SimProcess | None:
        found = [
            process
            for process in self._sim.processes.living()
            if process.role == role
            and not process.dying
            and (owning is None or process.owning is owning)
        ]
        return self._rng.choice(found) if found else None

    def _hit(self, process: SimProcess | None, number: int, what: str) -> None:
        if process is None:
            return
        self._tell(what, pid=process.pid, role=process.role, number=number)
        if not process.fault:
            process.fault = "outside" if number == signal.SIGKILL else "fault"
        process.signal(number)

    def _kill_owner(self) -> None:
        self._hit(self._pick("heir", owning=True), signal.SIGKILL, "kill owner")

    def _kill_heir(self) -> None:
        self._hit(self._pick("heir", owning=False), signal.SIGKILL, "kill heir")

    def _kill_zygote(self) -> None:
        zygote = self._pick("zygote")
        if zygote is not None and zygote.was_ready:  # others are newborn
            self._hit(zygote, signal.SIGKILL, "kill zygote")

    def _kill_service(self) -> None:
        self._hit(self._pick("service"), signal.SIGKILL, "kill service")

    def _kill_newborn(self) -> None:
        living = [each for each in self._sim.processes.living() if not each.dying]
        newest = max(living, key=lambda each: each.pid, default=None)
        self._hit(newest, signal.SIGKILL, "kill newborn")

    def _fault_signal(self) -> None:
        living = [each for each in self._sim.processes.living() if not each.dying]
        if living:
            self._hit(self._rng.choice(living), self._rng.choice(FAULTS), "fault signal")

    def _exit_code(self) -> None:
        living = [each for each in self._sim.processes.living() if each.runs()]
        if living:
            process = self._rng.choice(living)
            self._tell("exit", pid=process.pid, role=process.role)
            process.fault = process.fault or "exit"
            process.catch_up()
            process.leave(self._rng.choice([1, 1, 70]))

    def _stop_owner(self) -> None:
        self._hit(self._pick("heir", owning=True), signal.SIGSTOP, "stop owner")

    def _stop_heir(self) -> None:
        self._hit(self._pick("heir", owning=False), signal.SIGSTOP, "stop heir")

    def _stop_other(self) -> None:
        living = [each for each in self._sim.processes.living() if not each.dying]
        if living:
            self._hit(self._rng.choice(living), signal.SIGSTOP, "stop")

    def _hang_service(self) -> None:
        process = self._pick("service")
        if process is not None:
            self._tell("hang service", pid=process.pid)
            process.fault = process.fault or "hang"
            process.hang()

    def _starve_process(self) -> None:
        living = self._sim.processes.living()
        if living:
            process = self._rng.choice(living)
            for_ns = self._rng.randint(MS, int(self._limits.starve_s_max * SECOND))
            self._tell("starve", pid=process.pid, for_ns=for_ns)
            process.starve(for_ns)

    def _stall_kernel(self) -> None:
        for_ns = self._rng.randint(MS, int(self._limits.stall_s_max * SECOND))
        self._tell("stall kernel", for_ns=for_ns)
        self._sim.stall(for_ns)

    def _hoard(self) -> None:
        """A process takes more memory than its zone may, and no group of the system holds it."""
        found = [each for each in self._sim.processes.living() if each.role in ("heir", "service")]
        if found:
            process = self._rng.choice(found)
            self._tell("hoard", pid=process.pid, role=process.role)
            process.fault = process.fault or "hoard"
            process.taken = process.taken._replace(memory_bytes=2 * LIMITS.memory_bytes)

    # States of the machine.

    def _slow_fork(self) -> None:
        process = self._pick("zygote")
        if isinstance(process, ZygoteLife):
            process.slow_ns = self._rng.randint(MS, int(self._limits.slow_fork_s_max * SECOND))
            self._tell("slow fork", pid=process.pid, for_ns=process.slow_ns)

    def _slow_ready(self) -> None:
        sim = self._sim
        sim.slow_ready_ns = self._rng.randint(MS, int(self._limits.slow_ready_s_max * SECOND))
        self._tell("slow ready", for_ns=sim.slow_ready_ns)

    def _forks_refused(self) -> None:
        processes = self._sim.processes
        processes.refused = True

        def end() -> None:
            processes.refused = False

        self._lasting("forks refused", self._limits.refused_s_max, end)

    def _descriptors_gone(self) -> None:
        descriptors = self._sim.descriptors
        descriptors.refused = True

        def end() -> None:
            descriptors.refused = False

        self._lasting("descriptors gone", self._limits.refused_s_max, end)

    def _disk_full(self) -> None:
        disk = self._sim.disk
        disk.refused = True

        def end() -> None:
            disk.refused = False

        self._lasting("disk full", self._limits.disk_s_max, end)

    def _broken_code(self) -> None:
        versions, seen = self._sim.versions, self._rng.random() < 0.7
        versions.edit(self._rng.choice(BROKEN), seen=seen)

        def end() -> None:
            versions.edit(GOOD, seen=seen)

        self._lasting(f"broken code: {versions.tree.name}", self._limits.broken_s_max, end)
        if self._rng.random() < 0.5:
            self._renew()  # as people do who have just changed it

    def _slot_lost(self) -> None:
        versions = self._sim.versions
        versions.slot, versions.damaged = None, self._rng.random() < 0.5

        def end() -> None:
            versions.slot, versions.damaged = SLOT, False

        self._lasting("slot lost", self._limits.slot_s_max, end)

    def _renew(self) -> None:
        self._move("renew", "soft-restart", fresh=True)

    def _go_back(self) -> None:
        self._move("go back", "go-back")

    def _move(self, what: str, command: str, **args: object) -> None:
        """Change the generation of a zone, as people ask for it."""
        boot = self._sim.boot
        if boot is not None:
            zone = self._rng.choice([WORLD, WORLD, *BUS_ZONES])
            self._tell(what, zone=zone)
            boot.console.ask(command, {"zone": zone, **args})

    # The kernel and its files.

    def _kernel_killed(self) -> None:
        self._tell("kernel killed")
        self._sim.kill_kernel()

    def _power_lost(self) -> None:
        self._tell("power lost")
        self._sim.kill_kernel(after=self._sim.disk.files.clear)

    def _arena_damaged(self) -> None:
        how = self._rng.choice(["magic", "cut", "commit", "schema"])
        self._tell("arena damaged", how=how)
        self._sim.kill_kernel(after=lambda: self._damage(how))

    def _damage(self, how: str) -> None:
        for file in self._sim.disk.files.values():
            words = file.words()
            if how == "magic":
                words.put(Header.MAGIC, 7)
            elif how == "commit":
                words.put(Header.COMMIT, words.get(Header.COMMIT) + 1000)
            elif how == "schema":
                words.put_bytes(Header.SCHEMA_HASH, bytes(32))
            else:
                file.data = bytearray(file.data[:8192])

    def _stop_asked(self) -> None:
        boot = self._sim.boot
        if boot is not None and not boot.is_stopping():
            self._tell("stop asked")
            boot.zones.begin_stop()
            self._sim.wake()

    def _clock_set(self) -> None:
        """Somebody sets the clock, by up to a day: only what people see may change."""
        ahead_s = self._rng.uniform(-86_400, 86_400)
        self._tell("clock set", ahead_s=ahead_s)
        self._sim.clock.wall_ahead_s += ahead_s

    def _safe_mode(self) -> None:
        boot = self._sim.boot
        if boot is not None:
            self._tell("safe mode asked for")
            boot.console.ask("safe-mode enter", {})

    def _console(self) -> None:
        boot = self._sim.boot
        if boot is None:
            return
        command, args = random_request(self._rng, boot.tick())
        self._tell(f"console {command}", **args)
        wish = args.get("at_tick", 0)
        assert isinstance(wish, int)
        self._sim.latest_wish = max(self._sim.latest_wish, wish)
        token = boot.console.ask(command, args)
        if self._rng.random() < 0.1:
            boot.console.hang_up(token)


def is_world(process: SimProcess) -> bool:
    """Tell whether a process is one of the world's."""
    return isinstance(process, WorldLife)
