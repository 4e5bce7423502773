"""All zones of this kernel: their rounds, their ends.

Owns: which keepers there are, handing an exit to the right one, ending all of them at once. Does
not own: one zone (`keeper.py`), the orderly stop (`zone_stop.py`).
"""

import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from Kernel.config import KernelConfig, ZoneConfig
from Kernel.contract.errors import Refused
from Kernel.contract.zygote_protocol import Unprepared
from Kernel.core import supervisor as sup
from Kernel.core.arena_keeper import ArenaKeeper
from Kernel.core.berth import Berth
from Kernel.core.bus_keeper import BusKeeper
from Kernel.core.cage_report import CageReport, cage_notes
from Kernel.core.calls import Calls
from Kernel.core.drill_log import DrillLog
from Kernel.core.event_bus import PrivateBus
from Kernel.core.governor import Governor
from Kernel.core.keeper import Keeper
from Kernel.core.ladder import Rules
from Kernel.core.log_sender import LogSender, Waiting
from Kernel.core.module_update import ModuleUpdate
from Kernel.core.parts import Parts
from Kernel.core.stopping import Stage, Stop
from Kernel.core.trait_changes import TraitChanges
from Kernel.core.trait_guard import TraitGuard
from Kernel.core.trials import Trials
from Kernel.core.zone_asks import ZoneAsks
from Kernel.core.zone_renewal import ZoneRenewal
from Kernel.core.zone_stop import ZoneStop
from Kernel.ports.cgroups import Holding
from Kernel.ports.process import Exit
from Kernel.ports.stacks import take_stack


