"""An arena keeper over a real arena file, with processes that exist on paper only."""

from pathlib import Path

from Kernel.config import ZoneConfig
from Kernel.contract.arena import NEVER, Header
from Kernel.core import supervisor as sup
from Kernel.core.arena_keeper import ArenaKeeper
from Kernel.core.limits import CageKind, Limits
from tests.support.fakes import FakeMachine
from tests.support.toy import service as toy


class Stage:
    """One keeper, and the steps by which its zone comes up.

    Args:
        limits: what its processes may take.
        policy: of its supervision.
    """

    def __init__(
        self,
        machine: FakeMachine,
        folders: list[Path],
        limits: Limits | None = None,
        **policy: object,
    ) -> None:
        self.machine = machine
        self.folders = folders
        self.beats_at: dict[int, int] = {}
        self.keeper = ArenaKeeper(
            ZoneConfig(
                "stable",
                "tests.support.toy",
                sup.Policy(sup.Kind.ARENA, True, **policy),
                cage=CageKind.SEALED,
                limits=limits or Limits(),
            ),
            machine.parts(),
            folders,
            folders[1] / "snapshots",
        )

    def round(self, count: int = 3) -> None:
        """Some rounds of the kernel: read, reap, look."""
        for _ in range(count):
            self.machine.loop.turn()
            for exit_ in self.machine.processes.reap():
                assert self.keeper.on_exit(exit_), "an end of one of this zone's processes"
            self.keeper.look()

    @property
    def words(self):
        """Return the arena's words."""
        assert self.keeper.arena is not None
        return self.keeper.arena.words

    def prepare(self, **facts: object) -> None:
        """Have a zygote prepared; `facts`: what it says of itself beside those of the toy."""
        self.round()
        self.machine.zygote.prepare(toy.Generation({}).facts | facts)
        self.round()

    def found(self, folder: int = 0) -> None:
        """Have the founder make the arena."""
        founder = self.machine.processes.new_pid()
        request = self.machine.zygote.fork(founder)
        assert request.role == "founder"
        self.round()
        toy.Generation({}).found(request.facts | {"folders": request.facts["folders"][folder:]})
        self.machine.processes.end(founder, code=0)
        self.round()

    def fork_heir(self, ready: bool = True, zygote: int = -1) -> int:
        """Have an heir forked by a zygote (the newest one) and return its pid."""
        pid = self.machine.processes.new_pid()
        request = self.machine.processes.zygotes[zygote].fork(pid)
        assert request.role == "heir"
        self.beats_at[request.serial] = request.facts["beat_at"]
        self.round()
        if ready:
            self.machine.processes.zygotes[zygote].ring(request.serial)
            self.round()
        return pid

    def beat(self, pid: int) -> None:
        """Have a process say that it stands by."""
        assert self.keeper.arena is not None
        berth, side = self.keeper.berth_of(pid), self.keeper.arena.side
        assert berth is not None
        place = self.beats_at[berth.serial]
        beats = int.from_bytes(side[place : place + 8], "little") + 1
        side[place : place + 8] = beats.to_bytes(8, "little")

    def take_over(self, pid: int, ticks: int = 1) -> None:
        """Write the words an heir writes when it takes over and ticks, and look."""
        assert self.words.get(Header.PERMISSION) == pid, "only who may"
        self.words.put(Header.TAKEN_OVER_TICK, self.words.get(Header.COMMIT))
        self.words.put(Header.FOUND_FLIGHT, self.words.get(Header.FLIGHT))
        self.words.put(Header.FOUND_OWNER, self.words.get(Header.OWNER))
        self.words.put(Header.OWNER, pid)
        self.words.put(Header.EPOCH, self.words.get(Header.EPOCH) + 1)
        self.words.put(Header.DRAIN_AT, NEVER)
        self.words.put(Header.FIRST_COMMIT_NS, 0)
        for _ in range(ticks):
            self.tick()
            self.words.put(Header.FIRST_COMMIT_NS, self.machine.clock.now_ns())
        self.round()

    def tick(self) -> None:
        """Commit one tick of the toy."""
        toy.ToyEngine(self.words, 0.0).tick()

    def serve(self) -> tuple[int, int]:
        """Bring the zone up whole: (active, heir)."""
        self.prepare()
        self.found()
        active = self.fork_heir()
        self.take_over(active)
        heir = self.fork_heir()
        self.tick()
        return active, heir

    def die(self, pid: int, code: int | None = None, number: int | None = None) -> None:
        """Let a process end and the kernel see it."""
        self.machine.processes.end(pid, code, number)
        self.round()
