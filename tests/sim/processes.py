"""Processes on paper: signals, deaths, stops, hangs, starvation; and the kernel's port of them.

Owns: what is true of any process. Does not own: what one does while it lives (`zygote_life.py`,
`world_life.py`, `archive_life.py`).
"""

import errno
import os
import random
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from Kernel.ports.meters import Load, Standstill, Taken
from Kernel.ports.process import Exit, NewRoad, ZygoteHandle
from tests.sim.machine import MS, Descriptors, Schedule, SimClock, SimLoop

FIRST_PID = 1000
DEATH_NS = (50_000, 900_000)
"""How long the operating system takes to end a process, from the signal to the news."""
FAULTS = (signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGABRT)


class Watcher(Protocol):
    """Who is told of every step, to check it."""

    def fail(self, why: str) -> None:
        """Something is wrong."""

    def on_signal(self, pid: int, number: int) -> None:
        """The kernel sends a signal."""

    def on_start(self, process: "SimProcess") -> None:
        """A process begins."""

    def on_fork(self, process: "SimProcess") -> None:
        """A zygote has forked a process."""

    def on_death(self, process: "SimProcess") -> None:
        """A process has ended."""


class SimProcess:
    """One process.

    Attributes:
        fault: what the simulation did to it last, "" for nothing: the truth verdicts are held to.
    """

    role = "process"

    def __init__(self, processes: "SimProcesses", zone: str) -> None:
        self.processes = processes
        self.zone = zone
        self.pid = processes.new_pid()
        self.born_ns = processes.clock.ns
        self.alive = True
        self.dying = False
        self.fault = ""
        self.was_ready = False
        self.stopped = False
        self.hung = False
        self.starved_until_ns = 0
        self.stack_fd = -1
        self.zygote_pid = 0  # who forked it
        self.asked_ns = 0  # when the kernel asked for it
        self.waited_ns = 0
        self.taken = Taken(memory_bytes=64 << 20, cpu_ns=0, threads=3, descriptors=20)
        self._parked: list[Callable[[], None]] = []
        processes.add(self)

    # What a life gives.

    def on_end(self) -> None:
        """Let go of what the operating system takes back."""

    def catch_up(self) -> None:
        """Do all that was due before something happens to it."""

    def on_thaw(self) -> None:
        """It runs again."""

    def beat(self) -> None:
        """Say that it stands by, if it does and can."""

    # Time.

    def later(self, delay_ns: int, act: Callable[[], None]) -> None:
        """Have this process do something later, if it lives and runs then."""
        self.processes.schedule.after(delay_ns, lambda: self._act(act))

    def _act(self, act: Callable[[], None]) -> None:
        if not self.alive or self.dying:
            return
        if self.stopped or self.hung:
            self._parked.append(act)
        elif self.starved_until_ns > self.processes.clock.ns:
            self.later(self.starved_until_ns - self.processes.clock.ns, act)
        else:
            act()

    def runs(self) -> bool:
        """Tell whether it can do anything at this moment."""
        free = not (self.stopped or self.hung) and self.starved_until_ns <= self.processes.clock.ns
        return self.alive and not self.dying and free

    def is_frozen(self) -> bool:
        """Tell whether it lives and will never do anything again by itself."""
        return self.alive and (self.stopped or self.hung)

    def hang(self) -> None:
        """Loop for ever."""
        if not self.hung:
            self.hung = True

    def stop(self) -> None:
        """SIGSTOP."""
        if not self.stopped:
            self.catch_up()
            self.stopped = True

    def go_on(self) -> None:
        """SIGCONT."""
        if self.stopped:
            self.stopped = False
            self._thaw()

    def starve(self, for_ns: int) -> None:
        """Get no processor time for a while, unless it already gets none."""
        if self.starved_until_ns > self.processes.clock.ns:
            return
        self.catch_up()
        self.starved_until_ns = self.processes.clock.ns + for_ns
        self.waited_ns += for_ns
        self.later(for_ns, self.on_thaw)

    def _thaw(self) -> None:
        if self.stopped or self.hung:
            return
        parked, self._parked = self._parked, []
        for act in parked:
            self.later(0, act)
        self.on_thaw()

    def load(self) -> Load:
        """Return what the scheduler gave it: it waits while it is starved, and runs else."""
        now_ns = self.processes.clock.ns
        waited_ns = self.waited_ns - max(0, self.starved_until_ns - now_ns)
        return Load(now_ns - self.born_ns - waited_ns, waited_ns)

    def _dump_stack(self) -> None:
        """Write where it is, as faulthandler does; now and then a process is too far gone."""
        if not self.stopped and self.processes.rng.random() < 0.8:
            os.write(self.stack_fd, b'Thread 1:\n  File "paper.py", line 1 in work\n')

    # Ends.

    def signal(self, number: int) -> None:
        """Take a signal as the operating system delivers it."""
        if not self.alive or self.dying:
            return
        if number == signal.SIGUSR1 and self.stack_fd >= 0:
            self._dump_stack()
        elif number == signal.SIGSTOP:
            self.stop()
        elif number == signal.SIGCONT:
            self.go_on()
        elif number == signal.SIGKILL or not self.stopped:
            self.catch_up()
            self._begin_death(None, number)

    def leave(self, code: int) -> None:
        """End by itself."""
        if self.alive and not self.dying:
            self._begin_death(code, None)

    def fall(self, number: int) -> None:
        """End by a signal of its own making."""
        if self.alive and not self.dying:
            self._begin_death(None, number)

    def _begin_death(self, code: int | None, number: int | None) -> None:
        self.dying = True
        delay_ns = self.processes.rng.randint(*DEATH_NS)
        self.processes.schedule.after(delay_ns, lambda: self._die(code, number))

    def _die(self, code: int | None, number: int | None) -> None:
        if not self.alive:
            return
        self.alive = False
        self._parked.clear()
        self.on_end()
        self.processes.ended(self, Exit(self.pid, code, number))

    def vanish(self) -> None:
        """End with the kernel: nobody is told."""
        if self.alive:
            self.alive = False
            self.on_end()


