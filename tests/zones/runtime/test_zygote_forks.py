"""A real zygote that is forked from another: what it says, whose it is, what it holds and takes."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from Kernel.contract.zygote_protocol import Fork, Forked, Prepared
from Kernel.ports.process import ZygoteHandle
from tests.support.real_processes import RealProcesses
from tests.support.wait import wait_until

pytestmark = pytest.mark.slow
ROW = 60
SPARE_KB = 6 * 1024


@pytest.fixture
def real(tmp_path: Path) -> Iterator[RealProcesses]:
    """Give the real process port."""
    real = RealProcesses(tmp_path)
    yield real
    real.close()


def status(pid: int) -> dict[str, str]:
    """Return what Linux says of a process, by its keys."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


def prepared(real: RealProcesses, handle: ZygoteHandle) -> Prepared:
    """Wait until it says that it is prepared."""
    said = real.hear(handle)
    assert isinstance(said, Prepared), (said, real.stderr(handle))
    return said


def held(handle: ZygoteHandle) -> list[str]:
    """Return the kinds of files that a zygote holds, but for what it reads just now of itself."""
    names = [str(each.readlink()) for each in Path(f"/proc/{handle.pid}/fd").iterdir()]
    return sorted(name.split(":")[0] for name in names if not name.startswith("/proc/"))


def private_kb(pid: int) -> int:
    """Return how much memory a process has for itself, and what it shares with others."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))


def forks_well(real: RealProcesses, handle: ZygoteHandle, folder: Path) -> bool:
    """Tell whether it forks a founder that does its work."""
    said = real.ask(handle, Fork(9, "founder", [], {"zone": "z", "folders": [str(folder)]}))
    assert isinstance(said, Forked)
    code = real.wait_exit(said.pid).code
    (folder / "z.arena").unlink(missing_ok=True)
    return code == 0


def test_it_is_as_one_that_was_started(real, tmp_path):
    """It says the same but for its pid, and has the same parent, cage, streams and threads."""
    first, said = real.configure()
    second = real.fork_zygote(first)
    told = prepared(real, second)
    assert told.pid == second.pid != first.pid
    assert told.facts == said.facts, "cage, facts and all"
    one, other = status(first.pid), status(second.pid)
    same = ("Name", "PPid", "NoNewPrivs", "Seccomp", "SigIgn", "SigCgt", "SigBlk", "CapEff")
    assert {key: one[key] for key in same} == {key: other[key] for key in same}
    assert other["PPid"] == str(os.getpid()) and other["Threads"] == "1"
    assert os.getsid(second.pid) == second.pid, "a session of its own"
    wait_until("the donor has let go of its ends", lambda: held(second) == held(first))
    assert forks_well(real, second, tmp_path) and forks_well(real, first, tmp_path)


def test_it_outlives_the_one_it_was_forked_from(real, tmp_path):
    """SIGKILL to that one, in the middle of its preparing, costs it nothing."""
    first, _ = real.configure()
    second = real.fork_zygote(first)
    real.port.send_signal(first.pid, signal.SIGKILL)
    real.wait_exit(first.pid)
    prepared(real, second)
    assert forks_well(real, second, tmp_path)


def test_what_it_writes_is_read_on_its_own_pipe(real, tmp_path):
    """Its errors, and those of whom it forks, are not on the pipe of the one before."""
    first, _ = real.configure()
    second = real.fork_zygote(first)
    prepared(real, second)
    said = real.ask(second, Fork(1, "founder", [], {"zone": "z", "folders": ["/nowhere"]}))
    assert isinstance(said, Forked) and real.wait_exit(said.pid).code == 1
    assert "FileNotFoundError" in real.stderr(second) and not real.stderr(first)


def test_other_settings_are_refused(real):
    """It would go on with those of before: it says so and leaves."""
    first, _ = real.configure()
    second = real.fork_zygote(first, {"tick_rate_ms": 9})
    assert real.wait_exit(second.pid).code == 1
    assert "settings are not the same" in real.stderr(second)


def test_one_whose_road_is_closed_leaves(real):
    """The kernel wants it no more: it leaves by itself, and the one before serves on."""
    first, _ = real.configure()
    second = real.fork_zygote(first)
    second.road.shutdown(2)
    assert real.wait_exit(second.pid).code in (0, 1)
    assert Path(f"/proc/{first.pid}").exists()


def test_a_long_row_takes_no_more(real, tmp_path):
    """Neither memory, nor descriptors, nor depth of the stack grow from one to the next."""
    handle, _ = real.configure()
    kinds: list[str] = []
    took: list[int] = []
    for serial in range(ROW):
        born = real.fork_zygote(handle, serial=serial)
        prepared(real, born)
        real.port.send_signal(handle.pid, signal.SIGKILL)
        real.wait_exit(handle.pid)
        handle = born
        if serial == 5:
            kinds = held(handle)
        if serial in (5, ROW - 1):
            took.append(private_kb(handle.pid))
    assert held(handle) == kinds
    assert took[1] < took[0] + SPARE_KB, took
    assert forks_well(real, handle, tmp_path)
