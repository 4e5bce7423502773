"""When a world missed ticks, and in which part of what was done to it meanwhile.

Owns: looking at the count of missed ticks, sharing them out among spans of time. Does not own: what
the spans are (`hotswap.py`).
"""

import threading
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from Kernel.contract.arena import Header
from tests.bench.live_kernel import ArenaView

LOOK_S = 0.02
ELSE = "else"


class Span(NamedTuple):
    """From when to when something was done, wall clock, ms."""

    since_ms: float
    until_ms: float


class Late(NamedTuple):
    """So many ticks were missed since the look before."""

    at_ms: float
    missed: int


class LateTicks:
    """Looks at the count from another thread, for as long as the block lasts.

    Attributes:
        seen: when it had grown, in order.
    """

    def __init__(self, arena: ArenaView) -> None:
        self.seen: list[Late] = []
        self._arena = arena
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> "LateTicks":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        before = self._arena.get(Header.MISSED_TICKS)
        while not self._over.wait(LOOK_S):
            now = self._arena.get(Header.MISSED_TICKS)
            if now != before:
                self.seen.append(Late(time.time() * 1000, now - before))
                before = now


def share_out(seen: Sequence[Late], parts: Mapping[str, Sequence[Span]]) -> dict[str, int]:
    """Return how many were missed in each part, and in none of them (`ELSE`).

    Args:
        parts: what falls into two belongs to the first.
    """
    found = dict.fromkeys((*parts, ELSE), 0)
    for late in seen:
        part = next((name for name, spans in parts.items() if _is_in(late, spans)), ELSE)
        found[part] += late.missed
    return found


def _is_in(late: Late, spans: Sequence[Span]) -> bool:
    return any(since <= late.at_ms <= until + LOOK_S * 1000 for since, until in spans)
