"""The machine as a test wants it: a clock that waits, processes on paper, a loop by hand.

Owns: fakes of the kernel's ports and what a keeper is built from. Does not own: real processes
(`tests/support/kin.py`). A fake zygote's road is a real socket pair, so that descriptors and
messages go the way they always go.
"""

import os
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from Kernel.contract.kinds import KINDS, check_payload
from Kernel.contract.trait_registry import TraitRow
from Kernel.contract.zygote_protocol import (
    ZYGOTE,
    Configure,
    Fork,
    Forked,
    Message,
    Prepared,
    receive,
    send,
)
from Kernel.core.budgets import Pool
from Kernel.core.events import NO_EVENTS
from Kernel.core.parts import Parts
from Kernel.loop import Loop
from Kernel.memory.context_memory import ContextMemory
from Kernel.memory.contexts import new_memory
from Kernel.ports.arena_file import ArenaHandle, SystemArenaFiles
from Kernel.ports.cell_notes import MemoryCellNotes
from Kernel.ports.cgroups import Cgroups, NoCgroups
from Kernel.ports.machine_load import MachineLoad
from Kernel.ports.meters import Load, Standstill, Taken
from Kernel.ports.process import Exit, NewRoad, ZygoteHandle
from Kernel.ports.trait_sets import MemoryTraitSets
from Kernel.ports.update_files import MemoryUpdates
from Kernel.ports.versions import CHECKOUT, Main, Source

STEPS = 20
CAGE = {"grade": "A", "means": "all layers hold", "layers": [], "not_held": {}}
"""What a zygote says of the cage on a machine that gives all of it."""


class FakeClock:
    """Time that moves only when a test moves it. Starts well above 0, as a machine's does."""

    def __init__(self, now_s: float = 1000.0) -> None:
        self._ns = int(now_s * 1e9)

    def now_s(self) -> float:
        """Return monotonic seconds."""
        return self._ns / 1e9

    def now_ns(self) -> int:
        """Return the same in nanoseconds."""
        return self._ns

    def wall_s(self) -> float:
        """Return a date that goes with the clock."""
        return 1_700_000_000.0 + self._ns / 1e9

    def pass_time(self, seconds: float, look: Callable[[], object]) -> None:
        """Let time go by in small steps, looking after each as a kernel that is awake does."""
        for _ in range(STEPS):
            self.advance(seconds / STEPS)
            look()

    def advance(self, seconds: float) -> None:
        """Let time go by."""
        assert seconds >= 0, "time runs forward"
        self._ns += round(seconds * 1e9)


class FakeEntropy:
    """Random bytes that count up: no two are the same, and every run has the same."""

    def __init__(self) -> None:
        self._count = 0

    def __call__(self, size: int) -> bytes:
        """Return the next ones."""
        self._count += 1
        return self._count.to_bytes(size, "big")


@dataclass
class RecordingLog:
    """Keeps what was logged: (event, values)."""

    lines: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    strict: bool = False
    """Every line must be an event that its kind allows."""
    alarms: list[str] = field(default_factory=list)
    """Events that were more than information."""
    named: dict[bytes, str] = field(default_factory=dict)
    """The kind of each event by its id."""

    causes: dict[bytes, bytes] = field(default_factory=dict)
    """Of each event by its id: the id of what led to it."""
    _ids: int = 0

    def info(self, event: str, **values: Any) -> bytes:
        """Keep a line without what places it among others; return its id."""
        event_id: bytes = values.pop("event_id", b"") or self.reserve()
        if self.strict and event not in NO_EVENTS:
            clean = {key: each for key, each in values.items() if key != "cause"}
            check_payload(KINDS[event], clean)
        self.causes[event_id] = values.pop("cause", b"")
        self.named[event_id] = event
        self.lines.append((event, values))
        return event_id

    def warning(self, event: str, **values: Any) -> bytes:
        """Keep a line, and that it was an alarm."""
        self.alarms.append(event)
        return self.info(event, **values)

    error = warning
    note = info

    def reserve(self) -> bytes:
        """Return an id that was never given."""
        self._ids += 1
        return self._ids.to_bytes(16, "big")

    def why(self, event_id: bytes) -> list[str]:
        """Return the chain of kinds that led to an event, itself first."""
        chain = []
        while event_id:
            chain.append(self.named[event_id])
            event_id = self.causes[event_id]
        return chain

    def of(self, event: str) -> list[dict[str, Any]]:
        """Return the values of every line with this event."""
        return [values for name, values in self.lines if name == event]


class HandLoop(Loop):
    """The real loop, turned by hand."""

    def turn(self, rounds: int = 3) -> None:
        """Serve what is readable now, some rounds over: one answer may lead to the next."""
        for _ in range(rounds):
            self._running = True
            self.run(self._once)

    def _once(self) -> float:
        self.stop()
        return 0.0


