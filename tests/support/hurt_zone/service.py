"""A bus zone that does harm when it is told to, and serves in good order before and after.

Owns: its loop, and taking what it is told: the one word in `HOME/data/hurt.word`, which it removes
before it does it, so that the next process does not do it again. Does not own: the harm
(`harm.py`, `lies.py`), what must follow of it (`tests/chaos/hurt_faults.py`).
"""

from pathlib import Path
from typing import Any

from Kernel.contract.messages import Drain
from tests.support.hurt_zone.harm import HARMS, Lasting
from zones.runtime.enclosing import Reach
from zones.runtime.generation import Progress, untold
from zones.runtime.seat import BusSeat

TURN_S = 0.05


class Generation:
    """One version of it."""

    def __init__(self, _settings: dict[str, Any], _progress: Progress = untold) -> None:
        self.facts: dict[str, Any] = {"service": "hurt"}

    def reach(self) -> Reach:
        """It needs its home only."""
        return Reach()

    def run(self, seat: BusSeat) -> None:
        """Do what it is told until it is to leave."""
        lasting: list[Lasting] = []
        seat.bus.ready({})
        while True:
            for message in seat.bus.poll(TURN_S):
                if isinstance(message, Drain):
                    return
            seat.bus.progress += 1
            if word := taken(word_of(seat.home)):
                lasting += HARMS[word](seat)
            lasting = [each for each in lasting if each()]


def word_of(home: Path) -> Path:
    """Return the file it is told by."""
    return home / "data" / "hurt.word"


def taken(path: Path) -> str:
    """Return the word in a file and remove it, "" where there is none."""
    try:
        word = path.read_text()
        path.unlink()
    except OSError:
        return ""
    return word
