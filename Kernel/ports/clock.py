"""The clock as the kernel sees it. Monotonic time decides, wall time is only shown."""

import time
from typing import Protocol


class Clock(Protocol):
    """Where time comes from; a test gives its own."""

    def now_s(self) -> float:
        """Return monotonic seconds."""

    def now_ns(self) -> int:
        """Return CLOCK_MONOTONIC nanoseconds, comparable with the words in an arena."""

    def wall_s(self) -> float:
        """Return the date in seconds since 1970: shown to people, decides nothing."""


class SystemClock:
    """The machine's clock."""

    def now_s(self) -> float:
        """Return monotonic seconds."""
        return time.monotonic()

    def now_ns(self) -> int:
        """Return CLOCK_MONOTONIC nanoseconds."""
        return time.monotonic_ns()

    def wall_s(self) -> float:
        """Return the date in seconds since 1970: shown to people, decides nothing."""
        return time.time()
