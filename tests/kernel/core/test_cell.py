"""One temporary process on paper: born, heard, ended, whatever goes wrong on the way."""

import errno
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from Kernel.contract.errors import CodecError, Refused
from Kernel.contract.zygote_protocol import Forked, Unforked
from Kernel.core import cell as cells
from Kernel.core.cell import BIRTH_S, OUTPUT_BYTES_MAX, Cell, CellOrder, How, parse_answer
from Kernel.core.limits import Limits
from Kernel.ports.cgroup_files import Usage
from tests.support.fake_cgroups import FakeCgroups
from tests.support.fakes import FakeMachine
from tests.support.paper_kernel import PaperKernel

JOB = b"class Forager(Trait): ..."
WALL_S = 30.0


class Scene:
    """A world with a warm zygote, and one cell asked for."""

    def __init__(self, machine: FakeMachine, folder: Path) -> None:
        self.machine = machine
        self.kernel = PaperKernel(machine, folder)
        self.kernel.start()
        self.parts = self.kernel.world.parts
        self.cell: Cell | None = None
        self.limits = Limits()
        self.pid = 0

    def ask(self, **more: int) -> Cell:
        """Ask for a cell."""
        order = CellOrder("trial", JOB, WALL_S, {"job": {"ticks": 1000}}, more, self.limits)
        line = self.kernel.world.line
        assert line is not None
        self.cell = Cell(self.parts, line, order)
        return self.cell

    def bear(self) -> Cell:
        """Ask for a cell, and let the zygote fork it."""
        cell = self.ask()
        self.pid = self.machine.processes.new_pid()
        self.request = self.machine.zygote.fork(self.pid)
        self.machine.loop.turn()
        return cell

    @property
    def given(self) -> dict[str, int]:
        """The descriptors the zygote was sent with the last Fork."""
        return self.machine.zygote.descriptors[max(self.machine.zygote.descriptors)]

    def say(self, data: bytes) -> None:
        """Let the process write into its pipe."""
        os.write(self.given["result"], data)
        self.machine.loop.turn()

    def reap(self) -> None:
        """Hand every end to the zones and then to the cell, as the kernel does."""
        for exit_ in self.machine.processes.reap():
            if not self.kernel.world.on_exit(exit_) and self.cell is not None:
                self.cell.on_exit(exit_)

    def end(self, code: int | None = None, number: int | None = None) -> None:
        """Let the process end."""
        self.machine.processes.end(self.pid, code=code, number=number)
        self.reap()

    def pass_time(self, seconds: float) -> None:
        """Let time pass."""
        assert self.cell is not None
        self.machine.clock.advance(seconds)
        self.cell.look(self.machine.clock.now_s())
        self.reap()


@pytest.fixture
def scene(machine: FakeMachine, tmp_path: Path) -> Iterator[Scene]:
    """Give a world that ticks; afterwards no descriptor of a cell may be open."""
    scene = Scene(machine, tmp_path)
    before = open_descriptors()
    yield scene
    machine.processes.zygotes[0].drop_descriptors()
    if scene.cell is not None and scene.cell.end is not None:
        assert open_descriptors() <= before
    scene.kernel.close()
    machine.processes.close()


def open_descriptors() -> int:
    """Return how many descriptors this process holds."""
    return len(os.listdir("/proc/self/fd"))


