"""What the kernel holds for one forked process, and what it has told of its death.

Owns: the two records. Does not own: making and closing them (`line.py`); what the keeper of a zone
holds besides, by serial (`arena_keeper.py`, `bus_keeper.py`).
"""

from dataclasses import dataclass


@dataclass(slots=True)
class Berth:
    """What the kernel holds for one forked process until it is reaped.

    Args:
        stack_fd: a file in memory into which the process can be asked to dump its stacks.
        has_served: it was seen to hold an arena and to have done its first tick.
        killed_as: why the kernel has ended it, "" if it has not.
        excused: what has ended it is no fault of its own: a drill, a change of generation, or
            somebody outside who stopped it.
        cause: id of the event that has ended it, or is about to, b"" for none of ours.
    """

    serial: int
    role: str
    stack_fd: int
    pid: int = 0
    was_ready: bool = False
    has_served: bool = False
    killed_as: str = ""
    excused: bool = False
    cause: bytes = b""


@dataclass(frozen=True, slots=True)
class Death:
    """A death as it was told.

    Args:
        role: "active", "heir", "founder" or "zygote".
        event_id: of `zone.died`, b"" when it was not told.
    """

    role: str
    event_id: bytes
