"""Faults of a zone that behaves badly, for a kernel that has it: `kernel.zones.hurt`.

Owns: the settings its kernel needs, the faults, what the kernel must say of each. Does not own: the
harm itself (`tests/support/hurt_zone`).
"""

from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any, Final

from tests.support.hurt_zone.service import word_of
from tools.chaos.fault import Fault, Injury
from tools.chaos.target import Target, identities

HURT: Final = "hurt"
HURT_SETTINGS: Final = (
    "kernel.governor.step_up_s=1",
    "kernel.governor.calm_s=3",
    *(
        f"kernel.zones.{HURT}.{each}"
        for each in (
            "service=tests.support.hurt_zone",
            "kind=bus",
            "cage=agents",
            "deadline_ms=2000",
            # Small, so that what it takes is at its limit within seconds.
            "memory_mb=192",
            "cpu_percent=25",
            "descriptors=128",
            "processes=32",
            "nice=5",
            "backoff_cap_s=0.2",
            "backoff_base_s=0.02",
            "failures_max=1000",
        )
    ),
)
"""For --set."""

Look = Callable[[Target], int]
"""Counts something that must grow."""


def hurt_faults() -> list[Fault]:
    """Return the faults of a zone that behaves badly."""
    ends = partial(_told, True)
    lives = partial(_told, False)
    return [
        _fault(1, "leak", ends),
        _fault(2, "burst", ends),
        _fault(2, "hog", partial(lives, look=partial(_degraded, "cpu_percent"))),
        _fault(2, "hang", ends),
        _fault(2, "files", partial(lives, look=partial(_degraded, "descriptors"))),
        _fault(2, "babble", partial(lives, look=partial(_degraded, "log"))),
        _fault(2, "crash", ends),
        _fault(1, "leave", ends),
        _fault(2, "litter", ends),
        _fault(1, "brood", lives),
        _fault(3, "lie", partial(lives, look=partial(_refused, "bus"))),
        _fault(2, "too much", ends),
        _fault(2, "ask", partial(lives, look=partial(_refused, "bus"))),
        _fault(2, "doors", partial(lives, look=partial(_refused, "console"))),
    ]


def _fault(weight: int, word: str, begin: Callable[..., Injury | None]) -> Fault:
    return Fault(f"{HURT}: {word}", weight, partial(begin, word), liar=HURT)


def _told(
    ends: bool, word: str, target: Target, _chance: Random, look: Look | None = None
) -> Injury | None:
    """Tell it what to do.

    Args:
        ends: whether its process must have ended before all is well again.
        look: what must grow meanwhile.
    """
    victims = list(identities(target.pids(HURT)))
    place = word_of(target.home)
    if not victims or place.exists():  # it does one thing after the other
        return None
    before = look(target) if look is not None else 0
    new = place.with_suffix(".new")
    new.write_text(word)
    new.rename(place)
    return Injury(
        f"{HURT} {victims[0].pid} is told to {word}",
        victims if ends else [],
        # Beside another fault it may end before it does what it was told to.
        shown=None
        if look is None
        else lambda: look(target) > before or not victims[0].is_running(),
    )


def _refused(road: str, target: Target) -> int:
    """Count what this zone was refused on a road."""
    rows: list[dict[str, Any]] = target.ask("status")["kernel"]["refused"]["by"]
    return sum(row["count"] for row in rows if row["road"] == road)


def _degraded(what: str, target: Target) -> int:
    """Count what the kernel says of it."""
    return sum(each["what"] == f"{HURT}: {what}" for each in target.degraded())