class SimLoads:
    """The kernel's port of loads."""

    def __init__(self, processes: "SimProcesses") -> None:
        self._processes = processes

    def load(self, pid: int) -> Load | None:
        """Return what a process got from the scheduler."""
        process = self._processes.known.get(pid)
        return process.load() if process is not None and process.alive else None

    def standstill(self, pid: int) -> Standstill:
        """Return what a process is doing."""
        process = self._processes.known.get(pid)
        if process is None or not process.alive:
            return Standstill("?", "")
        return Standstill("T" if process.stopped else "R", "")

    def taken(self, pid: int) -> Taken | None:
        """Return what a process has of the machine."""
        process = self._processes.known.get(pid)
        return process.taken if process is not None and process.alive else None

    def spent_ns(self) -> int:
        """Asking costs nothing here."""
        return 0


StartZygote = Callable[[str, "Path | None"], "tuple[SimProcess, ZygoteHandle]"]


class SimProcesses:
    """The kernel's port of processes."""

    def __init__(
        self,
        clock: SimClock,
        schedule: Schedule,
        loop: SimLoop,
        descriptors: Descriptors,
        rng: random.Random,
        watcher: Watcher,
    ) -> None:
        self.clock = clock
        self.schedule = schedule
        self.loop = loop
        self.descriptors = descriptors
        self.rng = rng
        self.watcher = watcher
        self.known: dict[int, SimProcess] = {}
        self.owners: dict[int, SimProcess] = {}  # who holds the right to write
        self.standing_by: dict[int, SimProcess] = {}
        self.refused = False
        self.start: StartZygote | None = None
        self.ends: Callable[[], NewRoad] | None = None
        self.trials = rng.randrange(10)  # begun so far
        self._next_pid = FIRST_PID
        self._exits: list[Exit] = []
        self._reaped_just_now: set[int] = set()

    def new_pid(self) -> int:
        """Return a pid that was never used."""
        self._next_pid += 1
        return self._next_pid

    def add(self, process: SimProcess) -> None:
        """Take a new process in."""
        self.known[process.pid] = process
        self.watcher.on_start(process)

    def ended(self, process: SimProcess, exit_: Exit) -> None:
        """A process has ended: the kernel, its parent, gets SIGCHLD."""
        self._exits.append(exit_)
        self.watcher.on_death(process)

    def living(self) -> list[SimProcess]:
        """Return who lives, oldest first."""
        return [process for process in self.known.values() if process.alive]

    def is_frozen(self, pid: int) -> bool:
        """Tell whether a process is hung or stopped."""
        return pid in self.known and self.known[pid].is_frozen()

    def advance_owners(self) -> None:
        """Let who ticks do all that was due up to now: words are about to be read."""
        for owner in list(self.owners.values()):
            owner.catch_up()

    def beat(self) -> None:
        """Let who stands by say so: it is about to be looked at."""
        for waiter in self.standing_by.values():
            waiter.beat()

    def has_exits(self) -> bool:
        """Tell whether somebody waits to be reaped."""
        return bool(self._exits)

    # The port.

    def start_zygote(self, service: str, root: Path | None = None) -> ZygoteHandle:
        """Start a zygote.

        Raises:
            OSError: EAGAIN, while the machine has no room for one process more.
        """
        if self.refused or self.descriptors.refused:
            number = errno.EAGAIN if self.refused else errno.EMFILE
            raise OSError(number, os.strerror(number))
        assert self.start is not None, "the machine is complete"
        return self.start(service, root)[1]

    def make_road(self) -> NewRoad:
        """Make the road to a zygote that another one is to fork.

        Raises:
            OSError: EMFILE, while descriptors are exhausted.
        """
        assert self.ends is not None, "the machine is complete"
        return self.ends()

    def send_signal(self, pid: int, number: int) -> None:
        """Send a signal to a process that is not reaped."""
        self.watcher.on_signal(pid, number)
        assert pid in self.known or pid in self._reaped_just_now, f"pid {pid} is nobody's"
        if pid in self.known:
            self.known[pid].signal(number)

    def kin(self) -> dict[int, tuple[int, int]]:
        """Return nobody: on paper, only zygotes fork."""
        return {}

    def reap(self) -> list[Exit]:
        """Collect every child that has ended."""
        exits, self._exits = self._exits, []
        self._reaped_just_now = {exit_.pid for exit_ in exits}
        for exit_ in exits:
            del self.known[exit_.pid]
        return exits

    def end_all(self) -> None:
        """The kernel has died: whoever is left goes with it."""
        for process in self.living():
            process.vanish()
        self.known.clear()
        self.owners.clear()
        self.standing_by.clear()
        self._exits.clear()
        self._reaped_just_now.clear()

    def between(self, low_ms: float, high_ms: float) -> int:
        """Return a random time, nanoseconds."""
        return self.rng.randint(int(low_ms * MS), int(high_ms * MS))
