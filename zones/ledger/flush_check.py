"""Is an acknowledgement worth something here? Does a sync reach a disk, and is it asked for?

Owns: the measure, the file system's name, reading the pragmas back, the verdict. Does not own:
saying it (the archive's heartbeat).

No program can prove that a disk keeps what it says it keeps. What can be seen: the file system is
memory; barriers are switched off; a sync takes no longer than a call that does nothing, so it
cannot have waited for a device (a library that swallows syncs, a disk of a virtual machine with an
unsafe cache); SQLite does not sync although it was told to.
"""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import apsw

ROUNDS: Final = 16
BLOCK_BYTES: Final = 4096
SYNC_US_MIN: Final = 8.0
"""A sync of one block beyond a plain write: 1 µs where nothing is done (tmpfs, a swallowed sync),
20 µs and more on a disk with a cache of its own that keeps without power, 60 and more elsewhere."""
IN_MEMORY: Final = frozenset({"tmpfs", "ramfs", "devtmpfs"})
NO_BARRIER: Final = frozenset({"nobarrier", "barrier=0"})
_PROBE: Final = ".flush-check.tmp"


@dataclass(frozen=True, slots=True)
class FlushCheck:
    """What was found.

    Args:
        why: why an acknowledgement cannot be trusted, "" when it can, as far as can be seen.
        hint: what shows more.
        file_system: its type.
        plain_us, sync_us: median time of writing a block, and of doing so with a sync.
    """

    why: str
    hint: str
    file_system: str
    plain_us: float
    sync_us: float

    @property
    def is_trusted(self) -> bool:
        """Return whether what is acknowledged can be believed to be on a disk."""
        return not self.why

    def fields(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "trusted": self.is_trusted,
            "why": self.why,
            "file_system": self.file_system,
            "plain_us": round(self.plain_us, 1),
            "sync_us": round(self.sync_us, 1),
        }


def check_flush(folder: Path, connection: apsw.Connection) -> FlushCheck:
    """Look whether what is stored in a folder through a connection reaches a disk.

    Raises:
        OSError: the disk refuses.
    """
    file_system, options = find_mount(folder, Path("/proc/self/mountinfo").read_text())
    plain_us, sync_us = measure(folder)
    pragmas = {name: connection.pragma(name) for name in ("journal_mode", "synchronous")}
    why = judge(file_system, options, plain_us, sync_us, pragmas)
    return FlushCheck(why, f"findmnt -T {folder}" if why else "", file_system, plain_us, sync_us)


def judge(
    file_system: str,
    options: frozenset[str],
    plain_us: float,
    sync_us: float,
    pragmas: dict[str, Any],
) -> str:
    """Return why an acknowledgement cannot be trusted, or "". Pure."""
    if pragmas != {"journal_mode": "wal", "synchronous": 2}:
        return f"SQLite does not sync each commit: {pragmas}"
    if file_system in IN_MEMORY:
        return f"the ledger is on {file_system}, in memory: it is gone with the next boot"
    if options & NO_BARRIER:
        return f"{file_system} is mounted with {', '.join(sorted(options & NO_BARRIER))}"
    if sync_us - plain_us < SYNC_US_MIN:
        return f"a sync takes {sync_us:.1f} µs, a write {plain_us:.1f}: it cannot reach a disk"
    return ""


def measure(folder: Path) -> tuple[float, float]:
    """Return what writing a block takes, without and with a sync; medians in µs."""
    path = folder / _PROBE
    flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(path, flags, 0o600)
    try:
        block = bytes(BLOCK_BYTES)
        os.pwrite(descriptor, block, 0)
        os.fsync(descriptor)
        times: tuple[list[float], list[float]] = ([], [])
        for _ in range(ROUNDS):
            for taken, is_synced in zip(times, (False, True), strict=True):
                began = time.perf_counter()
                os.pwrite(descriptor, block, 0)
                if is_synced:
                    os.fdatasync(descriptor)
                taken.append((time.perf_counter() - began) * 1e6)
    finally:
        os.close(descriptor)
        path.unlink(missing_ok=True)
    plain, synced = (sorted(taken)[ROUNDS // 2] for taken in times)
    return plain, synced


def find_mount(folder: Path, mounts: str) -> tuple[str, frozenset[str]]:
    """Return type and options of the file system a folder is on.

    Args:
        mounts: content of /proc/self/mountinfo (proc_pid_mountinfo(5)).
    """
    device = os.stat(folder).st_dev
    wanted = f"{os.major(device)}:{os.minor(device)}"
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        fields, told = before.split(), after.split()
        if len(fields) > 5 and len(told) > 2 and fields[2] == wanted:
            return told[0], frozenset(fields[5].split(",") + told[2].split(","))
    return "unknown", frozenset()
