"""Placing a process on cores: all its threads, and what it forks; a refusal is seen."""

import errno
import os
import signal
import threading
from collections.abc import Iterator

import pytest

from Kernel.ports.cores import AnyCores, SystemCores

ALLOWED = tuple(sorted(os.sched_getaffinity(0)))


@pytest.fixture
def pid() -> Iterator[int]:
    """Give a process that sleeps, with a thread more."""
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        threading.Thread(target=signal.pause, daemon=True).start()
        os.write(write_end, b"x")
        signal.pause()
        os._exit(0)
    os.read(read_end, 1)
    yield pid
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    os.close(read_end)
    os.close(write_end)


def test_every_thread_is_placed(pid):
    """On the last core alone, and back on all."""
    cores = SystemCores()
    assert cores.place(pid, ALLOWED[-1:]) == ""
    threads = [int(each) for each in os.listdir(f"/proc/{pid}/task")]
    assert len(threads) == 2
    assert all(os.sched_getaffinity(each) == {ALLOWED[-1]} for each in threads)
    assert cores.place(pid, ALLOWED) == ""
    assert os.sched_getaffinity(pid) == set(ALLOWED)


def test_cores_that_there_are_not(pid):
    """Linux refuses a set of which it allows none: the reason is told, and nothing is changed."""
    said = SystemCores().place(pid, (1000,))
    assert said == f"cannot have cores 1000: {os.strerror(errno.EINVAL)}"
    assert os.sched_getaffinity(pid) == set(ALLOWED)


def test_cores_that_are_left_out(pid):
    """Linux leaves out what a cpuset forbids without a word: it is seen."""
    said = SystemCores().place(pid, (ALLOWED[0], 1000))
    assert said == f"it got cores {ALLOWED[0]} of {ALLOWED[0]},1000"


def test_a_process_that_is_gone():
    """It needs no cores."""
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    assert SystemCores().place(pid, ALLOWED) == ""
    assert AnyCores().place(1, ()) == ""


def test_who_may_not(pid, monkeypatch):
    """It is told as it is."""

    def refuse(_thread: int, _cores: set[int]) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "sched_setaffinity", refuse)
    said = SystemCores().place(pid, ALLOWED[:1])
    assert said == f"cannot have cores {ALLOWED[0]}: {os.strerror(errno.EPERM)}"
