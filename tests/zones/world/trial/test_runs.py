"""Runs of a trial in real processes: whatever one does, it has an end, and it is the right one."""

import contextlib
import ctypes
import gc
import os
import signal
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from Kernel.contract.errors import MoltError
from tests.zones.world.trial.stage import image, missing
from zones.world.trait_loading import LoadedTraits
from zones.world.trial import runs
from zones.world.trial.living import Life, live
from zones.world.trial.runs import How, Order, run_all
from zones.world.trial.walls import Walls

pytestmark = pytest.mark.slow
TICKS = 20
RUN_BYTES = 1 << 28


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """Judge a hang soon."""
    missing()
    monkeypatch.setattr(runs, "HANG_CPU_S", 0.4)
    monkeypatch.setattr(runs, "HANG_IDLE_S", 2.0)


def order(act=None, cpu_s=60.0, ticks=TICKS):
    """Return a run that does something once it is sealed, before it lives."""

    def body(memory, acked, seal):
        def sealed():
            seal()
            if act is not None:
                act()

        return live(Life(image(), ticks, LoadedTraits()), memory, acked, sealed)

    return Order(image(), ticks, body, Walls(missing(), RUN_BYTES).seal_run, cpu_s)


def end_of(act, **more):
    """Return how a run ends that does something."""
    return run_all([order(act, **more)], 1)[0]


def test_an_honest_run_comes_to_its_end():
    """Every tick is committed, and its report is there."""
    end = end_of(None)
    assert (end.how, end.tick, end.flight) == (How.DONE, image().tick + TICKS, 0), end.why
    assert b"median_us" in end.report and end.signal == 0


def spin():
    while True:
        pass


def flood():
    while True:
        os.write(1, b"x" * 4096)


def chatter():
    with contextlib.suppress(OSError):
        while True:
            os.write(3, b"x" * 4096)


def grow():
    kept = []
    while True:
        kept.append(bytearray(1 << 24))


@pytest.mark.parametrize(
    ("act", "how", "why"),
    [
        (partial(ctypes.string_at, 0), How.DIED, "died by signal 11 (SIGSEGV)"),
        (partial(os.system, "true"), How.DIED, "died by signal 31 (SIGSYS)"),
        (partial(os.kill, 1, 0), How.DIED, "died by signal 31 (SIGSYS)"),
        (os.abort, How.DIED, "died by signal 6 (SIGABRT)"),
        (partial(signal.raise_signal, signal.SIGRTMIN + 6), How.DIED, "died by signal 40"),
        (partial(os._exit, 0), How.DIED, "left with exit code 0"),
        (partial(os._exit, 7), How.DIED, "left with exit code 7"),
        (partial(sys.exit, 3), How.DIED, "failed: SystemExit: 3"),
        (partial(open, "/etc/hostname"), How.DIED, "failed: PermissionError"),
        (grow, How.DIED, "failed: MemoryError"),
        (spin, How.HUNG, "took 0.4 s of the processor for one tick"),
        (partial(time.sleep, 60), How.HUNG, "did nothing for 2 s"),
        (flood, How.FLOODED, "printed more than 262144 bytes"),
        (chatter, How.FLOODED, "reported more than 16384 bytes"),
    ],
)
def test_every_bad_end_is_told(act, how, why):
    """And nobody is left of it."""
    end = end_of(act)
    assert (end.how, end.why[: len(why)]) == (how, why)
    assert end.tick == image().tick
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_time_in_which_nobody_looks_makes_no_hang():
    """Whoever stops us for a while may have stopped it, too."""
    run = runs.Run(order(partial(time.sleep, 60)))
    try:
        for _ in range(5):
            run.wait(20)
            assert run.look() is None
        time.sleep(runs.HANG_IDLE_S + 0.5)
        assert run.look() is None
    finally:
        run.end()


def test_what_gets_on_too_slowly_is_no_hang():
    """It is ended at its limit, and that is said."""
    end = end_of(None, cpu_s=0.3, ticks=1_000_000)
    assert end.how is How.SLOW and end.tick > image().tick


def test_what_it_prints_is_kept_in_part():
    """For people: a beginning of it."""
    end = end_of(partial(os.write, 1, b"I was here"))
    assert end.said.startswith("I was here") and end.how is How.DONE


def test_runs_live_side_by_side_and_come_back_in_order():
    """A bad one harms no good one."""
    ends = run_all([order(), order(os.abort), order()], 2)
    assert [end.how for end in ends] == [How.DONE, How.DIED, How.DONE]
    assert ends[0].report != b"" and ends[1].signal == signal.SIGABRT


def scribble():
    """Write over the arenas of all other runs: its own would be seen to lie before it comes on."""
    for each in gc.get_objects():
        if isinstance(each, runs.Run) and getattr(each, "pid", 0):
            each._memory[:] = b"\xff" * len(each._memory)


def test_a_run_cannot_reach_the_memory_of_another():
    """Else a candidate would write what its control comes to."""
    control, candidate = run_all([order(), order(scribble)], 2)
    assert candidate.signal == signal.SIGSEGV, candidate.why
    assert control.how is How.DONE, control.why
    alone = end_of(None)
    start, behind = alone.origin.buffers.buffer_0, alone.origin.buffers.file_bytes
    assert control.memory[start:behind] == alone.memory[start:behind]


def test_two_runs_of_one_world_come_to_the_same_bytes():
    """They are a pair: nothing but the trait can make a difference."""
    one, other = run_all([order(), order()], 2)
    start, behind = one.origin.buffers.buffer_0, one.origin.buffers.file_bytes
    assert one.memory[start:behind] == other.memory[start:behind]


def children_of(pid):
    """Return the processes that a process has made and that are there."""
    try:
        return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:
        return []


def test_a_run_dies_with_who_made_it(monkeypatch):
    """Killed without a word, a coordinator leaves nobody, though its runs are sealed and spin."""
    monkeypatch.setattr(runs, "HANG_CPU_S", 1e9)
    coordinator = os.fork()
    if not coordinator:
        run_all([order(spin), order(spin)], 2)
        os._exit(0)
    until_s = time.monotonic() + 20
    while len(left := children_of(coordinator)) < 2 and time.monotonic() < until_s:
        time.sleep(0.01)
    assert len(left) == 2
    os.kill(coordinator, signal.SIGKILL)
    os.waitpid(coordinator, 0)
    while left and time.monotonic() < until_s:
        left = [pid for pid in left if is_alive(pid)]
    assert not left


def is_alive(pid):
    """Tell whether a process is there, and not only what is left of it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_no_process_is_no_verdict(monkeypatch):
    """The machine is full: that is said, and nothing stays open."""

    def refuse():
        raise OSError(11, "Resource temporarily unavailable")

    before = len(os.listdir("/proc/self/fd"))
    monkeypatch.setattr(os, "fork", refuse)
    with pytest.raises(MoltError, match="cannot try a trait: Resource temporarily"):
        end_of(None)
    assert len(os.listdir("/proc/self/fd")) == before
