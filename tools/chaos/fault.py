"""What a fault is: how it begins, what it may cost, and how it is over.

Owns: the words of a fault. Does not own: the faults themselves (`process_faults.py`,
`load_faults.py`, for kernels of our own `tests/chaos`), their order (`campaign.py`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from typing import Final

from tools.chaos.target import Process, Target

SHOWN_S: Final = 30.0
"""Until when the kernel must say what is wrong, where it can be seen at all."""


class Misses(StrEnum):
    """How many ticks a fault may cost the world, beside those the machine misses anyway."""

    NONE = "none"
    TAKEOVER = "takeover"
    """The one that was under way, and what passes until the heir has it."""
    MANY = "many"
    """Nobody is there who could tick, or the machine has no time for it."""


@dataclass(slots=True)
class Injury:
    """A fault under way.

    Args:
        told: what exactly was done, for the report.
        gone: processes that must have ended before all is well again.
        lasts_s: how long it lasts; it is healed afterwards.
        heal: ends it; called once, also when the campaign ends early.
        shown: tells whether the kernel says so; must become true before it is healed. None: it
            is over too soon to be seen.
        breaches: what did not hold while it was done, begun or healed.
    """

    told: str
    gone: list[Process] = field(default_factory=list)
    lasts_s: float = 0.0
    heal: Callable[[], None] | None = None
    shown: Callable[[], bool] | None = None
    breaches: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that can happen to a kernel.

    Args:
        name: as the report has it, like "kill archive".
        weight: how often it comes, beside the others' weights.
        begin: does it, or returns None where it cannot be done at the moment.
        misses: what it may cost.
        alone: no other fault beside it.
        liar: zone whose events the archive refuses by right, and says so; "" for none.
    """

    name: str
    weight: int
    begin: Callable[[Target, Random], Injury | None]
    misses: Misses = Misses.NONE
    alone: bool = False
    liar: str = ""
