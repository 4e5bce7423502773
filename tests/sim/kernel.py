"""One boot of the real kernel on paper: zone table, desk and handlers over our ports.

Owns: what `Kernel/boot.py` owns, without signals, screen and files; and what the simulation may
ask about the kernel, so that nothing else here knows how keepers are built.
"""

import os
import random
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from Kernel.config import KernelConfig, ZoneConfig
from Kernel.console.desk import Desk
from Kernel.console.handlers import Handlers
from Kernel.contract.arena import NEVER, State
from Kernel.contract.user_bus import EPOCH_BYTES
from Kernel.core import supervisor as sup
from Kernel.core.arena_keeper import ArenaKeeper
from Kernel.core.events import Recorder
from Kernel.core.limits import Limits as ProcessLimits
from Kernel.core.log_sender import LogSender
from Kernel.core.parts import Parts
from Kernel.core.watchdog import Mode
from Kernel.core.zone_table import ZoneTable
from Kernel.core.zone_watch import BEAT_DEADLINE_S, ZYGOTE_LOOK_S
from Kernel.ports.versions import CHECKOUT
from tests.sim.archive_life import CHRONOS
from tests.sim.bus import SimBus
from tests.sim.console import CONSOLE_FD, PaperMeters, SimConsoleServer
from tests.sim.disk import FOLDERS, ArenaFile, SimDisk, SimVersions
from tests.sim.ledger import SimLedger, noted
from tests.sim.machine import FIRST_FD, Descriptors, SimClock, SimDoors, SimLoop
from tests.sim.processes import SimLoads, SimProcesses
from tests.sim.world_model import waiting

BUSY_ROUND_S = 0.006
"""Three times that of `Kernel/boot.py`: most rounds of a simulation are those of a busy kernel."""
POLL_S = 0.05
STOP_DEADLINE_S = 10.0
PROBE_CAP_S = 40.0
PREPARE_TIMEOUT_S = 20.0
READY_TIMEOUT_S = 5.0
WORLD_DEADLINE_S = 0.25
ARCHIVE_DEADLINE_S = 5.0
LIMITS = ProcessLimits(memory_mb=1024, processes=64, descriptors=256)
WORLD, ARCHIVE = "stable", "archive"
BUS_ZONES = {CHRONOS: "zones.chronos", ARCHIVE: "zones.ledger"}


def draw_config(rng: random.Random) -> KernelConfig:
    """Return the shipped configuration, with shorter limits on getting ready.

    Some of what an operator may set differs from seed to seed.
    """
    limits = {"prepare_timeout_s": PREPARE_TIMEOUT_S, "ready_timeout_s": READY_TIMEOUT_S}
    world = ZoneConfig(
        WORLD,
        "zones.world",
        sup.Policy(sup.Kind.ARENA, heir=rng.random() < 0.9, **limits),
        deadline_s=WORLD_DEADLINE_S,
        watchdog=rng.choice([Mode.ACTIVE, Mode.ACTIVE, Mode.ACTIVE, Mode.STRICT]),
        guard_s=rng.choice([0.0, 5.0, 30.0, 30.0]),
        limits=LIMITS,
    )
    services = [
        ZoneConfig(
            name,
            service,
            sup.Policy(sup.Kind.BUS, **limits),
            reads=(WORLD,),
            broker=name == ARCHIVE,
            deadline_s=ARCHIVE_DEADLINE_S,
            guard_s=0.0,
            limits=LIMITS,
        )
        for name, service in BUS_ZONES.items()
    ]
    return KernelConfig(
        POLL_S,
        STOP_DEADLINE_S,
        True,
        (world, *services),
        probe_base_s=5.0,
        probe_cap_s=PROBE_CAP_S,
    )


