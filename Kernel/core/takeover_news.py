"""The news of a takeover, kept back until the end of the owner before is told: that is its cause.

Owns: the takeover that is yet to be told, and when it is. Does not own: seeing one, and what
follows (`arena_keeper.py`); telling of deaths (`line.py`).

The right to write passes on at the very moment of a death, which the kernel is told a little later.
"""

from collections.abc import Callable
from typing import Any

from Kernel.contract.arena import ArenaWords, Header
from Kernel.core.berth import Berth
from Kernel.core.events import EventLog
from Kernel.ports.clock import Clock

REAPED_S = 0.25
"""A takeover is told when the end of the owner before is known, or after this."""


class TakeoverNews:
    """The news of one zone: none, or one takeover.

    Args:
        berth_of: returns what is held for a process, None for one that is reaped or not ours.
    """

    def __init__(
        self, zone: str, clock: Clock, log: EventLog, berth_of: Callable[[int], Berth | None]
    ) -> None:
        self._zone = zone
        self._clock = clock
        self._log = log
        self._berth_of = berth_of
        self._untold: tuple[dict[str, Any], float] | None = None

    @property
    def is_untold(self) -> bool:
        """Whether a takeover is yet to be told."""
        return self._untold is not None

    def keep(self, owner: int, words: ArenaWords, service: dict[str, str], *, first: bool) -> None:
        """Keep a takeover that was seen just now; one kept before must have been told.

        Args:
            owner: pid of who has taken over.
            service: which generation computes from now on.
            first: whether this generation has not served before.
        """
        assert self._untold is None, "two takeovers are two events"
        told = {
            "pid": owner,
            "epoch": words.get(Header.EPOCH),
            "tick_found": words.get(Header.TAKEN_OVER_TICK),
            "found_owner": words.get(Header.FOUND_OWNER),
            "found_flight": words.get(Header.FOUND_FLIGHT),
            "first": first,
        }
        self._untold = told | service, self._clock.now_s() + REAPED_S

    def tell(self, last_end: bytes, *, at_once: bool = False) -> bytes:
        """Tell what is kept when it is time; return the event's id, b"" when nothing was told.

        Args:
            last_end: id of what has ended the last process that served.
            at_once: the next takeover has been seen, so this one waits no more.
        """
        if self._untold is None:
            return b""
        told, until_s = self._untold
        before = self._berth_of(told["found_owner"]) if told["found_owner"] else None
        if before is not None and not at_once and self._clock.now_s() < until_s:
            return b""
        self._untold = None
        cause = before.cause if before is not None and before.cause else last_end
        return self._log.info("zone.taken_over", zone=self._zone, cause=cause, **told)