class ZoneTable:
    """The keepers by zone name, in the order they are declared."""

    def __init__(
        self,
        config: KernelConfig,
        parts: Parts,
        bus: PrivateBus,
        bus_dir_fd: int,
        folders: list[Path],
        snapshots: Path,
        listeners: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        self._parts = parts
        self.refusals = parts.refusals
        """What was asked for by whom may not, on the roads that end in this process."""
        self.memory = parts.memory
        """What outlives this kernel."""
        self.arenas: dict[str, ArenaKeeper] = {}
        self.services: dict[str, BusKeeper] = {}
        for zone in config.zones:
            rules = _rules(zone, config)
            if zone.policy.kind is sup.Kind.ARENA:
                self.arenas[zone.name] = ArenaKeeper(zone, parts, folders, snapshots, rules)
            else:
                self.services[zone.name] = BusKeeper(
                    zone, parts, bus, bus_dir_fd, self._arena_descriptors, rules, listeners
                )
        self._renewals = {name: ZoneRenewal(arena) for name, arena in self.arenas.items()}
        self.event_notes: Callable[[], list[dict[str, str]]] = list
        """Says what keeps the kernel's events from being stored; set when there is a sender."""
        self.events_waiting: Callable[[], Waiting | None] = lambda: None
        """Says how they stand."""
        self.drills = DrillLog(parts)
        self.leaving = ZoneStop(config, parts, self.arenas, self.services)
        self.governor = Governor(parts, lambda: self.leaving.config, self.arenas, self.services)
        self.trials = Trials(
            parts, lambda: self.leaving.config, at_once=self.governor.trials_at_once
        )
        self.calls = Calls(
            parts,
            lambda: self.leaving.config.call,
            parts.secret,
            self.governor.cells_at_once,
        )
        self._cells = (self.trials.cells, self.calls.cells)
        self.traits = TraitChanges(parts, self.trials)
        self.guards = {name: TraitGuard(arena, config.guard) for name, arena in self.arenas.items()}
        self.asks = ZoneAsks(
            parts,
            self.arenas,
            self.trials,
            self.traits,
            lambda: self.leaving.config.guard,
            self.guards,
        )
        self.updates = ModuleUpdate(parts, self.keepers, lambda: self.leaving.config.update)
        for service in self.services.values():
            service.on_ask = self.asks.take
            service.parameters_of = self._parameters

    def _arena_descriptors(self, zone: str) -> dict[str, int] | None:
        return self.arenas[zone].reader_descriptors()

    def _parameters(self, zone: str) -> list[dict[str, Any]]:
        return [each.fields() for each in self.arenas[zone].parameters.values()]

    def keepers(self) -> list[Keeper]:
        """Return all keepers, arenas first."""
        return [*self.arenas.values(), *self.services.values()]

    def keeper(self, name: str) -> Keeper:
        """Return one keeper, or raise Refused naming those there are."""
        for keeper in self.keepers():
            if keeper.config.name == name:
                return keeper
        known = ", ".join(keeper.config.name for keeper in self.keepers())
        raise Refused(f"cannot find zone {name}: zones are {known}", "molt ps")

    def reconfigure(self, config: KernelConfig) -> None:
        """Let every zone go on by other settings; `config` has the same zones."""
        self.leaving.config = config
        for zone in config.zones:
            keeper = self.keeper(zone.name)
            keeper.config, keeper.rules = zone, _rules(zone, config)
        for guard in self.guards.values():
            guard.rules = config.guard

    def reap(self) -> list[Exit]:
        """Collect every process that has ended, tell its zone, and return those of no zone."""
        exits = self._parts.processes.reap()
        takes = [
            *(each.on_exit for each in self.keepers()),
            *(each.on_exit for each in self._cells),
        ]
        return [exit_ for exit_ in exits if not any(take(exit_) for take in takes)]

    def look(self) -> None:
        """One round of every zone, and of the stop if one is under way."""
        for keeper in self.keepers():
            keeper.look()
        if self.stop is None:
            self.governor.look()
        self.drills.look()
        self.trials.look()
        self.calls.look()
        self.traits.look()
        for guard in self.guards.values():
            guard.look()
        self.asks.look()
        self.updates.look(self._parts.clock.now_s())
        for arena in self.arenas.values():
            self.traits.resume(arena)
            self._renewals[arena.config.name].look(self._parts.clock.now_s())
        self.leaving.look()

    def busy(self) -> bool:
        """Tell whether something waits for a moment that will not announce itself."""
        keepers = any(keeper.postponed for keeper in self.keepers())
        return self.stop is not None or keepers or any(each.postponed for each in self._cells)

    def next_look_s(self, now_s: float) -> float:
        """Return when some zone must be looked at again at the latest, monotonic seconds."""
        zones = [keeper.next_look_s(now_s) for keeper in self.keepers()]
        guards = (guard.next_look_s(now_s) for guard in self.guards.values())
        zones += [each for each in guards if each is not None]
        return min(*zones, *(each.next_look_s() for each in self._cells))

    def given_up(self) -> tuple[str, bytes]:
        """Return why no world can be kept alive any more by any version, "" while one can.

        With it, the id of the event that told so.
        """
        for arena in self.arenas.values():
            why = arena.ladder.gave_up
            if why and arena.active is None:
                return f"zone {arena.config.name}: {why}", arena.generations.given_up
        return "", b""

    def all_ready(self) -> bool:
        """Tell whether every zone serves and every arena has ticked since boot (or is paused)."""
        return self.worlds_ready() and all(each.has_its_arenas for each in self.services.values())

    def worlds_ready(self) -> bool:
        """Tell whether every arena has ticked since boot, or is paused."""
        return all(
            arena.active and (arena.takeover_words().first_commit_ns or arena.is_holding())
            for arena in self.arenas.values()
        )

    def is_up(self) -> bool:
        """Tell whether a boot is over: every world ticks, every service serves or cannot."""
        services = self.services.values()
        return self.worlds_ready() and all(
            each.has_its_arenas or each.ladder.gave_up for each in services
        )

    def now_s(self) -> float:
        """Return monotonic seconds, by the clock of all keepers."""
        return self._parts.clock.now_s()

    def world_tick(self) -> int | None:
        """Return the committed tick of the world, None while no arena is mapped."""
        world = next(iter(self.arenas.values()), None)
        return world.tick() if world is not None and world.arena is not None else None

    def send_events_by(self, sender: LogSender) -> None:
        """Tell of a sender with the state of the zones."""
        self.event_notes = lambda: sender.degraded(self._broker_since_s())
        self.events_waiting = sender.waiting

    def _broker_since_s(self) -> float | None:
        """Return since when the process serves that receives the events, None: nobody does."""
        brokers = (each.active for each in self.services.values() if each.config.broker)
        return next((active.born_s for active in brokers if active is not None), None)

    def cage(self) -> CageReport | None:
        """Return what the machine holds of a cage, None while no generation has told it."""
        world = next(iter(self.arenas.values()), None)
        return world.cage() if world is not None else None

    @property
    def groups(self) -> Holding:
        """What control groups hold on this machine."""
        return self._parts.cgroups.holding

    def cage_notes(self) -> list[dict[str, str]]:
        """Return what of the cage does not work as it should."""
        config = self.leaving.config
        return cage_notes(self.cage(), config.uncaged, config.unchecked_trials)

    def refused_settings(self) -> Unprepared | None:
        """Return what a service said about settings it cannot use, None if none did."""
        for keeper in self.keepers():
            if keeper.unprepared is not None and keeper.unprepared.code == 78:
                return keeper.unprepared
        return None

    # Stacks on demand.

    def ask_stacks(self) -> None:
        """Have every process that is up dump its stacks; whoever is well takes a moment for it."""
        for _, berth in self._ready_berths():
            self._parts.processes.send_signal(berth.pid, signal.SIGUSR1)

    def take_stacks(self) -> str:
        """Return what was dumped since, with a heading for each process."""
        parts = []
        for name, berth in self._ready_berths():
            text = take_stack(berth.stack_fd) or "(it has not answered)\n"
            parts.append(f"\nzone {name}, pid {berth.pid}\n{text}")
        return "".join(parts)

    def _ready_berths(self) -> list[tuple[str, Berth]]:
        # One that is just being born has no handler yet: the signal would end it.
        return [
            (keeper.config.name, berth)
            for keeper in self.keepers()
            for berth in keeper.berths()
            if berth.was_ready and berth.pid
        ]

    # The stop.

    @property
    def stop(self) -> Stop | None:
        """Where the orderly stop is, None before one was asked for."""
        return self.leaving.stop

    def begin_stop(self, cause: bytes = b"") -> None:
        """Start an orderly stop; a second call changes nothing.

        Args:
            cause: id of the event that led to it.
        """
        for keeper in self.keepers():  # who is paused must hear what is asked of it
            keeper.limits.governor.close()
        self.leaving.begin(cause)
        self.traits.give_up()
        self.trials.close()
        self.calls.close()

    def kill_all(self) -> None:
        """End every process at once."""
        for pid in (*(pid for each in self.keepers() for pid in each.pids()), *self._cell_pids()):
            self._parts.processes.send_signal(pid, signal.SIGKILL)

    def stopped(self) -> bool:
        """Tell whether nothing is left."""
        done = self.stop is not None and self.stop.stage is Stage.DONE
        return done and not self._cell_pids()

    def _cell_pids(self) -> list[int]:
        return [pid for each in self._cells for pid in each.pids()]


def _rules(zone: ZoneConfig, config: KernelConfig) -> Rules:
    return Rules(zone.guard_s, config.probe_base_s, config.probe_cap_s)
