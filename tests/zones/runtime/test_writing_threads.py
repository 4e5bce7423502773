"""Workers of numba: each holds a mutex of its own while its process may write."""

import subprocess
import sys
from pathlib import Path

import pytest

from Kernel.contract.errors import ConfigError
from Kernel.contract.robust_mutex import THREADS_MAX
from zones.runtime import writing_threads
from zones.runtime.writing_threads import WritingThreads

ROOT = Path(__file__).resolve().parents[3]
LIVES = """
import os, signal
from Kernel.contract.robust_mutex import MUTEX_BYTES, RobustMutex
from zones.runtime import numba_setup
from zones.runtime.writing_threads import WritingThreads, load_threads

load_threads()
fd = os.memfd_create("mutex")
os.ftruncate(fd, MUTEX_BYTES)
mutex = RobustMutex(fd)
mutex.initialise()
count = numba_setup.threads_there_are()

def live():
    mutex = RobustMutex(fd)
    threads = WritingThreads()
    numba_setup.use_threads(1)
    siblings = {int(task) for task in os.listdir("/proc/self/task")} - {os.getpid()}
    assert len(siblings) == count
    for _ in range(20):
        threads.take(mutex)
        assert {mutex.owner(thread) for thread in range(count)} == siblings
        threads.give_back(mutex)
        assert all(mutex.is_free(thread) for thread in range(count))
    assert numba_setup.numba.get_num_threads() == 1
    threads.take(mutex)
    os.kill(os.getpid(), signal.SIGKILL)

for _ in range(3):
    child = os.fork()
    if not child:
        live()
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    assert not all(mutex._words[(1 + thread) * 32] == 0 for thread in range(count))
threads = WritingThreads()
threads.take(mutex)  # of dead owners: taken as if they were free
assert all(mutex.owner(thread) for thread in range(count))
print("all is well")
"""


@pytest.mark.slow
@pytest.mark.parametrize("workers", [2, 5])
def test_each_worker_holds_its_own(workers: int) -> None:
    """However many are used by kernels: all of /proc/self/task but the main thread hold one.

    Given back they are free, and those of a killed process can be taken by the next one.
    """
    done = subprocess.run(
        [sys.executable, "-c", LIVES],
        cwd=ROOT,
        env={"NUMBA_NUM_THREADS": str(workers), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout.split("\n")[0] == "all is well", done.stderr


def test_more_workers_than_mutexes_are_refused(monkeypatch) -> None:
    """With more threads than can be fenced off nobody may begin to write."""
    monkeypatch.setattr(writing_threads, "threads_there_are", lambda: THREADS_MAX + 1)
    with pytest.raises(ConfigError, match="cannot use 32 threads: 31 of one process can write"):
        WritingThreads()
