"""Carry an orderly stop out: every zone in its stage, those that overstay killed.

Owns: telling zones to leave, the last snapshot, who has left and how, who is waited for. Does not
own: the stages and their time (`stopping.py`), one zone (`keeper.py`).
"""

import signal

from Kernel.config import KernelConfig
from Kernel.contract.errors import Refused
from Kernel.core import supervisor as sup
from Kernel.core.arena_keeper import ArenaKeeper
from Kernel.core.bus_keeper import BusKeeper
from Kernel.core.keeper import Keeper
from Kernel.core.parts import Parts
from Kernel.core.stopping import DOING, THEN, Ended, HoldUp, Outcome, Stage, Stop, advance, left_s

SNAPSHOT_ZONE = "chronos"
LATE = "chronos did not answer in time"


class ZoneStop:
    """The stop of all zones.

    Attributes:
        config: its time and whether a last snapshot is wanted; may be replaced before a stop.
        stop: where it is, None before it was asked for.
        ended: zones that have left, in that order.
        cause: id of the event that led to the stop.
    """

    def __init__(
        self,
        config: KernelConfig,
        parts: Parts,
        arenas: dict[str, ArenaKeeper],
        services: dict[str, BusKeeper],
    ) -> None:
        self.stop: Stop | None = None
        self.ended: list[Ended] = []
        self.cause = b""
        self.config = config
        self._parts = parts
        self._arenas = arenas
        self._services = services
        self._began_s = 0.0
        self._requests: dict[int, str] = {}  # of snapshots, with the zone each is of
        self._snapshots: dict[str, int] = {}
        self._why_none = ""
        self._killed: set[str] = set()

    def begin(self, cause: bytes = b"") -> None:
        """Start; a second call changes nothing."""
        if self.stop is not None:
            return
        self.cause = cause
        self._began_s = self._parts.clock.now_s()
        self.stop = Stop(Stage.WORLDS, self._began_s, self.config.stop_deadline_s)
        for arena in self._arenas.values():
            arena.learn(sup.StopAsked())
            arena.look()  # takes the permission away before the heir is ended

    def look(self) -> None:
        """One round of a stop that is under way."""
        if self.stop is None:
            return
        before = self.stop.stage
        pending = {
            Stage.WORLDS: sum(len(arena.berths()) for arena in self._arenas.values()),
            Stage.SNAPSHOT: self._snapshot_pending(before),
            Stage.SERVICES: sum(len(service.berths()) for service in self._leaving(Stage.SERVICES)),
            Stage.ARCHIVE: sum(len(service.berths()) for service in self._leaving(Stage.ARCHIVE)),
            Stage.ZYGOTES: sum(len(keeper.pids()) for keeper in self._keepers()),
        }
        self.stop, overdue = advance(self.stop, pending, self._parts.clock.now_s())
        self._see_who_left()
        if self.stop.stage is not before:
            self._enter(self.stop.stage)
        if self.stop.stage is Stage.WORLDS:
            self._leave_arenas()
        if overdue:
            self._kill_stage(self.stop.stage)

    # What it tells.

    def held_up_by(self) -> list[HoldUp]:
        """Return the zones that the present stage waits for; nobody before and after a stop."""
        if self.stop is None or self.stop.stage is Stage.DONE:
            return []
        stage = self.stop.stage
        seconds = left_s(self.stop, self._parts.clock.now_s())
        if stage is Stage.SNAPSHOT:
            names = [SNAPSHOT_ZONE] if self._requests else []
        elif stage is Stage.ZYGOTES:
            names = [keeper.config.name for keeper in self._keepers() if keeper.pids()]
        else:
            own: list[Keeper] = list(
                self._arenas.values() if stage is Stage.WORLDS else self._leaving(stage)
            )
            names = [keeper.config.name for keeper in own if keeper.berths()]
        return [HoldUp(name, DOING[stage], seconds, THEN[stage]) for name in names]

    def outcome(self) -> Outcome:
        """Return what the stop came to so far."""
        return Outcome(
            dict(self._snapshots),
            self._why_none,
            tuple(name for name in self._arenas if name in self._killed),
            tuple(name for name in self._services if name in self._killed),
        )

    def _keepers(self) -> list[Keeper]:
        return [*self._arenas.values(), *self._services.values()]

    def _see_who_left(self) -> None:
        """Note zones without a process that serves. Zygotes serve nobody: they end last."""
        known = {each.zone for each in self.ended}
        for keeper in self._keepers():
            name = keeper.config.name
            if keeper.berths() or name in known:
                continue
            took_s = self._parts.clock.now_s() - self._began_s
            self.ended.append(Ended(name, took_s, name in self._killed))

    # What it does.

    def _leave_arenas(self) -> None:
        """Active processes leave at a tick boundary; who stands by or is being born is ended."""
        for arena in self._arenas.values():
            active_pid = arena.active.pid if arena.active else 0
            for berth in arena.berths():
                if berth.pid and berth.pid != active_pid:
                    self._parts.processes.send_signal(berth.pid, signal.SIGKILL)
            if arena.arena is not None:
                arena.drain()

    def _enter(self, stage: Stage) -> None:
        """Do what begins a stage. Stages that were skipped had nothing to wait for."""
        if stage is Stage.SNAPSHOT:
            self._ask_snapshot()
        if stage >= Stage.SERVICES:
            for service in self._services.values():
                if not service.config.broker or stage >= Stage.ARCHIVE:
                    service.learn(sup.StopAsked())
        if stage in (Stage.SERVICES, Stage.ARCHIVE):
            for service in self._leaving(stage):
                if not service.drain(self.config.stop_deadline_s):
                    self._kill_keeper(service)
        if stage is Stage.ZYGOTES:
            for keeper in self._keepers():
                self._kill_keeper(keeper)

    def _leaving(self, stage: Stage) -> list[BusKeeper]:
        """Return the bus zones that leave in a stage.

        The broker has one of its own: it stores what all others still say while they leave.
        """
        last = stage is Stage.ARCHIVE
        return [each for each in self._services.values() if each.config.broker is last]

    def _ask_snapshot(self) -> None:
        chronos = self._services.get(SNAPSHOT_ZONE)
        if not self.config.snapshot_on_stop:
            self._why_none = "kernel.snapshot_on_stop is false"
            return
        if chronos is None or chronos.active is None:
            self._why_none = f"no zone {SNAPSHOT_ZONE} serves"
            return
        for name in chronos.config.reads:
            try:
                asked = chronos.request("snapshot", {"zone": name}, self.config.stop_deadline_s / 2)
                self._requests[asked] = name
            except Refused as error:
                self._not_taken(name, str(error))

    def _snapshot_pending(self, stage: Stage) -> int:
        """A stage counts as pending until it was entered once."""
        if stage is Stage.WORLDS:
            return 1
        chronos = self._services.get(SNAPSHOT_ZONE)
        if chronos is None:
            return 0
        for asked, zone in list(self._requests.items()):
            reply = chronos.take_reply(asked)
            if reply is not None:
                del self._requests[asked]
                tick = reply.result.get("tick")
                if reply.ok and type(tick) is int:
                    self._snapshots[zone] = tick
                    self._parts.log.info("snapshot.taken", zone=zone, tick=tick, cause=self.cause)
                else:
                    self._not_taken(zone, reply.error or "chronos did not say which tick")
            elif chronos.active is None:
                del self._requests[asked]
                self._not_taken(zone, "chronos ended before it had answered")
        return len(self._requests)

    def _not_taken(self, zone: str, why: str) -> None:
        self._parts.log.warning("snapshot.not_taken", zone=zone, why=why, cause=self.cause)
        self._why_none = why

    def _kill_stage(self, stage: Stage) -> None:
        keepers: list[Keeper] = list(self._arenas.values())
        if stage is Stage.SNAPSHOT:
            for zone in self._requests.values():
                self._not_taken(zone, LATE)
            self._requests.clear()
            return
        if stage in (Stage.SERVICES, Stage.ARCHIVE):
            keepers = list(self._leaving(stage))
        elif stage is Stage.ZYGOTES:
            keepers = self._keepers()
        for keeper in keepers:
            self._kill_keeper(keeper)

    def _kill_keeper(self, keeper: Keeper) -> None:
        """End every process of a zone; one that still served did not leave in order."""
        if keeper.berths() and keeper.active is not None:
            self._killed.add(keeper.config.name)
        for pid in keeper.pids():
            self._parts.processes.send_signal(pid, signal.SIGKILL)
