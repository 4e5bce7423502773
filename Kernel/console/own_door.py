"""Who is heard at the console's socket, and that the others are counted and told.

Owns: telling who has connected, refusing whom the policy does not allow. Does not own: the policy
(`Kernel/contract/policy.py`), the socket (`server.py`), whose descendant a process is
(`Kernel/ports/kin.py`). A bus zone can connect to any Unix socket of its user, which no layer of
its cage holds; the console does what it is asked by this user. So who was started by the kernel is
not heard: nothing of ours that it starts has anything to ask there.
"""

import os

from Kernel.contract.policy import COMMAND, Party, Road, is_allowed, party_of
from Kernel.core.parts import Parts
from Kernel.ports.kin import descends_from


class OwnDoor:
    """The door of one kernel.

    Args:
        parts: takes what is told.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def keeps_out(self, pid: int, uid: int) -> bool:
        """Tell whether a process that has connected is one that is not heard."""
        party = party_of(uid, os.geteuid(), is_own=descends_from(pid, os.getpid()))
        if is_allowed(Road.CONSOLE, COMMAND, party):
            return False
        now_s = self._parts.clock.now_s()
        why = f"cannot ask anything: process {pid} {_is_who(party, uid)}"
        told = self._parts.refusals.note(Road.CONSOLE, party.value, COMMAND, why, now_s)
        if told:
            self._parts.log.warning("request.refused", **told)
        return True


def _is_who(party: Party, uid: int) -> str:
    if party is Party.OWN:
        return "is one of this kernel's own, or is gone"
    return f"is of another user ({uid})"
