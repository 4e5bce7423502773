"""Each process of an arena zone has eventfds, and a word of its own to beat."""

import pytest

from Kernel.contract.arena import HEIRS_MAX, Side
from Kernel.contract.errors import Refused
from Kernel.core.arena_seats import ArenaSeats
from tests.support.fakes import FakeMachine


def beat(side: bytearray, place: int) -> None:
    """Bump a word."""
    side[place] += 1


class TestPlaces:
    """Words of the side page."""

    def test_two_processes_never_share_a_word(self, machine: FakeMachine):
        """A word is given out again only when its process is gone, and begins at nothing."""
        seats, side = ArenaSeats(machine.parts()), bytearray(Side.BYTES)
        first = seats.make(1, memoryview(side), lambda _ring: None)
        second = seats.make(2, memoryview(side), lambda _ring: None)
        assert first.beat_at != second.beat_at
        beat(side, first.beat_at)
        assert (seats.beats(1, memoryview(side)), seats.beats(2, memoryview(side))) == (1, 0)
        seats.drop(1)
        assert seats.beats(1, memoryview(side)) == 0, "it is gone"
        third = seats.make(3, memoryview(side), lambda _ring: None)
        assert third.beat_at == first.beat_at and seats.beats(3, memoryview(side)) == 0

    def test_there_is_a_limit(self, machine: FakeMachine):
        """One more is refused until another has gone; the words end within the page."""
        seats, side = ArenaSeats(machine.parts()), memoryview(bytearray(Side.BYTES))
        made = [seats.make(serial, side, lambda _ring: None) for serial in range(HEIRS_MAX)]
        assert max(seat.beat_at for seat in made) + 8 <= Side.BYTES
        with pytest.raises(Refused, match="cannot fork an heir"):
            seats.make(HEIRS_MAX, side, lambda _ring: None)
        seats.drop(0)
        seats.make(HEIRS_MAX, side, lambda _ring: None)
