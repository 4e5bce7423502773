"""The home folder: its sub-folders, and the lock that says which kernel holds it.

Owns: HOME/run, HOME/data and HOME/run/kernel.lock. The lock is inherited by every
process of the kernel, so it is free only when the last of them is gone: a kernel that gets it
knows that nobody of an earlier boot can still write an arena.
"""

import contextlib
import errno
import fcntl
import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from Kernel.contract.errors import AlreadyRunning, ConfigError
from Kernel.contract.places import CONSOLE_SOCKET

LEFTOVER_S = 2.0


@dataclass(frozen=True, slots=True)
class HomeFolders:
    """An opened home. `lock_fds` are inheritable on purpose, `run_fd` and `bus_fd` are not."""

    home: Path
    run_dir: Path
    data_dir: Path
    run_fd: int
    bus_fd: int
    lock_fds: tuple[int, ...]


def open_home(home: Path, arena_folders: Sequence[Path] = ()) -> HomeFolders:
    """Make the folders of a home and take its locks.

    The arenas' folders have a lock of their own: HOME/run may be cleaned away under a running
    kernel, its arenas in shared memory are not, and two kernels must never write one.

    Raises:
        ConfigError: the folders cannot be made.
        AlreadyRunning: another kernel holds the home.
    """
    run_dir = home / "run"
    bus_dir = run_dir / "bus"
    try:
        for folder in (home / "data", run_dir, bus_dir):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        run_dir.chmod(0o700)
        bus_dir.chmod(0o700)
        lock_fds = tuple(_lock(folder, home) for folder in (run_dir, *arena_folders))
    except OSError as error:
        raise refuse_folder(home, error) from error
    for stale in bus_dir.iterdir():
        stale.unlink(missing_ok=True)
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    return HomeFolders(
        home, run_dir, home / "data", os.open(run_dir, flags), os.open(bus_dir, flags), lock_fds
    )


def make_home(home: Path) -> None:
    """Make the home's folder.

    Raises:
        ConfigError: it cannot be made.
    """
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise refuse_folder(home, error) from error


def refuse_folder(folder: Path, error: OSError) -> ConfigError:
    """Return the error that a folder a kernel must write cannot be written, with what helps."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return ConfigError(
        f"cannot use {folder}: {error.strerror or error} ({error.filename or folder})",
        f"df -h {folder}" if full else "python manifest.py --home DIR, with a folder you may write",
    )


def _lock(folder: Path, home: Path) -> int:
    """Take the lock of a folder; a kernel that has just died may need a moment to be gone."""
    lock_fd = os.open(folder / "kernel.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
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
                raise AlreadyRunning(
                    f"cannot start: {home} is held by the kernel with pid {holder or '?'}",
                    _how_to_end(home, holder),
                ) from None
            if waited_s > LEFTOVER_S / 4 and not ended:
                _end_holders(lock_fd)
                ended = True
        time.sleep(0.01)
    # Written over the old one: a file that was cut to nothing first may find no room again, and a
    # lock without a pid is taken for that of a dead kernel.
    said = f"{os.getpid()}\n".encode()
    os.pwrite(lock_fd, said.ljust(16), 0)
    os.ftruncate(lock_fd, len(said))
    os.set_inheritable(lock_fd, True)
    return lock_fd


def _how_to_end(home: Path, holder: str) -> str:
    """Return what ends a kernel: its console, or a signal when run/ was cleaned away under it."""
    if (home / CONSOLE_SOCKET).exists() or not holder.isdecimal():
        return "molt status, or molt shutdown"
    return f"kill -INT {holder}"


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
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return fields[0] not in "ZX"
