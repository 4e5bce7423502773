"""The home folder: its sub-folders, and the lock that says which kernel holds it.

Owns: HOME/run, HOME/data and HOME/run/kernel.lock. The lock is inherited by every
process of the kernel, so it is free only when the last of them is gone: a kernel that gets it
knows that nobody of an earlier boot can still write an arena.
"""

import fcntl
import os
import time
from dataclasses import dataclass
from pathlib import Path

from Kernel.contract.errors import AlreadyRunning, ConfigError

LEFTOVER_S = 2.0


@dataclass(frozen=True, slots=True)
class HomeFolders:
    """An opened home. `lock_fd` is inheritable on purpose, `run_fd` and `bus_fd` are not."""

    home: Path
    run_dir: Path
    data_dir: Path
    run_fd: int
    bus_fd: int
    lock_fd: int


def open_home(home: Path) -> HomeFolders:
    """Make the folders of a home and take its lock.

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
        lock_fd = os.open(run_dir / "kernel.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ConfigError(
            f"cannot use {home} as home: {error.strerror} ({error.filename})",
            "molt --home DIR, with a folder you may write",
        ) from error
    _take_lock(lock_fd, home)
    os.ftruncate(lock_fd, 0)
    os.pwrite(lock_fd, f"{os.getpid()}\n".encode(), 0)
    os.set_inheritable(lock_fd, True)
    for stale in bus_dir.iterdir():
        stale.unlink(missing_ok=True)
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    return HomeFolders(
        home, run_dir, home / "data", os.open(run_dir, flags), os.open(bus_dir, flags), lock_fd
    )


def _take_lock(lock_fd: int, home: Path) -> None:
    """Take the lock; a kernel that has just died may need a moment to be gone altogether."""
    deadline = time.monotonic() + LEFTOVER_S
    while True:
        try:
            fcntl.flock(lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            holder = os.pread(lock_fd, 32, 0).decode(errors="replace").strip()
            if _is_alive(holder) or time.monotonic() > deadline:
                raise AlreadyRunning(
                    f"cannot start: {home} is held by the kernel with pid {holder or '?'}",
                    "molt status, or molt shutdown",
                ) from None
        time.sleep(0.01)


def _is_alive(pid: str) -> bool:
    """Tell whether a kernel still runs; one its parent has not reaped yet does not."""
    if not pid.isdecimal():
        return False
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return fields[0] not in "ZX"
