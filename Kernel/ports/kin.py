"""Whose descendant a process is, as /proc tells it.

Owns: reading it. Does not own: the walk (`Kernel/contract/kin.py`), what follows from it
(`Kernel/console/own_door.py`, `Kernel/core/left_over.py`).
"""

import os
from contextlib import suppress
from pathlib import Path

from Kernel.contract.kin import descends


def descends_from(pid: int, ancestor: int) -> bool:
    """Tell whether a process was started by `ancestor`, or by one that was; not if it is it.

    One that is gone cannot be told from one of `ancestor`: yes.
    """
    return descends(pid, ancestor, _read_stat) is not False


def read_kin() -> dict[int, tuple[int, int]]:
    """Return the parent and the session of every process.

    Source: proc(5), fields 4 and 6 of /proc/PID/stat.
    """
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with suppress(OSError):  # it has ended meanwhile
                fields = _read_stat(int(entry)).rpartition(b")")[2].split()
                found[int(entry)] = int(fields[1]), int(fields[3])
    return found


def _read_stat(pid: int) -> bytes:
    return Path(f"/proc/{pid}/stat").read_bytes()