class Boot:
    """One kernel, from its start to its end."""

    def __init__(
        self,
        config: KernelConfig,
        clock: SimClock,
        loop: SimLoop,
        descriptors: Descriptors,
        processes: SimProcesses,
        disk: SimDisk,
        versions: SimVersions,
        ledger: SimLedger,
        log: Any,
        on_answer: Any,
    ) -> None:
        self.descriptors = descriptors
        self.began_ns = clock.ns
        self.ready = False
        self.safe_mode = ""  # why safe mode follows the stop that is under way
        self.stopping_ns = 0  # how long it has been stopping, awake
        self._loop = loop
        self._clock = clock
        self._config = config
        self._bus_dir_fd = descriptors.open("bus directory")
        entropy = random.Random(clock.ns).randbytes
        recorder = Recorder(log, clock, entropy)
        roads = ledger.roads_of(loop, descriptors)
        self.life = ledger.begin_life()
        self.sender = LogSender(roads, ledger.files, clock, loop, entropy(EPOCH_BYTES), recorder)
        recorder.send = noted(self.life, self.sender.add, processes.watcher.fail)
        self.sender.begin()
        parts = Parts(
            clock=clock,
            processes=processes,
            loop=loop,
            log=recorder,
            home="/sim",
            loads=SimLoads(processes),
            versions=versions,
            doors=SimDoors(descriptors, loop),
            arenas=disk,
            trait_sets=disk.trait_sets,
        )
        self.bus = SimBus(loop, descriptors)
        self.zones = ZoneTable(
            self._config, parts, self.bus, self._bus_dir_fd, FOLDERS, Path("/sim/data/snapshots")
        )
        self.zones.send_events_by(self.sender)
        handlers = Handlers(
            self.zones,
            clock,
            PaperMeters(),
            clock.now_s(),
            self.zones.begin_stop,
            lambda _dry, _all, _cause: {},
            self.begin_safe_mode,
            recorder,
        )
        self.console = SimConsoleServer(loop, on_answer)
        self._desk = Desk(self.console, handlers, loop, clock)

    def round(self) -> float:
        """Do what the kernel does after each wait, and return how long it would wait, s."""
        self.zones.reap()
        self.zones.look()
        self._desk.look()
        self.sender.look()
        given_up, _ = self.zones.given_up()
        if given_up and not self.is_stopping():
            self.begin_safe_mode(given_up)
        self.ready = self.ready or self.zones.all_ready()
        if self.zones.busy():
            return BUSY_ROUND_S
        if not self.ready:
            return 0.01
        now_s, longest_s = self._clock.now_s(), self._config.poll_interval_s
        longest_s = min(longest_s, max(self._desk.pace_s() or longest_s, BUSY_ROUND_S))
        return min(longest_s, max(0.0, self.zones.next_look_s(now_s) - now_s))

    def begin_safe_mode(self, reason: str, _cause: bytes = b"") -> None:
        """Stop in order; safe mode follows."""
        self.safe_mode = reason
        self.zones.begin_stop()

    def close(self) -> None:
        """End as a kernel does, in order or not: the operating system takes the rest."""
        self.life.has_lost |= self.sender.has_lost
        for source in list(self._loop._callbacks):
            if isinstance(source, int) and source < FIRST_FD and source != CONSOLE_FD:
                os.close(source)
        for keeper in self.zones.keepers():
            for berth in keeper.berths():
                os.close(berth.stack_fd)

    # What the simulation may ask.

    def is_stopping(self) -> bool:
        """Tell whether an orderly stop is under way."""
        return self.zones.stop is not None

    def arenas(self) -> Iterator[tuple[str, ArenaKeeper]]:
        """Return the arena zones."""
        yield from self.zones.arenas.items()

    def file_of(self, keeper: ArenaKeeper) -> ArenaFile:
        """Return the file of an opened arena."""
        assert keeper.arena is not None
        file: ArenaFile = self.descriptors.thing(keeper.arena.fd).file
        return file

    def berth_counts(self) -> list[tuple[str, int]]:
        """Return how many processes the kernel holds for each zone."""
        return [(keeper.config.name, len(keeper.berths())) for keeper in self.zones.keepers()]

    def table_sizes(self) -> Iterator[tuple[str, int]]:
        """Return how much the keepers keep, by what it is called."""
        for keeper in self.zones.keepers():
            for name, value in vars(keeper).items():
                if isinstance(value, dict | list | set | tuple | deque):
                    yield f"{keeper.config.name}.{name}", len(value)

    def watched(self) -> list[tuple[str, int, float]]:
        """Return (zone, pid, deadline) of who serves, stands by or is a zygote."""
        found = []
        for keeper in self.zones.keepers():
            name, deadline_s = keeper.config.name, keeper.config.deadline_s
            if keeper.active is not None:
                found.append((name, keeper.active.pid, deadline_s))
            found += [(name, pid, max(deadline_s, BEAT_DEADLINE_S)) for pid in keeper.standing_by()]
            zygotes = [line.state.zygote for line in keeper.lines.values()]
            if not keeper.stopping:  # one that gets ready is given longer, whatever it does
                found += [(name, one.pid, ZYGOTE_LOOK_S) for one in zygotes if one and one.ready]
        return found

    def unready(self) -> str:
        """Return what keeps this kernel from being wholly well, "" when nothing does."""
        for keeper in self.zones.keepers():
            zone = keeper.state
            if zone.active is None:
                return f"{keeper.config.name} is {keeper.state_word()}: {zone.why}"
            if zone.zygote is None or not zone.zygote.ready:
                return f"{keeper.config.name} has no prepared zygote: {zone.why}"
            if keeper.config.policy.heir and (zone.heir is None or not zone.heir.ready):
                return f"{keeper.config.name} has no ready heir"
            if keeper.line is None or keeper.line.source is not CHECKOUT:
                return f"{keeper.config.name} is not served by the checkout"
            if keeper.ladder.incoming:
                return f"{keeper.config.name} makes a generation ready"
            if isinstance(keeper, ArenaKeeper) and keeper.traits.resumable():
                return f"{keeper.config.name} has the code of a trait that is suspended"
            if zone.patience.failures or zone.zygote_patience.failures:
                return f"{keeper.config.name} has not forgotten its failures: {zone.why}"
        if self.zones.traits.under_way():
            return f"a trait is {self.zones.traits.under_way()}"
        if self.zones.trials.fields():
            return f"{len(self.zones.trials.fields())} trials are under way"
        return "" if self.zones.all_ready() else "not every zone is ready"

    def untaken_traits(self) -> list[str]:
        """Return the traits that the world has and the next generation would not load."""
        world = self.zones.arenas[WORLD]
        return [row.name for row in world.traits.rows() if row.hash not in world.traits.hashes]

    def will_hold(self) -> bool:
        """Tell whether the world is paused, or will be after some steps."""
        world = self.zones.arenas[WORLD]
        return world.arena is not None and world.state_value(State.HOLD_AFTER) != NEVER

    def resumed_tick(self) -> int | None:
        """Return the tick at which this boot says that it found its world, None for a new one."""
        return self.zones.arenas[WORLD].resumed_tick or None

    def unapplied(self) -> int:
        """Return how many inputs wait in the inbox."""
        arena = self.zones.arenas[WORLD].arena
        return len(waiting(arena.words, self.tick())) if arena is not None else 0

    def tick(self) -> int:
        """Return the committed tick."""
        return self.zones.arenas[WORLD].tick()

    def degraded(self) -> list[str]:
        """Return what the kernel says does not work now, without what it tells of the past."""
        found = []
        for service in self.zones.services.values():
            found += [each.what for each in service.degraded]
        return found
