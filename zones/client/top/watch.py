"""What one watches and what was seen of it: the newest picture, and why there is none.

Owns: the order of looking, remembering and putting together; the view's own measure of the speed
of time. Does not own: reading an arena or asking a kernel (`Eyes`, in `source.py`), the screen
(`app.py`). Time comes in as an argument.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Final, Protocol

from Kernel.contract.errors import MoltError
from zones.client.top.kernel_report import KernelReport
from zones.client.top.series import Series
from zones.client.top.view import Picture, Sight, build_picture

SPEED_WINDOW_S: Final = 3.0
SPEED_SPAN_MIN_S: Final = 0.5
SPEED_LOOKS_MAX: Final = 256


class Eyes(Protocol):
    """What reads a world and its kernel."""

    def look(self) -> Sight:
        """Return the newest committed tick.

        Raises:
            MoltError: there is no world to look at, or it cannot be read.
        """

    def tick(self) -> int:
        """Return the number of the newest committed tick; costs next to nothing.

        Raises:
            MoltError: as `look`.
        """

    def ask(self) -> KernelReport | None:
        """Return what the kernel says, None when none answers; may take a second."""

    def remember(self) -> Series:
        """Return what was recorded of the past; empty where nothing was."""


@dataclass(slots=True)
class Watch:
    """Looks when told to.

    Attributes:
        report: the kernel's newest answer, None when it gave none; set by who asks.
        picture: the newest one, kept while there is trouble.
        trouble: why the last look failed, None after one that did not.
    """

    eyes: Eyes
    past: Series
    report: KernelReport | None = None
    picture: Picture | None = None
    trouble: MoltError | None = None
    _seen: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=SPEED_LOOKS_MAX))

    def look(self, now_s: float) -> None:
        """Look at the world and renew `picture`; a failure is kept as `trouble`.

        Args:
            now_s: monotonic seconds.
        """
        try:
            sight = self.eyes.look()
        except MoltError as error:
            self.trouble = error
            return
        self.trouble = None
        self.past.add(sight.sample())
        self.picture = build_picture(
            sight, self.report, self.past, self._ticks_per_s(now_s, sight.tick)
        )

    def behind_ticks(self) -> int:
        """Return how far the world has gone on since `picture`; 0 when that cannot be seen."""
        if self.picture is None:
            return 0
        try:
            return max(0, self.eyes.tick() - self.picture.sight.tick)
        except MoltError as error:
            self.trouble = error
            return 0

    def _ticks_per_s(self, now_s: float, tick: int) -> float | None:
        """Return ticks a second as seen from here, None before enough time has passed."""
        if self._seen and tick < self._seen[-1][1]:
            self._seen.clear()
        self._seen.append((now_s, tick))
        while now_s - self._seen[0][0] > SPEED_WINDOW_S:
            self._seen.popleft()
        began_s, first = self._seen[0]
        if now_s - began_s < SPEED_SPAN_MIN_S:
            return None
        return (tick - first) / (now_s - began_s)
