"""The locks of a home: which kernel holds it, and who takes them over.

Owns: what a lock is, when it is free, finding those this process already holds. Does not own: which
folders have one (`Kernel/ports/disk.py`, `home_folders.py`). The kernel and safe mode share this.

A lock is inherited by every process of a kernel, so it is free only when the last of them is gone:
a kernel that gets it knows that nobody of an earlier boot can still write an arena. What they
inherit can only be read: sealed code must not say who holds a lock, nor fill the disk through it.
"""

import contextlib
import fcntl
import os
import signal
import time
from pathlib import Path

LOCK = "kernel.lock"
STOPPED = "stopped"
"""Stands in a lock instead of a pid when its kernel has stopped in order."""
LEFTOVER_S = 2.0


class HeldError(Exception):
    """Another kernel holds a lock.

    Args:
        pid: of that kernel, as it wrote it down; may be "".
    """

    def __init__(self, pid: str) -> None:
        super().__init__(f"held by {pid or '?'}")
        self.pid = pid


def take_lock(folder: Path) -> int:
    """Take the lock of a folder and return its descriptor; it is inheritable on purpose.

    A kernel that has just died may need a moment to be gone.

    Raises:
        HeldError: another kernel holds it.
        OSError: the folder cannot be written.
    """
    lock_fd = os.open(folder / LOCK, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    began_s = time.monotonic()
    ended = False
    while True:
        try:
            fcntl.flock(lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            holder = os.pread(lock_fd, 32, 0).decode(errors="replace").strip()
            waited_s = time.monotonic() - began_s
            if _is_alive(holder) or waited_s > LEFTOVER_S:
                os.close(lock_fd)
                raise HeldError(holder) from None
            if waited_s > LEFTOVER_S / 4 and not ended:
                _end_holders(lock_fd)
                ended = True
        time.sleep(0.01)
    _say(lock_fd, str(os.getpid()))
    os.set_inheritable(lock_fd, True)
    return lock_fd


def read_holder(folder: Path) -> int:
    """Return the pid of the kernel that a lock names, 0 when it stopped in order or never was."""
    try:
        said = (folder / LOCK).read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return 0
    return int(said) if said.isdecimal() else 0


def say_stopped(lock_fd: int) -> None:
    """Leave word in a lock that its kernel stops in order, as the last act before it goes."""
    with contextlib.suppress(OSError):  # a full disk: the next kernel takes us for killed, no more
        _say(lock_fd, STOPPED)


def _say(lock_fd: int, word: str) -> None:
    """Write a word into a lock, through a descriptor that nobody inherits.

    Over the old one: a file that was cut to nothing first may find no room again, and a lock
    without a pid is taken for that of a dead kernel.
    """
    said = f"{word}\n".encode()
    writer = os.open(f"/proc/self/fd/{lock_fd}", os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.pwrite(writer, said.ljust(16), 0)
        os.ftruncate(writer, len(said))
    finally:
        os.close(writer)


def find_held(folders: list[Path]) -> dict[Path, int]:
    """Return the locks of these folders that this process has held since before an exec.

    A lock belongs to an open file: to take it again by another descriptor would wait for ourselves.
    """
    held: dict[Path, int] = {}
    for folder in folders:
        with contextlib.suppress(FileNotFoundError):
            wanted = os.stat(folder / LOCK)
            for fd in (int(name) for name in os.listdir("/proc/self/fd")):
                with contextlib.suppress(OSError):  # the listing's own descriptor is gone again
                    status = os.fstat(fd)
                    if (status.st_dev, status.st_ino) == (wanted.st_dev, wanted.st_ino):
                        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                        held[folder] = fd
                        break
    return held


def _end_holders(lock_fd: int) -> None:
    """Kill what a dead kernel has left: a process stopped at a moment when nothing ends it.

    Only its own processes have inherited the open lock file, so who holds it was started by it.
    """
    wanted = os.fstat(lock_fd)
    for pid in (int(name) for name in os.listdir("/proc") if name.isdecimal()):
        if pid != os.getpid() and _holds(pid, wanted.st_dev, wanted.st_ino):
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)


def _holds(pid: int, device: int, inode: int) -> bool:
    try:
        for name in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(FileNotFoundError):
                status = os.stat(f"/proc/{pid}/fd/{name}")
                if (status.st_dev, status.st_ino) == (device, inode):
                    return True
    except OSError:
        return False  # it is gone, or another user's: then it is not one of ours
    return False


def _is_alive(pid: str) -> bool:
    """Tell whether a kernel still runs; one its parent has not reaped yet does not."""
    if not pid.isdecimal():
        return False
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return fields[0] not in b"ZX"
