"""Tell of each drill when it is over, whether or not anybody still waits for its answer.

Owns: which drills are under way, their last word. Does not own: causing the fault and knowing when
it is over (`drill.py`), the comeback.
"""

from typing import Final

from Kernel.core.drill import DrillWatch
from Kernel.core.parts import Parts

OVER_S: Final = 30.0
"""A drill that has not come to an end within this is told as one that is not over."""
DRILLS_MAX: Final = 64


class DrillLog:
    """The drills of one kernel that are under way."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._watches: list[tuple[DrillWatch, str]] = []

    def add(self, watch: DrillWatch, fault: str) -> None:
        """Tell of this one when it is over; the oldest is told of as not over if there are many."""
        self._watches.append((watch, fault))
        if len(self._watches) > DRILLS_MAX:
            self._tell(*self._watches.pop(0), {})

    def look(self) -> None:
        """Tell of those that have come to an end."""
        for each in list(self._watches):
            watch, _ = each
            now_ns = self._parts.clock.now_ns()
            story = None if watch.keeper.is_service_untold else watch.story(now_ns)
            if story is not None or (now_ns - watch.began_ns) / 1e9 > OVER_S:
                self._watches.remove(each)
                self._tell(*each, story or {})

    def _tell(self, watch: DrillWatch, fault: str, story: dict[str, object]) -> None:
        # Who serves now is there because of the drill; without anybody, the drill itself is known.
        served = watch.keeper.last_service if story else b""
        self._parts.log.info(
            "drill.ended", zone=watch.zone, fault=fault, over=bool(story),
            cause=served or watch.begun, **story,
        )  # fmt: skip