class FakeZygote:
    """The zygote's end of a road, in the test's hands.

    Args:
        road, stderr: its ends.
        handle: what the kernel was given; None for one that is forked.
    """

    def __init__(
        self,
        pid: int,
        road: socket.socket,
        stderr: int,
        handle: ZygoteHandle | None = None,
        service: str = "",
        root: Path | None = None,
    ) -> None:
        self.pid = pid
        self.handle = handle
        self.service = service
        self.root = root
        self.road, self.stderr = road, stderr
        self.road.settimeout(1.0)
        self.descriptors: dict[int, dict[str, int]] = {}

    def expect(self, kind: type[Message]) -> Any:
        """Return the next message from the kernel, which must be of this kind."""
        got = receive(self.road)
        assert got is not None, "the kernel has hung up"
        message, descriptors = got
        assert isinstance(message, kind), message
        if isinstance(message, Fork):
            named = dict(zip(message.descriptors, descriptors, strict=True))
            self.descriptors[message.serial] = named
        return message

    def prepare(self, facts: dict[str, Any]) -> Configure:
        """Take the configuration and say that the generation is warm."""
        configure: Configure = self.expect(Configure)
        send(self.road, Prepared(self.pid, {"cage": CAGE} | facts))
        return configure

    def say(self, message: Message) -> None:
        """Send any message."""
        send(self.road, message)

    def say_raw(self, data: bytes) -> None:
        """Send any bytes."""
        self.road.send(data)

    def is_asked(self) -> bool:
        """Tell whether a message waits to be read."""
        self.road.setblocking(False)
        try:
            return bool(self.road.recv(1, socket.MSG_PEEK))
        except BlockingIOError:
            return False
        finally:
            self.road.settimeout(1.0)

    def fork(self, pid: int, *, quiet: bool = False) -> Fork:
        """Take a Fork and say that the process exists, unless `quiet`."""
        request: Fork = self.expect(Fork)
        if not quiet:
            send(self.road, Forked(request.serial, pid))
        return request

    def ring(self, serial: int) -> None:
        """Ring the kernel as the arena process of that serial would."""
        os.eventfd_write(self.descriptors[serial]["ring"], 1)

    def leave(self) -> None:
        """Close this end of everything, as the operating system does for the dead."""
        self.road.close()
        if self.stderr >= 0:
            os.close(self.stderr)
            self.stderr = -1
        self.drop_descriptors()

    def drop_descriptors(self) -> None:
        """Close what came with the Forks."""
        for named in self.descriptors.values():
            for descriptor in named.values():
                os.close(descriptor)
        self.descriptors.clear()


