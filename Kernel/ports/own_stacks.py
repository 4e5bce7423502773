"""Where every thread of the kernel is: written at the signal, kept in a file.

Owns: faulthandler, the memory it writes to, the files in HOME/log. Does not own: who asks (a
SIGQUIT), saying where the file is (`Kernel/boot.py`).

The dump is made by faulthandler in C at the moment of the signal, so it shows where the kernel
was and not the line that handles signals, and it is made even when the loop hangs: it is then
read from /proc/PID/fd. A file gets it when the loop is back.
"""

import faulthandler
import os
import signal
import sys
import time
from pathlib import Path

STACKS_BYTES_MAX = 1 << 20
_SAME_SECOND_MAX = 100


class Stacks:
    """Dumps of this process. Make it after the handlers of signals: it calls the one before."""

    def __init__(self) -> None:
        self._memory = os.fdopen(os.memfd_create("molt-stacks"), "rb+", buffering=0)

    def catch(self, number: int = signal.SIGQUIT) -> None:
        """Have the signal dump all threads and then do what it did before.

        A fault of the interpreter (and the SIGABRT of a watchdog) tells its stack on stderr.
        """
        faulthandler.enable(file=sys.__stderr__ or self._memory)
        faulthandler.register(number, file=self._memory, all_threads=True, chain=True)

    def take(self) -> bytes:
        """Return what was dumped since the last time, and forget it."""
        fd = self._memory.fileno()
        data = os.pread(fd, STACKS_BYTES_MAX, 0)
        os.ftruncate(fd, 0)
        os.lseek(fd, 0, os.SEEK_SET)
        return data

    def release(self, number: int = signal.SIGQUIT) -> None:
        """Catch the signal no more."""
        faulthandler.unregister(number)
        faulthandler.disable()
        self._memory.close()


def keep_stacks(folder: Path, data: bytes) -> Path:
    """Write a dump to a new file in `folder`, named by the time of day, and return its path.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    stamp = time.strftime("%Y%m%d-%H%M%S")
    for count in range(_SAME_SECOND_MAX):
        path = folder / (f"stacks-{stamp}-{count}.txt" if count else f"stacks-{stamp}.txt")
        try:
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            continue
        with os.fdopen(fd, "wb") as file:
            file.write(data)
        return path
    raise FileExistsError(f"{_SAME_SECOND_MAX} dumps in one second in {folder}")
