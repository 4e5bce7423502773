"""The meter of one interpreted trait: fuel, depth, and the stop that nothing can swallow.

Owns: counting what a call has used and ending it. Does not own: where counters stand in the tree
(`zones/traits/metering.py`), what the verdict of a call is (`zones/traits/interpreted.py`).

The numbers lie in the globals of the trait's module, under names that no source can write, so that
rewritten code counts without a call. Once a call is stopped its fuel is far below zero: whatever
swallows the stop runs into the next one, and the driver asks the meter, not the exception.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final, NoReturn

from zones.traits.contract import LENGTH_MAX, OTHER, OUT_OF_FUEL, RECURSION_MAX

FUEL: Final = "fuel left"
DEPTH: Final = "depth of calls"
_SPENT: Final = -(1 << 60)
CHUNK: Final = 16
"""Items that one operation may copy, build or compare for one unit of fuel."""
SIZED: Final = frozenset({list, tuple, str, dict, range, set, frozenset, bytes})


class Stop(BaseException):
    """A call is over: it has used its fuel, or was too deep or too large."""


class Deeper:
    """A `with` that counts as a call."""

    __slots__ = ("_meter",)

    def __init__(self, meter: "Meter") -> None:
        self._meter = meter

    def __enter__(self) -> None:
        self._meter.enter()

    def __exit__(self, *_error: object) -> None:
        self._meter.leave()


class Meter:
    """Counts for one trait.

    Attributes:
        stopped: status that the call was stopped with, 0 while it runs.
        clipped: first clipping of the call, 0 for none.
        closing: generators that the source itself is closing just now.
    """

    __slots__ = ("_deeper", "clipped", "closing", "limit", "namespace", "stopped", "used_at_stop")

    def __init__(self, namespace: dict[str, Any]) -> None:
        self.namespace = namespace
        self.limit = 0
        self.closing = 0
        self._deeper = Deeper(self)
        self.begin(0)

    def begin(self, limit: int) -> None:
        """Begin a call that may use so much."""
        self.limit = limit
        self.stopped = 0
        self.clipped = 0
        self.used_at_stop = 0
        self.namespace[FUEL] = limit
        self.namespace[DEPTH] = 0

    def used(self) -> int:
        """Return what the call has used: its limit when it ran out."""
        if self.stopped:
            return self.used_at_stop
        return self.limit - int(self.namespace[FUEL])

    def step(self) -> bool:
        """Count one; always true, so that it can stand in an expression."""
        left = self.namespace[FUEL] - 1
        self.namespace[FUEL] = left
        if left < 0:
            self.stop()
        return True

    def charge(self, amount: int) -> None:
        """Count many."""
        left = self.namespace[FUEL] - amount
        self.namespace[FUEL] = left
        if left < 0:
            self.stop()

    def stop(self) -> NoReturn:
        """End the call: its fuel is used up, or it had been ended before."""
        if not self.stopped:
            self.stopped = OUT_OF_FUEL
            self.used_at_stop = self.limit
        self.namespace[FUEL] = _SPENT
        raise Stop

    def abort(self) -> NoReturn:
        """End the call for another reason than its fuel: too deep, too long, out of memory."""
        if not self.stopped:
            self.stopped = OTHER
            self.used_at_stop = self.limit - max(int(self.namespace[FUEL]), 0)
        self.namespace[FUEL] = _SPENT
        raise Stop

    def enter(self) -> None:
        """Go one call deeper."""
        depth = self.namespace[DEPTH] + 1
        if depth > RECURSION_MAX:
            self.abort()
        self.namespace[DEPTH] = depth

    def leave(self) -> None:
        """Come back from one call."""
        self.namespace[DEPTH] -= 1

    def deeper(self) -> "Deeper":
        """Count what a `with` holds as one call deeper; it costs one unit."""
        self.step()
        return self._deeper

    def nested(self) -> "Deeper":
        """Count what a `with` holds as one call deeper."""
        return self._deeper

    def clip(self, status: int) -> None:
        """Note that a value was clipped; the first of a call is kept."""
        if not self.clipped:
            self.clipped = status

    def bound_length(self, length: int) -> None:
        """Refuse what would be longer than anything may be, before it is built."""
        if length > LENGTH_MAX:
            self.abort()

    def building(self, length: int) -> None:
        """Count so many items built, copied or compared at once, and refuse too many."""
        if length >= CHUNK:
            if length > LENGTH_MAX:
                self.abort()
            self.charge(length // CHUNK)

    def comparing(self, length: int) -> None:
        """Count so many items looked at."""
        if length >= CHUNK:
            self.charge(length // CHUNK)

    def taking(self, items: Iterable[Any]) -> Iterator[Any]:
        """Yield the items, one unit each."""
        step = self.step
        for item in items:
            step()
            yield item

    def take(self, items: Iterable[Any]) -> Any:
        """Return the items as something finite that C code may run over; each costs one unit.

        They are taken out by C code, no more than can be paid for, and paid afterwards: what is
        used is the same, and whoever gives the items counts for itself meanwhile.
        """
        if type(items) in SIZED:
            self.charge(len(items))  # type: ignore[arg-type]
            return items
        taken: list[Any] = []
        most = min(max(int(self.namespace[FUEL]), 0), LENGTH_MAX) + 1
        try:
            taken.extend(islice(items, most))
        finally:
            self.charge(len(taken))
        if len(taken) > LENGTH_MAX:
            self.abort()
        return taken
