"""How long to wait before something that fails is tried again: doubled each time, up to a cap.

Owns: the one formula of the kernel and of safe mode. Does not own: what counts as a failure, and
how many are free. Pure. Standard library only: the kernel uses it, too.
"""

from dataclasses import dataclass

EXPONENT_MAX = 60


@dataclass(frozen=True, slots=True)
class BackOff:
    """Delays: the first, doubled at each further failure up to the cap, in seconds."""

    base_s: float
    cap_s: float

    def delay_s(self, failures: int) -> float:
        """Return how long to wait after so many failures in a row, at least one."""
        assert failures > 0, failures
        return min(self.cap_s, self.base_s * 2.0 ** min(failures - 1, EXPONENT_MAX))
