"""Who was left over by a process that has ended: what it had forked, and what they have.

Owns: telling them from all others, ending them. Does not own: reading who is whose child
(`Kernel/ports/kin.py`), when a process has ended (`bus_keeper.py`). `find_left_over` is pure.

The kernel is a child subreaper: who loses its parent is handed to it, and would live on in the
group of its zone, with the locks of the home, for as long as it likes. In its cage nobody leaves
the session that it was born into, which is that of the zygote; so the session says whose it is.
"""

import os
import signal
from collections.abc import Collection, Mapping
from typing import Final, NamedTuple, Protocol

from Kernel.config import ZoneConfig
from Kernel.contract.kin import GENERATIONS_MAX
from Kernel.core.berth import Berth
from Kernel.core.parts import Parts

SESSIONS_MAX: Final = 16
"""So many zygotes of a zone are known, the newest: a generation has one, and few live at once."""
WHY: Final = "whoever forked it has ended"


class Kin(NamedTuple):
    """What a process was born as."""

    parent: int
    session: int


def find_left_over(
    kin: Mapping[int, Kin], kernel: int, sessions: Collection[int], known: Collection[int]
) -> list[int]:
    """Return the processes of these sessions that go back to the kernel by nobody who is known.

    Args:
        kin: of all processes.
        sessions: those of the zone, by the pids of its zygotes.
        known: its processes; what they have forked is theirs.
    """
    known = {*known, *sessions}
    return [
        pid
        for pid, each in kin.items()
        if each.session in sessions and pid not in known and _is_lost(pid, kin, kernel, known)
    ]


def _is_lost(pid: int, kin: Mapping[int, Kin], kernel: int, known: Collection[int]) -> bool:
    for _ in range(GENERATIONS_MAX):
        if pid in known or pid not in kin:
            return False
        pid = kin[pid].parent
        if pid == kernel:
            return True
    return False


class BereftZone(Protocol):
    """What is asked of the zone."""

    config: ZoneConfig
    parts: Parts

    def pids(self) -> list[int]:
        """Return every process of the zone that is not reaped yet."""

    def berths(self) -> list[Berth]:
        """Return what is held for its forked processes."""


class LeftOver:
    """Ends who is left over in one zone, once a process of it has ended.

    Args:
        zone: of services that may fork.
    """

    def __init__(self, zone: BereftZone) -> None:
        self._zone = zone
        self._sessions: dict[int, None] = {}
        self._is_due = False
        self._cause = b""

    def note_zygote(self, pid: int) -> None:
        """Keep in mind a session that processes of the zone are in."""
        self._sessions.pop(pid, None)
        self._sessions[pid] = None
        if len(self._sessions) > SESSIONS_MAX:
            del self._sessions[next(iter(self._sessions))]

    def note_end(self, cause: bytes) -> None:
        """A process has ended: what it had forked is with the kernel by now.

        Args:
            cause: id of the event about it.
        """
        self._is_due, self._cause = True, cause
        self.look()

    def look(self) -> None:
        """End them, if there may be any; while somebody is being born he could not be told."""
        if not self._is_due or not all(berth.pid for berth in self._zone.berths()):
            return
        processes, kernel = self._zone.parts.processes, os.getpid()
        try:
            kin = {pid: Kin(*each) for pid, each in processes.kin().items()}
        except OSError:
            return  # no descriptor is free to look with: it stays due, and the next round looks
        self._is_due = False
        for pid in find_left_over(kin, kernel, self._sessions, self._zone.pids()):
            self._zone.parts.log.warning(
                "zone.killed", zone=self._zone.config.name, pid=pid, why=WHY, cause=self._cause
            )
            processes.send_signal(pid, signal.SIGKILL)
