"""Whose descendant a process is.

Owns: the walk up to the parents. Does not own: what follows from it (`Kernel/console/own_door.py`).
Source: proc(5), the fourth field of /proc/PID/stat.
"""

from pathlib import Path
from typing import Final

GENERATIONS_MAX: Final = 64
"""A chain of parents that is longer is taken for a yes: nobody but a fork bomb has one."""


def descends_from(pid: int, ancestor: int) -> bool:
    """Tell whether a process was started by `ancestor`, or by one that was; not if it is it.

    One that is gone, or dies while we look, cannot be told from one of `ancestor`: yes.
    """
    if pid == ancestor:
        return False
    for _ in range(GENERATIONS_MAX):
        try:
            stat = Path(f"/proc/{pid}/stat").read_bytes()
            pid = int(stat.rpartition(b")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            return True
        if pid == ancestor:
            return True
        if pid <= 1:
            return False
    return True
