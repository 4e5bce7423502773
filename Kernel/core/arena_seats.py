"""What the kernel holds for each process of an arena zone: its eventfds, its place for beats.

Owns: making and closing the eventfds, which process beats where in the side page. Does not own: who
may be forked and what else goes with it (`arena_keeper.py`), how long one may be silent
(`zone_watch.py`).
"""

from collections.abc import Callable
from dataclasses import dataclass

from Kernel.contract.arena import HEIRS_MAX, Side
from Kernel.contract.errors import Refused
from Kernel.core.parts import Parts

_WORD = 8


@dataclass(frozen=True, slots=True)
class Seat:
    """What is held for one process.

    Args:
        door: eventfd that the kernel rings.
        ring: eventfd that the process rings.
        place: number of its word among the beats.
    """

    door: int
    ring: int
    place: int

    @property
    def beat_at(self) -> int:
        """Where in the side page its word is, bytes."""
        return Side.BEATS + _WORD * self.place


class ArenaSeats:
    """The seats of one zone's processes, by their serial numbers."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._seats: dict[int, Seat] = {}

    def make(self, serial: int, side: memoryview, on_ring: Callable[[int], None]) -> Seat:
        """Make a seat; its beats begin at 0, which means that none has come.

        Args:
            side: side page of the arena; changed.
            on_ring: called with the ring that was rung.

        Raises:
            OSError: no descriptor is left.
            Refused: HEIRS_MAX processes are there.
        """
        taken = {seat.place for seat in self._seats.values()}
        place = next((each for each in range(HEIRS_MAX) if each not in taken), None)
        if place is None:
            raise Refused(f"cannot fork an heir: {HEIRS_MAX} processes are there", "molt ps")
        doors = self._parts.doors
        door = doors.make()
        try:
            ring = doors.make()
        except OSError:
            doors.close(door)
            raise
        seat = self._seats[serial] = Seat(door, ring, place)
        side[seat.beat_at : seat.beat_at + _WORD] = bytes(_WORD)
        self._parts.loop.watch(ring, lambda _events: on_ring(ring))
        return seat

    def drop(self, serial: int) -> None:
        """Close what was held for a process that is gone."""
        seat = self._seats.pop(serial, None)
        if seat is not None:
            self._parts.loop.unwatch(seat.ring)
            self._parts.doors.close(seat.door)
            self._parts.doors.close(seat.ring)

    def knock(self, serial: int) -> None:
        """Ring the door of a process, so that it looks at the words now."""
        if serial in self._seats:
            self._parts.doors.ring(self._seats[serial].door)

    def beats(self, serial: int, side: memoryview) -> int:
        """Return how often a process has said that it stands by, 0 for one that never says so."""
        seat = self._seats.get(serial)
        return 0 if seat is None else int.from_bytes(side[seat.beat_at :][:_WORD], "little")
