"""Whose child a forked process is, and that nobody is left over, with real processes."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from Kernel.contract.errors import MoltError
from tests.structure.sources import ROOT
from tests.support.wait import wait_until
from zones.runtime import kinship

pytestmark = pytest.mark.slow


class Family:
    """A kernel started in a mode, and every line it and its children have said."""

    def __init__(self, mode: str) -> None:
        self.kernel = subprocess.Popen(
            [sys.executable, "-m", "tests.support.kin", mode],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        )
        assert self.kernel.stdout is not None
        os.set_blocking(self.kernel.stdout.fileno(), False)
        self.said = b""

    def find(self, word: str) -> list[int]:
        """Return the pids said with a word."""
        assert self.kernel.stdout is not None
        with contextlib.suppress(BlockingIOError):
            self.said += os.read(self.kernel.stdout.fileno(), 65536)
        whole = self.said.decode().rpartition("\n")[0].splitlines()
        return [int(line.split()[1]) for line in whole if line.split()[0] == word]

    def wait(self, word: str) -> int:
        """Wait until a word is said and return the first pid with it."""
        return wait_until(f"the word {word}", lambda: self.find(word))[0]

    def close(self) -> None:
        """End and reap the kernel, and whoever a failed test has left."""
        self.kernel.kill()
        self.kernel.wait()
        for word in ("zygote", "between", "born"):
            for pid in self.find(word):
                if is_ours(pid):
                    os.kill(pid, signal.SIGKILL)
        assert self.kernel.stdout is not None
        self.kernel.stdout.close()


def is_ours(pid: int) -> bool:
    """Tell whether a pid is a living process of such a family."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return b"tests.support.kin" in command  # a zombie has no command line


@pytest.fixture
def family() -> Iterator[Callable[[str], Family]]:
    """Return a function that starts a family."""
    started: list[Family] = []

    def start(mode: str) -> Family:
        started.append(Family(mode))
        return started[-1]

    yield start
    for each in started:
        each.close()


def test_the_child_is_the_kernels(family):
    """A forked process has the kernel as its parent, and the process between is gone."""
    kin = family("well")
    child = kin.wait("child")
    assert kin.wait("born") == child and kin.wait("parent") == kin.kernel.pid
    assert kin.wait("forked") == kin.wait("zygote"), "the zygote has reaped the one between"
    assert not is_ours(kin.wait("between"))


def test_the_child_outlives_its_zygote(family):
    """The zygote's death does not touch what it has forked."""
    kin = family("well")
    child = kin.wait("child")
    kin.wait("forked")
    os.kill(kin.wait("zygote"), signal.SIGKILL)
    wait_until("the zygote's end", lambda: kin.wait("zygote") in kin.find("reaped"))
    assert is_ours(child)


def test_everybody_dies_with_the_kernel(family):
    """Kill -9 of the kernel leaves neither zygote nor child."""
    kin = family("well")
    pids = [kin.wait("zygote"), kin.wait("child")]
    kin.kernel.kill()
    kin.kernel.wait()
    wait_until("everybody's end", lambda: not any(map(is_ours, pids)))


def test_nobody_lives_unannounced(family):
    """When the process between dies before it has told of a birth, the born one ends itself."""
    kin = family("between")
    born = kin.wait("born")
    wait_until("the end of the unannounced", lambda: not is_ours(born))
    assert not kin.find("child"), "it never began to serve"
    kin.wait("unforked")


def test_kernel_killed_before_the_child_is_handed_over(family):
    """A child still below the process between ends at once when it will never be the kernel's."""
    kin = family("held")
    born, between = kin.wait("born"), kin.wait("between")
    kin.kernel.kill()
    kin.kernel.wait()
    with contextlib.suppress(ProcessLookupError):  # it dies with its zygote
        os.kill(between, signal.SIGKILL)
    wait_until("the child's end", lambda: not is_ours(born), deadline_s=kinship.REPARENT_S / 2)
    assert not kin.find("child")


def test_kernel_killed_while_the_child_is_handed_over(family):
    """A child that is handed to somebody else ends at once: it would outlive the kernel."""
    kin = family("late")
    born = kin.wait("born")
    kin.kernel.wait()
    wait_until("the child's end", lambda: not is_ours(born), deadline_s=kinship.REPARENT_S / 2)
    assert not kin.find("child")


def test_unannounced_child_that_is_handed_over_first_ends_too(monkeypatch, tmp_path):
    """Even when the kernel is its parent by the time it looks, an unannounced child ends."""
    mark = tmp_path / "served"
    monkeypatch.setattr(kinship.os, "getppid", lambda: 4242)  # "the kernel is my parent already"
    monkeypatch.setattr(kinship, "die_with", lambda _pid: None)
    with pytest.raises(MoltError, match="cannot fork"):
        kinship.fork_for(4242, mark.touch, lambda _pid: os.kill(os.getpid(), signal.SIGKILL))
    with pytest.raises(AssertionError, match="cannot wait longer"):
        wait_until("a process nobody knows of", mark.exists, deadline_s=0.2)


@pytest.mark.parametrize("refused", [1, 2], ids=["the one between", "the child"])
def test_no_room_for_a_process_leaves_nobody_and_the_zygote_well(monkeypatch, tmp_path, refused):
    """Whichever fork the machine refuses, the caller alone hears of it, and holds nothing more."""
    mark = tmp_path / "served"
    real, calls = os.fork, 0

    def fork():
        nonlocal calls
        calls += 1
        if calls == refused:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        return real()

    before = len(os.listdir("/proc/self/fd"))
    with monkeypatch.context() as patched:
        patched.setattr(kinship.os, "fork", fork)
        patched.setattr(kinship, "die_with", lambda _pid: None)
        with pytest.raises(kinship.CannotFork, match="cannot fork: Resource temporarily"):
            kinship.fork_for(os.getpid(), mark.touch, lambda _pid: None)
    assert len(os.listdir("/proc/self/fd")) == before
    assert not mark.exists()
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
