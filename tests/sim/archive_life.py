"""The life of a process of a bus zone: hello, ready, heartbeats, requests, drain.

Owns: its messages and their delays; that of `chronos` takes snapshots. Does not own: what a
snapshot is (`arena_image.py`). Models: `zones/chronos/service.py`, `zones/ledger/service.py`.
"""

from typing import Any

from Kernel.contract.arena import ArenaWords, Header, check_arena
from Kernel.contract.errors import MoltError
from Kernel.contract.messages import (
    DRILL_HANG,
    Degraded,
    Drain,
    Heartbeat,
    Hello,
    Message,
    Ready,
    Reply,
    Request,
)
from tests.sim.bus import PaperSocket
from tests.sim.code import Code
from tests.sim.disk import Mapped, SimDisk
from tests.sim.ledger import SimLedger
from tests.sim.processes import SimProcess, SimProcesses
from zones.runtime.arena_image import copy_committed

HEARTBEAT_MS = (500.0, 1500.0)
"""Slower than the real one, whose every fourth would do; an fsync may hold one up."""
SNAPSHOT_TICKS = 300
CHRONOS = "chronos"


class ArchiveLife(SimProcess):
    """One process of the zone `chronos` or `archive`."""

    role = "service"

    def __init__(
        self,
        processes: SimProcesses,
        zone: str,
        code: Code,
        things: dict[str, Any],
        socket: PaperSocket,
        disk: SimDisk,
        slow_ns: int,
        ledger: SimLedger,
    ) -> None:
        super().__init__(processes, zone)
        self.stack_fd = things["stack"]
        self._socket = socket
        self._disk = disk
        self._keeps = zone == CHRONOS
        self._ledger = ledger
        mapped: Mapped | None = things.get("arena.stable")  # the broker is born before a world
        assert mapped is not None or not self._keeps, "who keeps snapshots is given an arena"
        self._words: ArenaWords | None = None
        self._snapshot_tick = 0
        if mapped is not None:
            self._words = mapped.file.words()
            check_arena(self._words, "the arena it reads")
            self._snapshot_tick = self._words.get(Header.COMMIT)
        self._progress = 0
        self._degraded: tuple[Degraded, ...] = ()
        if code.dies_at_birth:
            self.later(processes.between(5, 50), lambda: self.leave(1))
        else:
            self.later(processes.between(20, 200) + slow_ns, self._connect)

    def _connect(self) -> None:
        self._socket.hear = self._hear
        self._socket.deliver(Hello(self.pid, self.zone))
        self.later(self.processes.between(*(20, 300)), self._begin)

    def _begin(self) -> None:
        self.was_ready = True
        if not self._keeps:
            self._ledger.attend(self)
        self._socket.deliver(Ready({"events": 0}))
        self._beat()

    def _beat(self) -> None:
        self._progress += 1
        due = self._snapshot_tick + SNAPSHOT_TICKS
        if self._keeps and self._words is not None and self._words.get(Header.COMMIT) >= due:
            self._take_snapshot()
        heartbeat = Heartbeat(self._progress, self.processes.clock.ns, self._degraded)
        self._socket.deliver(heartbeat)
        self.later(self.processes.between(*HEARTBEAT_MS), self._beat)

    def _take_snapshot(self) -> int | None:
        assert self._words is not None
        self.processes.advance_owners()
        try:
            image = copy_committed(self._words)
            self._disk.keep_snapshot(image)
        except (OSError, MoltError) as error:
            why = f"cannot keep a snapshot: {error}"
            self._degraded = (Degraded("chronos.snapshot stable", why, "df -h"),)
            return None
        self._degraded = ()
        self._snapshot_tick = image.tick
        return image.tick

    def _hear(self, message: Message) -> None:
        self.later(self.processes.between(0.2, 2), lambda: self._answer(message))

    def _answer(self, message: Message) -> None:
        if isinstance(message, Drain):
            self.later(self.processes.between(1, 20), lambda: self.leave(0))
        elif isinstance(message, Request) and message.name == DRILL_HANG:
            self.fault = "drill"
            self.hang()
        elif isinstance(message, Request):
            self.later(self.processes.between(5, 80), lambda: self._reply(message))

    def _reply(self, request: Request) -> None:
        tick = self._take_snapshot()
        if tick is None:
            reply = Reply(request.request_id, False, error=self._degraded[0].why)
        else:
            reply = Reply(request.request_id, True, {"tick": tick})
        self._socket.deliver(reply)

    def on_end(self) -> None:
        """Its end of the road closes."""
        self._socket.hear = None
        self._ledger.leave(self)
