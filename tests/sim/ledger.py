"""The ledger on paper, under faults: what the archive stores of the kernel's events.

Owns: the roads between kernel and archive, what is stored, and that it is what the kernel has said:
each event once, in order. Does not own: the archive's life (`archive_life.py`), the kernel's side
(`Kernel/core/log_sender.py`), events of the world.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from Kernel.contract.envelope import Envelope, parse_envelope
from Kernel.contract.user_bus import Standing
from tests.sim.disk import SimDisk
from tests.sim.machine import Descriptors, SimLoop
from tests.sim.processes import SimProcess
from tests.support.paper_ledger import PaperAheadFiles, PaperLedger, PaperRoad

ROOM = 3
"""Messages that a road takes before it is full."""
HEAR_MS = (0.3, 8.0)
SLOW_MS = (50.0, 1500.0)
"""One batch in SLOW_SHARE waits for the disk for so long."""
SLOW_SHARE = 4
ANSWER_MS = (0.05, 20.0)
"""Between storing and answering: who dies in it has stored what is sent again."""
EXPLAINED = ("zone.taken_over", "zone.stack", "zone.evidence", "generation.retired")
"""What never happens by itself; the first takeover of a boot does."""
STUCK_MS = (200.0, 900.0)


class SimRoad(PaperRoad):
    """One connection; whoever listens is told when something was said."""

    def __init__(self, ledger: "SimLedger", loop: SimLoop, descriptors: Descriptors) -> None:
        super().__init__(descriptors.open("an event road"), ROOM)
        self._ledger = ledger
        self._loop = loop
        self._descriptors = descriptors
        self.was_full = False
        self.accepted = False
        loop.offer(self.fd, lambda: self.readable or (self.was_full and self.writable))

    def send(self, data: bytes) -> bool:
        """Take one message of the kernel."""
        sent = super().send(data)
        self.was_full = not sent
        self._ledger.on_said()
        return sent

    def tell(self) -> None:
        """Have the kernel look."""
        self._loop.touch(self.fd)

    def close(self) -> None:
        """The kernel hangs up."""
        super().close()
        self._ledger.roads.remove(self)
        self._loop.withdraw(self.fd)
        self._descriptors.close(self.fd)


@dataclass
class Life:
    """What one kernel has said, and whether all of it was kept in its file."""

    events: list[bytes] = field(default_factory=list)
    has_lost: bool = False


class SimAheadFiles(PaperAheadFiles):
    """Write-ahead files on the disk of the simulation."""

    def __init__(self, disk: SimDisk) -> None:
        super().__init__()
        self._disk = disk

    def _check(self) -> None:
        self._disk.check()


class SimLedger:
    """What outlives every process, and who serves it at present."""

    def __init__(self, disk: SimDisk) -> None:
        self.files = SimAheadFiles(disk)
        self.paper = PaperLedger()
        self.roads: list[SimRoad] = []
        self.lives: list[Life] = []
        self._disk = disk
        self._archive: SimProcess | None = None
        self._due = False
        self._checked = 0

    # The kernel's side.

    def begin_life(self) -> Life:
        """A kernel has started."""
        self.roads.clear()
        self.lives.append(Life())
        return self.lives[-1]

    def roads_of(self, loop: SimLoop, descriptors: Descriptors) -> "SimRoads":
        """Return what makes connections for one kernel."""
        return SimRoads(self, loop, descriptors)

    # The archive's side.

    def attend(self, archive: SimProcess) -> None:
        """An archive process serves from now on."""
        self._archive = archive
        self._due = False
        self.on_said()

    def leave(self, archive: SimProcess) -> None:
        """It is gone: connections that it had taken up are lost, the others wait."""
        if self._archive is not archive:
            return
        self._archive = None
        for road in self.roads:
            if road.accepted:
                road.lost = True
                road.tell()

    def on_said(self) -> None:
        """Something was said: the archive hears it a little later."""
        if self._archive is not None and not self._due:
            self._due = True
            assert self._archive is not None
            slow = self._archive.processes.rng.randrange(SLOW_SHARE) == 0
            self._later(SLOW_MS if slow else HEAR_MS)

    def _later(self, delay_ms: tuple[float, float]) -> None:
        archive = self._archive
        assert archive is not None
        archive.later(archive.processes.between(*delay_ms), lambda: self._serve(archive))

    def _serve(self, archive: SimProcess) -> None:
        if archive is not self._archive:
            return
        self._due = False
        stuck = self._is_stuck()
        for road in list(self.roads):
            road.accepted = True
            if stuck:
                road.answer(Standing("the disk takes nothing"))
                road.tell()
            else:
                self._store(archive, road)
        if stuck:
            self._due = True
            self._later(STUCK_MS)

    def _store(self, archive: SimProcess, road: SimRoad) -> None:
        heard = list(road.answers)
        road.answers.clear()
        self.paper.serve(road)
        answers = list(road.answers)
        road.answers = deque(heard)

        def answer() -> None:
            road.answers.extend(answers)
            road.tell()

        archive.later(archive.processes.between(*ANSWER_MS), answer)

    def _is_stuck(self) -> bool:
        try:
            self._disk.check()
        except OSError:
            return True
        return False

    # What must be so.

    def why_wrong(self) -> str:
        """Return what is not stored as it was said, "" when all is. Looks at what is new."""
        stored = [parse_envelope(row) for row in self.paper.rows]
        place = 0
        for number, life in enumerate(self.lives, 1):
            for event_id in life.events:
                if place < len(stored) and stored[place].id == event_id:
                    place += 1
                elif not life.has_lost:
                    return f"an event of kernel {number} is not stored in its place"
        if place < len(stored):
            return f"{stored[place].kind} at {place + 1} was not said then, or is stored twice"
        self._forget_checked()
        return ""

    def _forget_checked(self) -> None:
        """All is well so far: look at the rest the next time."""
        for life in self.lives:
            life.events.clear()
        del self.lives[:-1]
        self.paper.rows.clear()


class SimRoads:
    """Makes connections for one kernel."""

    def __init__(self, ledger: SimLedger, loop: SimLoop, descriptors: Descriptors) -> None:
        self._ledger = ledger
        self._loop = loop
        self._descriptors = descriptors

    def connect(self) -> SimRoad:
        """Return a new connection; without descriptors there is none."""
        road = SimRoad(self._ledger, self._loop, self._descriptors)
        self._ledger.roads.append(road)
        return road


def noted(
    life: Life, send: Callable[[Envelope], None], fail: Callable[[str], None]
) -> Callable[[Envelope], None]:
    """Return `send` with a note of what was said, and a look at whether it says why."""

    def note(envelope: Envelope) -> None:
        life.events.append(envelope.id)
        if envelope.kind == "kernel.misfit":
            fail(f"a misfit: {envelope.payload_fields()}")
        if envelope.kind in EXPLAINED and not envelope.cause:
            told = envelope.payload_fields()
            if not told.get("first"):
                fail(f"{envelope.kind} says not why: {told}")
        send(envelope)

    return note
