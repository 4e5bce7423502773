"""Keep one zone alive: bring what happened to the supervisor, carry out what it decides.

Owns: the descriptors and roads of one zone's processes. Does not own: decisions
(`supervisor.py`, `succession.py`, `watchdog.py`), words of the arena (`arena_keeper.py`), the loop.
"""

import os
import signal
import socket
from dataclasses import dataclass, field
from typing import Any

from Kernel.config import ZoneConfig
from Kernel.contract.errors import ArenaError, CodecError, MoltError
from Kernel.contract.zygote_protocol import (
    Configure,
    Fork,
    Forked,
    Message,
    Prepared,
    Unprepared,
    receive,
    send,
)
from Kernel.core import supervisor as sup
from Kernel.core.logger import Log, StderrLines
from Kernel.core.succession import is_failure
from Kernel.core.watchdog import Watch, is_stalled, observe
from Kernel.loop import Loop
from Kernel.ports.arena_file import ArenaFiles, SystemArenaFiles
from Kernel.ports.clock import Clock
from Kernel.ports.doors import Doors, SystemDoors
from Kernel.ports.process import Exit, Processes, ZygoteHandle


@dataclass(slots=True)
class Berth:
    """What the kernel holds for one forked process until it is reaped."""

    serial: int
    role: str
    pid: int = 0
    was_ready: bool = False
    killed_as: str = ""
    drilled: bool = False


@dataclass(frozen=True, slots=True)
class Parts:
    """What every keeper shares: the machine and the loop."""

    clock: Clock
    processes: Processes
    loop: Loop
    log: Log
    home: str
    doors: Doors = field(default_factory=SystemDoors)
    arenas: ArenaFiles = field(default_factory=SystemArenaFiles)


