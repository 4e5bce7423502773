"""Doors: the eventfds by which the kernel and an arena process wake each other.

Owns: making, ringing, hearing and closing one. Does not own: which process has which
(`Kernel/core/arena_keeper.py`), waiting for a ring (`Kernel/loop.py`).
"""

import contextlib
import os
from typing import Protocol


class Doors(Protocol):
    """What the kernel does with doors; a simulation gives its own."""

    def make(self) -> int:
        """Return the descriptor of a new door.

        Raises:
            OSError: there is no descriptor left.
        """

    def ring(self, door: int) -> None:
        """Wake whoever waits at the other side; rings that nobody heard add up to one."""

    def heard(self, door: int) -> bool:
        """Take the ring of a door; False when nobody has rung."""

    def close(self, door: int) -> None:
        """Close our descriptor; the other side keeps its own."""


class SystemDoors:
    """Real eventfds."""

    def make(self) -> int:
        """Return the descriptor of a new door."""
        return os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)

    def ring(self, door: int) -> None:
        """Wake whoever waits at the other side.

        Who is there may have counted the door up to its end. Then it is rung as it is.
        """
        with contextlib.suppress(BlockingIOError):
            os.eventfd_write(door, 1)

    def heard(self, door: int) -> bool:
        """Take the ring of a door; False when nobody has rung."""
        try:
            os.eventfd_read(door)
        except BlockingIOError:
            return False
        return True

    def close(self, door: int) -> None:
        """Close our descriptor."""
        os.close(door)
