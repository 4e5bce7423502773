"""The right to write an arena: a robust, process-shared POSIX mutex in a memfd.

Owns: making, taking and giving back the mutex. Does not own: who may ask for it (the permission
word in the arena header, set by the kernel). Both sides use it: the kernel makes it at boot, zone
processes lock it. Linux hands it to the next waiter when its owner's thread dies, which is news
of a death in about 0.15 ms and a fence at once (pthread_mutexattr_setrobust(3),
Linux `kernel/futex/core.c`, exit_robust_list).

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
_PTHREAD_PROCESS_SHARED = 1
_PTHREAD_MUTEX_ROBUST = 1
_ATTRIBUTE_BYTES = 64  # sizeof(pthread_mutexattr_t) is 4 on x86-64 and 8 on aarch64
_MUTEX_ROOM = 128  # sizeof(pthread_mutex_t) is 40 on x86-64 and 48 on aarch64


class RobustMutex:
    """One mutex in shared memory. The mapping stays open as long as this object lives."""

    def __init__(self, fd: int) -> None:
        self._libc = ctypes.CDLL(None)
        self._memory = mmap.mmap(fd, MUTEX_BYTES)
        self._mutex = (ctypes.c_char * _MUTEX_ROOM).from_buffer(self._memory)

    def initialise(self) -> None:
        """Make the mutex; call once, before anyone else maps it."""
        attribute = ctypes.create_string_buffer(_ATTRIBUTE_BYTES)
        self._call("pthread_mutexattr_init", attribute)
        self._call("pthread_mutexattr_setpshared", attribute, _PTHREAD_PROCESS_SHARED)
        self._call("pthread_mutexattr_setrobust", attribute, _PTHREAD_MUTEX_ROBUST)
        self._call("pthread_mutex_init", self._mutex, attribute)

    def lock(self) -> bool:
        """Wait for the right to write; return True when its last owner died holding it."""
        result = self._libc.pthread_mutex_lock(self._mutex)
        if result == errno.EOWNERDEAD:
            self._call("pthread_mutex_consistent", self._mutex)
            return True
        if result:
            raise MoltError(f"cannot lock the right to write: {os.strerror(result)}")
        return False

    def unlock(self) -> None:
        """Give the right to write back."""
        self._call("pthread_mutex_unlock", self._mutex)

    def _call(self, name: str, *arguments: object) -> None:
        result = getattr(self._libc, name)(*arguments)
        if result:
            raise MoltError(f"cannot use the right to write: {name}: {os.strerror(result)}")