class Keeper:
    """One zone. Subclasses add how its processes speak: by memory, or by the private bus."""

    def __init__(self, config: ZoneConfig, parts: Parts) -> None:
        self.config = config
        self.parts = parts
        self.zone = sup.Zone(config.name)
        self.facts: dict[str, Any] = {}
        self.unprepared: Unprepared | None = None
        self.postponed = False  # a fork waits for a better moment: look again soon
        self.berths: dict[int, Berth] = {}  # by serial, until reaped
        self._serial = 0
        self._handle: ZygoteHandle | None = None
        self._watch = Watch()
        self._looked_s = 0.0

    # What a subclass gives.

    def progress(self) -> tuple[int, ...] | None:
        """Return what must move while the zone is alive, None while nothing is expected to."""
        raise NotImplementedError

    def watched_pid(self) -> int:
        """Return the process to end when nothing moves, 0 for nobody."""
        raise NotImplementedError

    def fork_message(self, serial: int, role: str) -> tuple[Fork, list[int]]:
        """Return the Fork to send and the descriptors that go with it."""
        raise NotImplementedError

    def has_progressed(self, berth: Berth) -> bool:
        """Tell whether a process that has died had done any work."""
        raise NotImplementedError

    def on_prepared(self) -> None:
        """Take the zygote's facts; raise CodecError, or ArenaError for an arena out of reach."""

    def on_founder_exit(self, code: int | None) -> bool:
        """The founder is gone; return whether the arena is there now."""
        raise NotImplementedError

    def forget(self, berth: Berth) -> None:
        """Close what was held for a process that is gone."""
        raise NotImplementedError

    def is_good_moment(self) -> bool:
        """Tell whether a fork would be in nobody's way just now; it is asked again soon."""
        return True

    def before_deciding(self) -> None:
        """Look at the zone's own words or messages."""

    def after_deciding(self) -> None:
        """Publish what follows from the state."""

    # Rounds.

    def learn(self, event: sup.Event) -> None:
        """Take an event into the state."""
        self.zone = sup.learn(self.zone, event, self.config.policy, self.parts.clock.now_s())

    def look(self) -> None:
        """One round: look, decide, act."""
        self.before_deciding()
        now_s = self.parts.clock.now_s()
        self._watch_progress(now_s)
        self.zone = sup.heal(self.zone, self.config.policy, now_s)
        for action in sup.decide(self.zone, self.config.policy, now_s):
            self._act(action)
        self.after_deciding()

    def _watch_progress(self, now_s: float) -> None:
        progress = self.progress()
        # Who has not looked himself for long (stopped, starved) must not blame others for it.
        asleep = now_s - self._looked_s > self.config.deadline_s / 2
        self._looked_s = now_s
        if progress is None or self.zone.stopping or asleep:
            self._watch = Watch(progress or (), now_s)
            return
        self._watch = observe(self._watch, progress, now_s)
        if is_stalled(self._watch, self.config.deadline_s, now_s):
            pid = self.watched_pid()
            if pid:
                self.kill(pid, f"no progress in {self.config.deadline_s * 1000:g} ms")
            self._watch = Watch((), now_s)

    def _act(self, action: sup.Action) -> None:
        match action:
            case sup.StartZygote():
                self._start_zygote()
            case sup.ForkFounder():
                self._ask("founder")
            case sup.ForkProcess():
                self.postponed = not self.is_good_moment()
                if not self.postponed:
                    self._ask("heir" if self.config.policy.kind is sup.Kind.ARENA else "process")
            case sup.Kill(pid, why):
                self.kill(pid, why)

    # The zygote.

    def _start_zygote(self) -> None:
        try:
            handle = self.parts.processes.start_zygote(self.config.service)
        except OSError as error:  # no memory, or no room for one process more: try again later
            self.learn(sup.NotStarted(str(error)))
            self.parts.log.warning("zone.not_started", zone=self.config.name, why=str(error))
            return
        self._handle = handle
        self.learn(sup.ZygoteStarted(handle.pid))
        lines = StderrLines(self.parts.log, self.config.name)
        self.parts.loop.watch(
            handle.stderr_fd, lambda _events: self._read_stderr(handle.stderr_fd, lines)
        )
        self.parts.loop.watch(handle.road.fileno(), lambda _events: self._on_road(handle))
        try:
            send(handle.road, Configure(self.config.name, self.parts.home, self.config.settings))
        except (OSError, MoltError) as error:
            self.kill(handle.pid, f"cannot configure the zygote: {error}")

    def _read_stderr(self, fd: int, lines: StderrLines) -> None:
        if not lines.read(fd):
            self.parts.loop.unwatch(fd)
            os.close(fd)

    def _on_road(self, handle: ZygoteHandle) -> None:
        self._read_road(handle)

    def _read_road(self, handle: ZygoteHandle) -> bool:
        """Read one message; False when there is none (left)."""
        if handle.road.fileno() < 0:
            return False
        try:
            got = receive(handle.road)
            if got is not None:
                self._hear(handle, *got)
                return True
        except BlockingIOError:
            return False
        except ConnectionResetError:
            return True  # said once, before the words it left in our queue
        except CodecError as error:
            self.kill(handle.pid, f"zygote spoke nonsense: {error}")
            return True
        except ArenaError as error:  # tried again with the next zygote
            self.kill(handle.pid, error.message)
            return True
        self.parts.loop.unwatch(handle.road.fileno())
        handle.road.close()
        return False

    def _hear(self, handle: ZygoteHandle, message: Message, descriptors: list[int]) -> None:
        for descriptor in descriptors:  # a zygote has none to give
            os.close(descriptor)
        match message:
            case Prepared(_, facts):
                self.facts = facts
                self.unprepared = None
                self.on_prepared()
                self.learn(sup.ZygotePrepared())
            case Unprepared():
                self.unprepared = message
                self.parts.log.error(
                    "zone.unprepared",
                    zone=self.config.name,
                    why=message.message,
                    hint=message.hint,
                )
            case Forked(serial, pid):
                self._on_forked(serial, pid)
            case _:
                self.kill(handle.pid, f"zygote spoke out of turn: {type(message).__name__}")

    def _hang_up(self, handle: ZygoteHandle) -> None:
        """Close the road to a dead zygote; what was said before still counts.

        A process it was forking may yet announce a birth. Nobody can once we read no more: who
        cannot announce a birth ends it, so nobody is left over.
        """
        if handle.road.fileno() >= 0:
            handle.road.shutdown(socket.SHUT_RD)
        while self._read_road(handle):
            pass

    def _ask(self, role: str) -> None:
        assert self._handle is not None, "supervisor asks only a prepared zygote"
        self._serial += 1
        try:
            message, descriptors = self.fork_message(self._serial, role)
            self.berths[self._serial] = Berth(self._serial, role)
            send(self._handle.road, message, descriptors)
        except (OSError, MoltError) as error:
            self._drop_unborn()
            self.kill(self._handle.pid, f"cannot ask the zygote to fork: {error}")
            return
        self.learn(sup.Asked())

    def _on_forked(self, serial: int, pid: int) -> None:
        berth = self.berths.get(serial)
        if berth is None or berth.pid or pid <= 1:
            return
        berth.pid = pid
        self.learn(sup.Forked(pid, founder=berth.role == "founder"))
        if berth.was_ready:  # it was quicker than the news of its birth
            self.learn(sup.Ready(pid))

    def on_ready(self, serial: int) -> None:
        """The process of this serial says that it is ready."""
        berth = self.berths.get(serial)
        if berth is None or berth.was_ready:
            return
        berth.was_ready = True
        if berth.pid:
            self.learn(sup.Ready(berth.pid))

    # Ends.

    def kill(self, pid: int, why: str) -> None:
        """End a process at once and remember why, for the verdict on its death."""
        berth = self.berth_of(pid)
        if berth is not None:
            berth.killed_as = why
        self.parts.log.warning("zone.killed", zone=self.config.name, pid=pid, why=why)
        self.parts.processes.send_signal(pid, signal.SIGKILL)

    def berth_of(self, pid: int) -> Berth | None:
        """Return what is held for a process, or None."""
        return next((berth for berth in self.berths.values() if berth.pid == pid), None)

    def on_exit(self, exit_: Exit) -> bool:
        """Take the end of a process; False if it is not one of this zone's."""
        handle = self._handle
        if handle is not None and handle.pid == exit_.pid:
            self._hang_up(handle)
            self._handle = None
            self._drop_unborn()
            self.learn(sup.Died(exit_.pid, failure=True, why=exit_.describe()))
            self._tell_death("zygote", exit_, failure=True)
            return True
        if self.berth_of(exit_.pid) is None and handle is not None:
            while self._read_road(handle):
                pass  # it may have died before we read of its birth
        berth = self.berth_of(exit_.pid)
        if berth is None:
            return False
        self._on_process_exit(berth, exit_)
        return True

    def _on_process_exit(self, berth: Berth, exit_: Exit) -> None:
        del self.berths[berth.serial]
        self.forget(berth)
        if berth.role == "founder":
            founded = self.on_founder_exit(exit_.code)
            why = "" if founded else f"founder: {exit_.describe()}"
            self.learn(sup.Died(exit_.pid, failure=not founded, why=why))
            if founded:
                self.learn(sup.Founded())
            return
        failure = is_failure(
            code=exit_.code,
            signal_number=exit_.signal,
            drilled=berth.drilled,
            hung=bool(berth.killed_as),
            progressed=self.has_progressed(berth),
        )
        why = berth.killed_as or exit_.describe()
        role = self._role_of(exit_.pid)
        self.learn(sup.Died(exit_.pid, failure=failure, why=why))
        self._tell_death(role, exit_, failure)

    def _role_of(self, pid: int) -> str:
        if self.zone.heir is not None and self.zone.heir.pid == pid:
            return "heir"
        return "active"

    def _drop_unborn(self) -> None:
        """Forget processes that were asked for and will not come."""
        for berth in [berth for berth in self.berths.values() if not berth.pid]:
            del self.berths[berth.serial]
            self.forget(berth)

    def _tell_death(self, role: str, exit_: Exit, failure: bool) -> None:
        if self.zone.stopping:
            return
        self.parts.log.warning(
            "zone.died",
            zone=self.config.name,
            role=role,
            pid=exit_.pid,
            how=exit_.describe(),
            counts=failure,
            failures=(
                self.zone.zygote_patience if role == "zygote" else self.zone.patience
            ).failures,
        )

    def pids(self) -> list[int]:
        """Return every process of the zone that is not reaped yet, the zygote last."""
        pids = [berth.pid for berth in self.berths.values() if berth.pid]
        return pids + ([self._handle.pid] if self._handle else [])

    def state_word(self) -> str:
        """Return one word for people."""
        return sup.state_word(self.zone, self.config.policy, self.parts.clock.now_s())
