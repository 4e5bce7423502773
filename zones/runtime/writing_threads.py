"""Numba's worker threads, each of which holds a mutex of its own while its process may write.

Owns: starting the workers, having each take and give back its mutex. Does not own: the mutexes
(`Kernel/contract/robust_mutex.py`), who waits for them (`arena_zone.py`).

A mutex belongs to the thread that locked it, so a parallel kernel does it: numba's workqueue deals
the parts of a loop out to its workers in turn, so a loop with as many parts as there are workers
gives each of them one (`numba/np/ufunc/workqueue.c`, add_task). That it did is checked each time.
"""

import errno
import os
from typing import Any, Final

import numpy as np

from Kernel.contract.errors import ConfigError, MoltError
from Kernel.contract.robust_mutex import THREADS_MAX, RobustMutex
from zones.runtime.numba_setup import (
    c_function,
    every_thread,
    kernel,
    prange,
    threads_there_are,
)

_EOWNERDEAD: Final = errno.EOWNERDEAD
_lock = c_function("pthread_mutex_lock")
_make_consistent = c_function("pthread_mutex_consistent")
_unlock = c_function("pthread_mutex_unlock")


@kernel
def _take(addresses: Any, results: Any) -> None:
    for worker in prange(len(results)):
        result = _lock(addresses[worker])
        if result == _EOWNERDEAD:
            result = _make_consistent(addresses[worker])
        results[worker] = result


@kernel
def _give_back(addresses: Any, results: Any) -> None:
    for worker in prange(len(results)):
        for place in range(len(addresses)):
            # Whoever has this part: that of another is refused (EPERM), its own is given back.
            results[worker] = _unlock(addresses[place])


class WritingThreads:
    """The workers of this process, started.

    Raises:
        ConfigError: there are more of them than can have a mutex.
    """

    def __init__(self) -> None:
        self._results = np.zeros(threads_there_are(), np.int32)
        if len(self._results) > THREADS_MAX:
            raise ConfigError(
                f"cannot use {len(self._results)} threads: {THREADS_MAX} of one process can write",
                f"export NUMBA_NUM_THREADS={THREADS_MAX}",
            )
        with every_thread():
            _give_back(np.zeros(0, np.int64), self._results)

    def take(self, mutex: RobustMutex) -> None:
        """Have each worker lock a mutex of its own; they are free, or about to be.

        Raises:
            MoltError: one of them could not, or one worker has two.
        """
        addresses = self._addresses(mutex)
        with every_thread():
            _take(addresses, self._results)
        if self._results.any():
            worst = int(self._results.max())
            raise MoltError(f"cannot take over: the mutex of a thread: {os.strerror(worst)}")
        owners = {mutex.owner(thread) for thread in range(len(addresses))}
        if len(owners) < len(addresses) or os.getpid() in owners:
            raise MoltError(
                f"cannot take over: {len(owners)} of {len(addresses)} threads hold a mutex"
            )

    def give_back(self, mutex: RobustMutex) -> None:
        """Have each worker unlock what it holds."""
        with every_thread():
            _give_back(self._addresses(mutex), self._results)

    def _addresses(self, mutex: RobustMutex) -> "np.ndarray[Any, np.dtype[np.int64]]":
        return np.array(mutex.addresses[: len(self._results)], np.int64)


def load_threads() -> None:
    """Have the kernels ready, so that no takeover compiles or loads them; takes no mutex."""
    nothing, nobody = np.zeros(0, np.int64), np.zeros(0, np.int32)
    _take(nothing, nobody)
    _give_back(nothing, nobody)
