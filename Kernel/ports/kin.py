"""Whose descendant a process is, as /proc tells it.

Owns: reading it. Does not own: the walk (`Kernel/contract/kin.py`), what follows from it
(`Kernel/console/own_door.py`).
"""

from pathlib import Path

from Kernel.contract.kin import descends


def descends_from(pid: int, ancestor: int) -> bool:
    """Tell whether a process was started by `ancestor`, or by one that was; not if it is it.

    One that is gone cannot be told from one of `ancestor`: yes.
    """
    return descends(pid, ancestor, _read_stat) is not False


def _read_stat(pid: int) -> bytes:
    return Path(f"/proc/{pid}/stat").read_bytes()
