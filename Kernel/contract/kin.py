"""Whose descendant a process is: the walk up to the parents.

Owns: the walk and its limit. Does not own: reading /proc (`Kernel/ports/kin.py`,
`zones/runtime/peers.py`), what follows from it. Pure.
Source: proc(5), the fourth field of /proc/PID/stat.
"""

from collections.abc import Callable
from typing import Final

GENERATIONS_MAX: Final = 64
"""A chain of parents that is longer is taken for a yes: nobody but a fork bomb has one."""


def descends(pid: int, ancestor: int, read_stat: Callable[[int], bytes]) -> bool | None:
    """Tell whether a process was started by `ancestor`, or by one that was; not if it is it.

    Args:
        read_stat: returns /proc/PID/stat of a process; raises OSError where there is none.

    Returns:
        None: it is gone, or dies while we look: it cannot be told from one of `ancestor`.
    """
    if pid == ancestor:
        return False
    for _ in range(GENERATIONS_MAX):
        try:
            # The name of a program may have spaces and brackets in it.
            pid = int(read_stat(pid).rpartition(b")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            return None
        if pid == ancestor:
            return True
        if pid <= 1:
            return False
    return True