class FakeProcesses:
    """Processes on paper. Signals are noted; a SIGKILL ends who gets it, like the real one."""

    def __init__(self, first_pid: int = 100) -> None:
        self.zygotes: list[FakeZygote] = []
        self.signals: list[tuple[int, int]] = []
        self.zombies: set[int] = set()
        """Have ended, and are not told of yet: no signal does anything to them."""
        self.refusal: OSError | None = None
        self.relations: dict[int, tuple[int, int]] = {}
        self._next_pid = first_pid
        self._roads: list[socket.socket] = []
        self._ended: set[int] = set()
        self._exits: list[Exit] = []

    def start_zygote(self, service: str, root: Path | None = None) -> ZygoteHandle:
        """Start a zygote on paper, or raise `refusal`."""
        if self.refusal is not None:
            raise self.refusal
        new, pid = self.make_road(), self.new_pid()
        road = socket.socket(fileno=new.theirs["road"])
        handle = ZygoteHandle(pid, new.ours, new.stderr_fd)
        zygote = FakeZygote(pid, road, new.theirs["stderr"], handle, service, root)
        self.zygotes.append(zygote)
        return handle

    def make_road(self) -> NewRoad:
        """Make a real pair of sockets, and a pipe."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        self._roads.append(ours)
        read_end, write_end = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        return NewRoad(ours, read_end, {"road": theirs.detach(), "stderr": write_end}, os.close)

    def fork_zygote(self, donor: FakeZygote) -> FakeZygote:
        """Have a zygote do as it is asked, and fork another; the kernel has yet to read of it."""
        pid = self.new_pid()
        request = donor.fork(pid)
        assert request.role == ZYGOTE, request
        ends = donor.descriptors.pop(request.serial)
        zygote = FakeZygote(pid, socket.socket(fileno=ends["road"]), ends["stderr"])
        self.zygotes.append(zygote)
        return zygote

    def new_pid(self) -> int:
        """Return a pid that was never used."""
        self._next_pid += 1
        return self._next_pid

    def send_signal(self, pid: int, number: int) -> None:
        """Note a signal; SIGKILL ends the process."""
        self.signals.append((pid, number))
        if number == signal.SIGKILL and pid not in self.zombies:
            self.end(pid, number=signal.SIGKILL)

    def reap(self) -> list[Exit]:
        """Return every end that was not returned yet."""
        exits, self._exits = self._exits, []
        return exits

    def end(self, pid: int, code: int | None = None, number: int | None = None) -> None:
        """Let a process end, once."""
        if pid not in self._ended:
            self._ended.add(pid)
            self._exits.append(Exit(pid, code, number))
        for process in self.zygotes:
            if process.pid == pid:
                process.leave()

    def kin(self) -> dict[int, tuple[int, int]]:
        """Return who else there is, as a test has it."""
        return self.relations

    def killed(self) -> list[int]:
        """Return the pids that were sent SIGKILL, in order."""
        return [pid for pid, number in self.signals if number == signal.SIGKILL]

    def close(self) -> None:
        """Close what fake zygotes and their roads still hold."""
        for zygote in self.zygotes:
            zygote.leave()
        for road in self._roads:
            road.close()


class FakeArenas(SystemArenaFiles):
    """Real arena files whose registry of traits is on paper."""

    def __init__(self) -> None:
        self.rows: list[TraitRow] = []

    def traits(self, arena: ArenaHandle) -> list[TraitRow]:
        """Return the rows a test has put there."""
        return list(self.rows)


@dataclass
class FakeLoads:
    """What the scheduler says of processes, as a test sets it."""

    loads: dict[int, Load] = field(default_factory=dict)
    state: str = "R"
    takes: dict[int, Taken] = field(default_factory=dict)
    cost_ns: int = 0
    spent: int = 0

    def load(self, pid: int) -> Load | None:
        """Return what was set, else that it ran all the time."""
        return self.loads.get(pid, Load(0, 0))

    def standstill(self, pid: int) -> Standstill:
        """Return what was set."""
        return Standstill(self.state, "")

    def taken(self, pid: int) -> Taken | None:
        """Return what was set, else next to nothing."""
        return self.takes.get(pid, Taken(1 << 20, 0, 1, 8))

    def spent_ns(self) -> int:
        """Return what asking has cost: as much each time as was set."""
        self.spent += self.cost_ns
        return self.spent


@dataclass
class FakeMachineMeters:
    """How the machine is, as a test sets it."""

    now: MachineLoad = field(default_factory=MachineLoad)
    there: Pool = field(default_factory=Pool)

    def read(self) -> MachineLoad:
        """Return what was set."""
        return self.now

    def pool(self) -> Pool:
        """Return what was set."""
        return self.there


@dataclass
class FakeCores:
    """Where processes were placed, by pid; `refusal` is what keeps them from it."""

    placed: dict[int, tuple[int, ...]] = field(default_factory=dict)
    refusal: str = ""
    asked: int = 0

    def place(self, pid: int, cores: tuple[int, ...]) -> str:
        """Note it, unless it is refused."""
        self.asked += 1
        if not self.refusal:
            self.placed[pid] = cores
        return self.refusal


@dataclass
class FakeVersions:
    """Module versions on paper."""

    slot: Source | None = None
    version: str = "a"
    serves: Main = field(default_factory=lambda: Main(CHECKOUT))
    problem: Exception | None = None

    def main(self) -> Main:
        """Return what was set, else the checkout."""
        return self.serves

    def fallback(self) -> Source | None:
        """Return what was set, or raise `problem`."""
        if self.problem is not None:
            raise self.problem
        return self.slot

    def fingerprint(self) -> str:
        """Return what was set."""
        return self.version


@dataclass
class FakeMachine:
    """Everything a keeper is given, with the fakes at hand."""

    clock: FakeClock = field(default_factory=FakeClock)
    processes: FakeProcesses = field(default_factory=FakeProcesses)
    loop: HandLoop = field(default_factory=HandLoop)
    log: RecordingLog = field(default_factory=lambda: RecordingLog(strict=True))
    loads: FakeLoads = field(default_factory=FakeLoads)
    versions: FakeVersions = field(default_factory=FakeVersions)
    arenas: FakeArenas = field(default_factory=FakeArenas)
    trait_sets: MemoryTraitSets = field(default_factory=MemoryTraitSets)
    cgroups: Cgroups = field(default_factory=NoCgroups)
    cell_notes: MemoryCellNotes = field(default_factory=MemoryCellNotes)
    guard_notes: MemoryCellNotes = field(default_factory=MemoryCellNotes)
    memory: ContextMemory = field(default_factory=new_memory)
    meters: FakeMachineMeters = field(default_factory=FakeMachineMeters)
    cores: FakeCores = field(default_factory=FakeCores)
    updates: MemoryUpdates = field(default_factory=MemoryUpdates)

    def parts(self, home: str = "/nowhere") -> Parts:
        """Return the parts of a keeper."""
        return Parts(
            self.clock, self.processes, self.loop, self.log, home, self.loads, self.versions,
            arenas=self.arenas, trait_sets=self.trait_sets, cgroups=self.cgroups,
            cell_notes=self.cell_notes, guard_notes=self.guard_notes, memory=self.memory,
            machine=self.meters, pool=self.meters.pool(), cores=self.cores, updates=self.updates,
        )  # fmt: skip

    @property
    def zygote(self) -> FakeZygote:
        """Return the newest zygote."""
        return self.processes.zygotes[-1]
