"""Keeps a kernel's own processes away from its console.

Owns: who is kept out, and that this is told. Does not own: the socket (`server.py`), whose
descendant a process is (`Kernel/ports/kin.py`). A bus zone can connect to any Unix socket of its
user, which no layer of its cage holds; the console does what it is asked by this user. So who was
started by the kernel is not heard: nothing of ours that it starts has anything to ask there.
"""

import os
from typing import Final

from Kernel.core.events import EventLog
from Kernel.ports.kin import descends_from

TOLD_MAX: Final = 64
"""So many processes are told of, each once: who tries without end does not fill the record."""


class OwnDoor:
    """The door of one kernel.

    Args:
        log: takes what is told.
    """

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._told: set[int] = set()

    def keeps_out(self, pid: int) -> bool:
        """Tell whether a process that has connected is one of the kernel's own."""
        if not descends_from(pid, os.getpid()):
            return False
        if pid not in self._told and len(self._told) < TOLD_MAX:
            self._told.add(pid)
            why = f"process {pid} is one of this kernel's own, or is gone: it may not ask anything"
            self._log.warning("command.refused", command="console", why=why)
        return True