class TestLife:
    def test_it_is_given_a_sealed_job_and_answers(self, scene):
        """The job's bytes come from their beginning and cannot be changed; the answer is read."""
        cell = scene.bear()
        assert (scene.request.role, scene.request.facts) == (
            "trial", {"nice": cells.NICE, "job": {"ticks": 1000}},
        )  # fmt: skip
        job = scene.given["job"]
        assert os.read(job, 1000) == JOB
        for change in (lambda: os.write(job, b"x"), lambda: os.ftruncate(job, 0)):
            with pytest.raises(OSError, match=os.strerror(errno.EPERM)):
                change()
        scene.say(b'{"accepted":')
        scene.say(b" true}")
        assert cell.end is None and cell.pid == scene.pid
        scene.end(code=0)
        assert cell.end.how is How.ANSWERED and parse_answer(cell.end.output) == {"accepted": True}

    def test_the_arena_it_is_given_cannot_be_written(self, scene):
        """The descriptor was opened for reading only: neither write nor a shared mapping works."""
        reader = scene.kernel.world.reader_descriptors()
        scene.ask(arena=reader["arena.stable"])
        scene.machine.zygote.fork(scene.machine.processes.new_pid())
        with pytest.raises(OSError, match=os.strerror(errno.EBADF)):
            os.pwrite(scene.given["arena"], b"x", 0)

    def test_its_zone_counts_nothing_against_a_generation(self, scene):
        """A cell that dies is no failure of the world's processes, which go on."""
        scene.bear()
        scene.end(number=signal.SIGSEGV)
        assert scene.cell.end.how is How.DIED and "SIGSEGV" in scene.cell.end.why
        world = scene.kernel.world
        assert world.state.patience.failures == 0 and world.active.pid == scene.kernel.active
        assert not scene.machine.log.of("zone.died")

    def test_killed_from_outside_is_told_apart(self, scene):
        """SIGKILL that we have not sent is somebody else's doing, or the machine's."""
        cell = scene.bear()
        scene.end(number=signal.SIGKILL)
        assert cell.end.how is How.KILLED

    def test_words_left_in_the_pipe_count(self, scene):
        """What it wrote just before it left is read, even where a child still holds the pipe."""
        cell = scene.bear()
        os.write(scene.given["result"], b"{}")
        scene.end(code=0)
        assert cell.end.output == b"{}"


