"""All zones of this kernel: their rounds, their ends, and the orderly stop.

Owns: which keepers there are, handing an exit to the right one, carrying a stop out. Does not
own: one zone (`keeper.py`), the stages of a stop (`stopping.py`).
"""

import signal
from pathlib import Path

from Kernel.config import KernelConfig
from Kernel.contract.errors import Refused
from Kernel.contract.zygote_protocol import Unprepared
from Kernel.core import supervisor as sup
from Kernel.core.arena_keeper import ArenaKeeper
from Kernel.core.bus_keeper import BusKeeper
from Kernel.core.event_bus import PrivateBus
from Kernel.core.keeper import Keeper, Parts
from Kernel.core.stopping import Stage, Stop, advance

SNAPSHOT_ZONE = "archive"


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
    ) -> None:
        self._config = config
        self._parts = parts
        self.stop: Stop | None = None
        self._snapshot_requests: set[int] = set()
        self.arenas: dict[str, ArenaKeeper] = {}
        self.services: dict[str, BusKeeper] = {}
        for zone in config.zones:
            if zone.policy.kind is sup.Kind.ARENA:
                self.arenas[zone.name] = ArenaKeeper(zone, parts, folders, snapshots)
            else:
                self.services[zone.name] = BusKeeper(
                    zone, parts, bus, bus_dir_fd, self._arena_descriptors
                )

    def _arena_descriptors(self, zone: str) -> dict[str, int] | None:
        return self.arenas[zone].reader_descriptors()

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

    def reap(self) -> None:
        """Collect every process that has ended and tell its zone."""
        for exit_ in self._parts.processes.reap():
            for keeper in self.keepers():
                if keeper.on_exit(exit_):
                    break

    def look(self) -> None:
        """One round of every zone, and of the stop if one is under way."""
        for keeper in self.keepers():
            keeper.look()
        if self.stop is not None:
            self._advance_stop()

    def busy(self) -> bool:
        """Tell whether something waits for a moment that will not announce itself."""
        return self.stop is not None or any(keeper.postponed for keeper in self.keepers())

    def all_ready(self) -> bool:
        """Tell whether every zone serves and every arena has ticked since boot (or is paused)."""
        if not all(keeper.zone.active for keeper in self.keepers()):
            return False
        return all(
            arena.takeover_words().first_commit_ns or arena.is_holding()
            for arena in self.arenas.values()
        )

    def world_tick(self) -> int | None:
        """Return the committed tick of the world, None while no arena is mapped."""
        world = next(iter(self.arenas.values()), None)
        return world.tick() if world is not None and world.arena is not None else None

    def refused_settings(self) -> Unprepared | None:
        """Return what a service said about settings it cannot use, None if none did."""
        for keeper in self.keepers():
            if keeper.unprepared is not None and keeper.unprepared.code == 78:
                return keeper.unprepared
        return None

    # The stop.

    def begin_stop(self) -> None:
        """Start an orderly stop; a second call changes nothing."""
        if self.stop is not None:
            return
        now_s = self._parts.clock.now_s()
        self.stop = Stop(Stage.WORLDS, now_s, self._config.stop_deadline_s)
        for arena in self.arenas.values():
            arena.learn(sup.StopAsked())
            arena.look()  # takes the permission away before the heir is ended

    def kill_all(self) -> None:
        """End every process at once."""
        for keeper in self.keepers():
            for pid in keeper.pids():
                self._parts.processes.send_signal(pid, signal.SIGKILL)

    def stopped(self) -> bool:
        """Tell whether nothing is left."""
        return self.stop is not None and self.stop.stage is Stage.DONE

    def held_up_by(self) -> list[str]:
        """Return the zones a stop waits for, for people."""
        return [keeper.config.name for keeper in self.keepers() if keeper.pids()]

    def _advance_stop(self) -> None:
        assert self.stop is not None
        before = self.stop.stage
        pending = {
            Stage.WORLDS: sum(len(arena.berths) for arena in self.arenas.values()),
            Stage.SNAPSHOT: self._snapshot_pending(before),
            Stage.SERVICES: sum(len(service.berths) for service in self.services.values()),
            Stage.ZYGOTES: sum(len(keeper.pids()) for keeper in self.keepers()),
        }
        self.stop, overdue = advance(self.stop, pending, self._parts.clock.now_s())
        if self.stop.stage is not before:
            self._enter(self.stop.stage)
        if self.stop.stage is Stage.WORLDS:
            self._leave_arenas()
        if overdue:
            self._kill_stage(self.stop.stage)

    def _leave_arenas(self) -> None:
        """Active processes leave at a tick boundary; who stands by or is being born is ended."""
        for arena in self.arenas.values():
            active_pid = arena.zone.active.pid if arena.zone.active else 0
            for berth in arena.berths.values():
                if berth.pid and berth.pid != active_pid:
                    self._parts.processes.send_signal(berth.pid, signal.SIGKILL)
            if arena.arena is not None:
                arena.drain()

    def _enter(self, stage: Stage) -> None:
        """Do what begins a stage. Stages that were skipped had nothing to wait for."""
        if stage is Stage.SNAPSHOT:
            self._ask_snapshot()
        if stage >= Stage.SERVICES:
            for service in self.services.values():
                service.learn(sup.StopAsked())
        if stage is Stage.SERVICES:
            for service in self.services.values():
                if not service.drain(self._config.stop_deadline_s):
                    self._kill_keeper(service)
        if stage is Stage.ZYGOTES:
            for keeper in self.keepers():
                self._kill_keeper(keeper)

    def _ask_snapshot(self) -> None:
        archive = self.services.get(SNAPSHOT_ZONE)
        if archive is None or archive.zone.active is None or not self._config.snapshot_on_stop:
            return
        for name in archive.config.reads:
            try:
                asked = archive.request(
                    "snapshot", {"zone": name}, self._config.stop_deadline_s / 2
                )
                self._snapshot_requests.add(asked)
            except Refused as error:
                self._parts.log.warning("snapshot.not_taken", zone=name, why=str(error))

    def _snapshot_pending(self, stage: Stage) -> int:
        """A stage counts as pending until it was entered once."""
        if stage is Stage.WORLDS:
            return 1
        archive = self.services.get(SNAPSHOT_ZONE)
        if archive is None or archive.zone.active is None:
            return 0
        for asked in sorted(self._snapshot_requests):
            reply = archive.take_reply(asked)
            if reply is None:
                continue
            self._snapshot_requests.discard(asked)
            if reply.ok:
                self._parts.log.info("snapshot.taken", tick=reply.result.get("tick"))
            else:
                self._parts.log.warning("snapshot.not_taken", why=reply.error)
        return len(self._snapshot_requests)

    def _kill_stage(self, stage: Stage) -> None:
        keepers: list[Keeper] = list(self.arenas.values())
        if stage is Stage.SNAPSHOT:
            self._parts.log.warning("snapshot.not_taken", why="the archive did not answer in time")
            self._snapshot_requests.clear()
            return
        if stage is Stage.SERVICES:
            keepers = list(self.services.values())
        elif stage is Stage.ZYGOTES:
            keepers = self.keepers()
        for keeper in keepers:
            self._kill_keeper(keeper)

    def _kill_keeper(self, keeper: Keeper) -> None:
        for pid in keeper.pids():
            self._parts.processes.send_signal(pid, signal.SIGKILL)
