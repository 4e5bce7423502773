"""The home folder: its sub-folders, and the lock that says which kernel holds it.

Owns: HOME/run, HOME/data and which folders are locked. Does not own: what a lock is and when it is
free (`fallback/home_locks.py`, which safe mode shares).
"""

import errno
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fallback.home_locks import HeldError, read_holder, take_lock
from Kernel.contract.errors import AlreadyRunning, ConfigError, what_helps
from Kernel.contract.places import CONSOLE_SOCKET


@dataclass(frozen=True, slots=True)
class HomeFolders:
    """An opened home. `lock_fds` are inheritable on purpose, `run_fd` and `bus_fd` are not.

    Args:
        lost_pid: of the kernel before, when it did not stop in order; else 0.
    """

    home: Path
    run_dir: Path
    data_dir: Path
    run_fd: int
    bus_fd: int
    lock_fds: tuple[int, ...]
    lost_pid: int = 0


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
        former = read_holder(run_dir)
        lock_fds = tuple(take_lock(folder) for folder in (run_dir, *arena_folders))
    except HeldError as error:
        raise AlreadyRunning(
            f"cannot start: {home} is held by the kernel with pid {error.pid or '?'}",
            _how_to_end(home, error.pid),
        ) from None
    except OSError as error:
        raise refuse_folder(home, error) from error
    for stale in bus_dir.iterdir():
        stale.unlink(missing_ok=True)
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    return HomeFolders(
        home,
        run_dir,
        home / "data",
        os.open(run_dir, flags),
        os.open(bus_dir, flags),
        lock_fds,
        0 if former == os.getpid() else former,  # safe mode becomes the kernel again by an exec
    )


def make_home(home: Path) -> None:
    """Make the home's folder.

    Raises:
        ConfigError: it cannot be made, or its name cannot be told to zones and readers.
    """
    try:
        str(home).encode()
    except UnicodeEncodeError:
        raise ConfigError(
            f"cannot use {str(home)!a} as home: its name is not UTF-8",
            "python manifest.py --home DIR, with another name",
        ) from None
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise refuse_folder(home, error) from error


def refuse_folder(folder: Path, error: OSError) -> ConfigError:
    """Return the error that a folder a kernel must write cannot be written, with what helps."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return ConfigError(
        f"cannot use {folder}: {error.strerror or error} ({error.filename or folder})",
        what_helps(error, folder)
        if full
        else "python manifest.py --home DIR, with a folder you may write",
    )


def _how_to_end(home: Path, holder: str) -> str:
    """Return what ends a kernel: its console, or a signal when run/ was cleaned away under it."""
    if (home / CONSOLE_SOCKET).exists() or not holder.isdecimal():
        return "molt status, or molt shutdown"
    return f"kill -INT {holder}"
