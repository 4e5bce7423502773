"""The right to write an arena: robust, process-shared POSIX mutexes in a memfd.

Owns: making, taking and giving back the mutexes. Does not own: who may ask for the right (the
permission word in the arena header, set by the kernel), locking from worker threads
(`zones/runtime/writing_threads.py`). Both sides use it: the kernel makes it at boot, zone
processes lock it. Linux hands a mutex to the next waiter when its owner's thread dies, which is
news of a death in about 0.15 ms and a fence at once (pthread_mutexattr_setrobust(3),
Linux `kernel/futex/core.c`, exit_robust_list).

The first mutex is the right itself and belongs to the main thread. Behind it lies one for each
other thread of the owner that writes: when the main thread has died, a sibling on another core may
run for some microseconds more, and its mutex says so to whoever takes over, in a sealed process
that may not look into /proc, too.

The owner is a thread: lock and unlock from the main thread only. Take it in a process made by
fork(2), never by a raw clone with CLONE_PARENT: glibc would keep the old thread id in the lock and
the kernel would never report its death.
"""

import ctypes
import errno
import mmap
import os

from Kernel.contract.errors import MoltError

MUTEX_BYTES = 4096
THREADS_MAX = 31
"""Threads beside the main one that can have a mutex."""
_PTHREAD_PROCESS_SHARED = 1
_PTHREAD_MUTEX_ROBUST = 1
_ATTRIBUTE_BYTES = 64  # sizeof(pthread_mutexattr_t) is 4 on x86-64 and 8 on aarch64
_MUTEX_ROOM = 128  # sizeof(pthread_mutex_t) is 40 on x86-64 and 48 on aarch64
_CLOCK_MONOTONIC = 1
_NS = 1_000_000_000
_TID_MASK = 0x3FFF_FFFF
"""Of the first word of a robust mutex (Linux `include/uapi/linux/futex.h`, FUTEX_TID_MASK)."""


class _Timespec(ctypes.Structure):
    """struct timespec where time_t has 64 bits (clock_gettime(2))."""

    _fields_ = (("seconds", ctypes.c_int64), ("nanoseconds", ctypes.c_long))


class RobustMutex:
    """The mutexes in shared memory. The mapping stays open as long as this object lives."""

    def __init__(self, fd: int) -> None:
        self._libc = ctypes.CDLL(None)
        self._memory = mmap.mmap(fd, MUTEX_BYTES)
        self._words = memoryview(self._memory).cast("I")
        self._mutexes = [
            (ctypes.c_char * _MUTEX_ROOM).from_buffer(self._memory, place * _MUTEX_ROOM)
            for place in range(1 + THREADS_MAX)
        ]
        self._mutex = self._mutexes[0]
        self.addresses = [ctypes.addressof(each) for each in self._mutexes[1:]]
        """Of the mutexes of the threads beside the main one."""

    def initialise(self) -> None:
        """Make the mutexes; call once, before anyone else maps them."""
        attribute = ctypes.create_string_buffer(_ATTRIBUTE_BYTES)
        self._call("pthread_mutexattr_init", attribute)
        self._call("pthread_mutexattr_setpshared", attribute, _PTHREAD_PROCESS_SHARED)
        self._call("pthread_mutexattr_setrobust", attribute, _PTHREAD_MUTEX_ROBUST)
        for mutex in self._mutexes:
            self._call("pthread_mutex_init", mutex, attribute)

    def lock(self) -> bool:
        """Wait for the right to write; return True when its last owner died holding it."""
        return self._have(self._libc.pthread_mutex_lock(self._mutex))

    def lock_until(self, until_ns: int) -> bool:
        """Wait for the right to write until then (CLOCK_MONOTONIC); return whether it was had."""
        until = _Timespec(*divmod(until_ns, _NS))
        result = self._libc.pthread_mutex_clocklock(
            self._mutex, _CLOCK_MONOTONIC, ctypes.byref(until)
        )
        if result == errno.ETIMEDOUT:
            return False
        self._have(result)
        return True

    def _have(self, result: int) -> bool:
        """Take what a call that locks has returned; return True when the last owner had died."""
        if result == errno.EOWNERDEAD:
            self._call("pthread_mutex_consistent", self._mutex)
            return True
        if result:
            raise MoltError(f"cannot lock the right to write: {os.strerror(result)}")
        return False

    def unlock(self) -> None:
        """Give the right to write back."""
        self._call("pthread_mutex_unlock", self._mutex)

    def is_free(self, thread: int) -> bool:
        """Tell whether nobody holds the mutex of a thread; of one that died holding it, free it.

        Args:
            thread: 0 to THREADS_MAX - 1.

        Raises:
            MoltError: it can never be taken again.
        """
        place = 1 + thread
        if not self._words[place * _MUTEX_ROOM // 4]:
            return True  # the word is 0 only when it was given back, or never taken
        mutex = self._mutexes[place]
        result = self._libc.pthread_mutex_trylock(mutex)
        if result == errno.EBUSY:
            return False
        if result == errno.EOWNERDEAD:
            self._call("pthread_mutex_consistent", mutex)
        elif result:
            raise MoltError(f"cannot take over: mutex of thread {thread}: {os.strerror(result)}")
        self._call("pthread_mutex_unlock", mutex)
        return True

    def owner(self, thread: int) -> int:
        """Return the thread id of who holds the mutex of a thread, 0 when nobody does."""
        return self._words[(1 + thread) * _MUTEX_ROOM // 4] & _TID_MASK

    def _call(self, name: str, *arguments: object) -> None:
        result = getattr(self._libc, name)(*arguments)
        if result:
            raise MoltError(f"cannot use the right to write: {name}: {os.strerror(result)}")
