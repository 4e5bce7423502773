"""Phases of a boot and a stop as they begin and end.

Owns: noticing that somebody is in another phase than before, and how long the last one took. Does
not own: which phases there are (`screen_words.py`, `Kernel/core/stopping.py`). Pure.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Turn:
    """A phase has begun, or (with the seconds it took) ended."""

    who: str
    phase: str
    took_s: float | None = None


class Phases:
    """What everybody is at."""

    def __init__(self) -> None:
        self._at: dict[str, tuple[str, float]] = {}

    def see(self, who: str, phase: str, now_s: float) -> list[Turn]:
        """Return what has ended and begun since the last look; phase "" is none."""
        before, since_s = self._at.get(who, ("", now_s))
        if phase == before:
            return []
        self._at[who] = (phase, now_s)
        ended = [Turn(who, before, round(now_s - since_s, 3))] if before else []
        return ended + ([Turn(who, phase)] if phase else [])