class TestLimits:
    def test_its_group_ends_one_that_takes_too_much_memory(self, machine, tmp_path):
        """It is told apart from a kill from outside, with what it may take."""
        machine.cgroups = FakeCgroups()
        scene = Scene(machine, tmp_path)
        scene.limits = Limits(memory_mb=64)
        cell = scene.bear()
        group = machine.cgroups.groups["trial"]
        assert group.limits.memory_mb == 64 and "cgroup.1" in scene.given
        group.used = Usage(0, 0, 0.0, out_of_memory=1)
        scene.end(number=signal.SIGKILL)
        assert cell.end.how is How.KILLED and cell.end.why == "out of memory: it may take 64 MB"
        assert cell.end.out_of_memory
        assert "trial" not in machine.cgroups.groups
        scene.kernel.close()
        machine.cgroups.close()

    def test_want_of_memory_of_the_machine_says_nothing_of_it(self, machine, tmp_path):
        """Its group has not met its limit: it was killed from outside, and that is said."""
        machine.cgroups = FakeCgroups()
        machine.cgroups.used = Usage(0, 0, 0.0, at_limit=0)
        scene = Scene(machine, tmp_path)
        cell = scene.bear()
        machine.cgroups.groups["trial"].used = Usage(0, 0, 0.0, out_of_memory=1, at_limit=0)
        scene.end(number=signal.SIGKILL)
        assert cell.end.why == "out of memory: the machine had none left"
        assert cell.end.how is How.KILLED and not cell.end.out_of_memory
        scene.kernel.close()
        machine.cgroups.close()

    def test_one_that_hangs_is_ended(self, scene):
        """Its time is counted from its birth; then it is killed, and nothing else."""
        cell = scene.bear()
        scene.pass_time(WALL_S - 0.1)
        assert cell.end is None and not scene.machine.processes.killed()
        scene.pass_time(0.2)
        assert cell.end.how is How.LATE and scene.machine.processes.killed() == [scene.pid]
        assert cell.end.why == "it has not ended in 30 s"

    def test_one_that_floods_is_ended(self, scene):
        """No more is kept than may be said; one byte too many ends it."""
        cell = scene.bear()
        for _ in range(OUTPUT_BYTES_MAX // 4096):
            scene.say(b"x" * 4096)
        assert not scene.machine.processes.killed()
        scene.say(b"x")
        scene.reap()
        assert cell.end.how is How.FLOODED and len(cell.end.output) == OUTPUT_BYTES_MAX
        assert scene.machine.processes.killed() == [scene.pid]

    def test_given_up(self, scene):
        """It is killed once, and its end says why."""
        cell = scene.bear()
        cell.give_up("who asked has left")
        cell.give_up("again")
        scene.reap()
        assert cell.end.how is How.GIVEN_UP and cell.end.why == "who asked has left"
        assert scene.machine.processes.killed() == [scene.pid]


class TestNoBirth:
    def test_the_zygote_has_no_room(self, scene):
        """Unforked: the cell is over, with the reason."""
        cell = scene.ask()
        request = scene.machine.zygote.fork(0, quiet=True)
        scene.machine.zygote.say(Unforked(request.serial, "cannot fork: no room"))
        scene.machine.loop.turn()
        assert cell.end.how is How.UNBORN and cell.end.why == "cannot fork: no room"

    def test_the_zygote_dies_while_it_is_asked(self, scene):
        """Nobody will come; the world's next zygote is not asked for this one again."""
        cell = scene.ask()
        scene.machine.processes.end(scene.machine.zygote.pid, number=signal.SIGKILL)
        scene.reap()
        assert cell.end.how is How.UNBORN and "SIGKILL" in cell.end.why

    def test_born_with_the_last_words_of_a_zygote(self, scene):
        """A Forked sent just before it died makes the cell known: it outlives its zygote."""
        cell = scene.ask()
        scene.machine.zygote.fork(4321)
        scene.machine.processes.end(scene.machine.zygote.pid, number=signal.SIGKILL)
        scene.reap()
        assert cell.pid == 4321 and cell.end is None
        scene.machine.processes.end(4321, code=0)
        scene.reap()
        assert cell.end.how is How.ANSWERED

    def test_dead_before_its_birth_was_read(self, scene):
        """The end of a process nobody has heard of yet is found to be its."""
        cell = scene.ask()
        scene.machine.zygote.fork(4321)
        scene.machine.processes.end(4321, code=3)
        scene.reap()
        assert cell.end.how is How.DIED and cell.end.why == "exit code 3"

    def test_given_up_before_it_is_born(self, scene):
        """It is ended as soon as it is there, so that nobody is left over."""
        cell = scene.ask()
        cell.give_up("the kernel is being stopped")
        assert cell.end is None
        scene.machine.zygote.fork(4321)
        scene.machine.loop.turn()
        scene.reap()
        assert scene.machine.processes.killed() == [4321] and cell.end.how is How.GIVEN_UP

    def test_a_zygote_that_does_not_answer(self, scene):
        """It is waited for so long; one that is born after that is ended at once."""
        cell = scene.ask()
        request = scene.machine.zygote.fork(0, quiet=True)
        scene.pass_time(BIRTH_S + 0.1)
        assert cell.end.how is How.UNBORN and "10 s" in cell.end.why
        scene.machine.zygote.say(Forked(request.serial, 4321))
        scene.machine.loop.turn()
        assert scene.machine.processes.killed() == [4321]

    def test_no_zygote_to_ask(self, scene):
        """Refused at once, and nothing stays open."""
        before = open_descriptors()
        scene.machine.processes.end(scene.machine.zygote.pid, number=signal.SIGKILL)
        scene.reap()
        after = open_descriptors()
        with pytest.raises(Refused, match="no zygote is warm"):
            scene.ask()
        assert open_descriptors() == after <= before

    @pytest.mark.parametrize("name", ["seal_job", "open_answer"])
    def test_no_descriptor_left(self, scene, monkeypatch, name):
        """Refused with the machine's reason, and what was made is closed again."""

        def refuse(*_: object) -> int:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

        monkeypatch.setattr(cells, name, refuse)
        before = open_descriptors()
        with pytest.raises(Refused, match="Too many open files"):
            scene.ask()
        assert open_descriptors() == before


@pytest.mark.parametrize(
    "output",
    [
        b"", b"[]", b"nothing", b'{"a": NaN}', b'{"a": -Infinity}', b"\xff", b"[" * 100_000,
        b'{"a": ' * 50_000, b'{"a": ' + b"9" * 5000 + b"}", b" " * (OUTPUT_BYTES_MAX + 1),
    ],
    ids=lambda each: repr(each[:12]),
)  # fmt: skip
def test_answers_that_are_none(output):
    """Whatever a cell says is read with limits, or refused."""
    with pytest.raises(CodecError, match="cannot use an answer"):
        parse_answer(output)
