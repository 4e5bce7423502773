"""What a process is given on its way, so that it can take only what it may: cage, limits, group.

Owns: the words of a Fork that a process encloses itself by (`cage`, `limits`), the descriptors of
its control group (`cgroup.0`, `cgroup.1`, ...), the group from its first fork on, and telling a
death of too little memory from any other. Does not own: the cage (`zones/runtime/cage.py`), the
watch over a zone (`zone_limits.py`), groups (`Kernel/ports/cgroups.py`).

One of these is for a whole zone, or for one temporary process with all that it forks.
"""

import signal
from enum import StrEnum
from typing import Any, Final

from Kernel.core.limits import MEGABYTE, Limits
from Kernel.ports.cgroup_files import Usage
from Kernel.ports.cgroup_tree import MEMORY
from Kernel.ports.cgroups import Cgroups, Group
from Kernel.ports.process import Exit

GROUP_DESCRIPTOR: Final = "cgroup.{}"


class Shortage(StrEnum):
    """Whose memory was short when Linux ended a process."""

    NONE = ""
    OF_GROUP = "cgroup"
    OF_MACHINE = "machine"


class Enclosure:
    """The enclosure of the processes of one name.

    Args:
        name: of its group; no two have the same.
        cage: the profile; "none" for no cage.
        limits: what they may take.

    Attributes:
        problem: why it has no group although there could be one, "" else.
    """

    def __init__(self, cgroups: Cgroups, name: str, cage: str, limits: Limits) -> None:
        self.problem = ""
        self._cgroups = cgroups
        self._name = name
        self._cage = cage
        self._limits = limits
        self._group: Group | None = None
        self._killed = 0
        """Deaths of too little memory that are accounted for."""
        self._at_limit: int | None = None
        """How often the group had met its limit when the last of them was."""

    @property
    def limits(self) -> Limits:
        """What its processes may take."""
        return self._limits

    def change(self, limits: Limits) -> None:
        """Let other limits hold: what the group holds at once, the rest for who comes next."""
        if limits == self._limits:
            return
        self._limits = limits
        if self._group is not None:
            self._hold(self._group)

    def facts(self) -> dict[str, Any]:
        """Return what goes into the facts of a Fork; limits that are None stay as they are.

        Address space is limited only where no group holds memory: it is a poor measure of it. How
        many processes there are Linux counts for a whole user, not for a zone, so that is left to
        the group and the governor.
        """
        limits, held = self._limits, self._cgroups.holding.holds(MEMORY) and not self.problem
        return {
            "cage": self._cage,
            "limits": {
                "memory_bytes": None if held else limits.memory_bytes or None,
                "cpu_s": None,
                "processes": None,
                "descriptors": limits.descriptors or None,
                "file_bytes": limits.file_mb * MEGABYTE or None,
            },
        }

    def descriptors(self) -> dict[str, int]:
        """Return the descriptors by which a process enters the group, by name; they stay ours.

        Where the group cannot be made there are none, and `problem` says why.
        """
        if self._group is None:
            self._group = self._make()
        opened = self._group.descriptors if self._group is not None else ()
        return {GROUP_DESCRIPTOR.format(place): each for place, each in enumerate(opened)}

    def _make(self) -> Group | None:
        try:
            group = self._cgroups.make(self._name, self._limits)
        except OSError as error:
            self.problem = f"cannot make its control group: {error.strerror or error}"
            return None
        self.problem = ""
        usage = group.usage()
        self._killed, self._at_limit = usage.out_of_memory, usage.at_limit
        return group

    def _hold(self, group: Group) -> None:
        try:
            group.limit(self._limits)
            self.problem = ""
        except OSError as error:
            self.problem = f"cannot change the limits of its group: {error.strerror or error}"

    # What becomes of its processes.

    def usage(self) -> Usage:
        """Return what its processes take together, as far as a group tells."""
        return self._group.usage() if self._group is not None else Usage()

    def members(self) -> frozenset[int]:
        """Return who is in the group."""
        return self._group.members() if self._group is not None else frozenset()

    def shortage(self, exit_: Exit) -> Shortage:
        """Return whose memory was short when a process was ended, if that is what has ended it.

        A group tells how many, not whom: of as many deaths by SIGKILL that is said, and no more.
        """
        return self.take_shortage() if exit_.signal == signal.SIGKILL else Shortage.NONE

    def take_shortage(self) -> Shortage:
        """Return the same of a death that nothing was said of yet, and take it as told.

        Linux counts deaths of a machine that has no memory left with the others; but then the
        group has not met its limit. Where that is not told it is taken for its own.
        """
        usage = self.usage()
        if not self.unaccounted(usage):
            return Shortage.NONE
        told = usage.at_limit is not None and self._at_limit is not None
        own = not told or usage.at_limit != self._at_limit
        self._killed += 1
        if not self.unaccounted(usage):  # of several at once all are of one trouble
            self._at_limit = usage.at_limit
        return Shortage.OF_GROUP if own else Shortage.OF_MACHINE

    def unaccounted(self, usage: Usage) -> int:
        """Return how many were ended so of whom nothing was said."""
        return max(0, usage.out_of_memory - self._killed)

    def close(self) -> None:
        """Let the group go, once nobody of these processes is to be forked any more."""
        if self._group is not None:
            self._cgroups.remove(self._group)
            self._group = None
