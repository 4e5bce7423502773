"""A limit on how many events a second somebody may write, with room for bursts.

Owns: the token bucket. Does not own: what is done with who has none left. Pure.
Source: Turner, "New directions in communications", IEEE Communications 24(10), 1986.
"""


class TokenBucket:
    """Fills at a steady rate up to a limit; each event takes one out.

    Args:
        rate: tokens a second.
        burst: how many it holds at most; it begins full.
        now_s: monotonic seconds.
    """

    def __init__(self, rate: float, burst: float, now_s: float) -> None:
        assert rate > 0 and burst >= 1
        self._rate = rate
        self._burst = burst
        self._tokens: float = burst
        self._filled_s = now_s

    def take(self, now_s: float) -> bool:
        """Take one out; False when there is none."""
        if not self.has_some(now_s):
            return False
        self._tokens -= 1
        return True

    def has_some(self, now_s: float) -> bool:
        """Tell whether one could be taken out."""
        self._tokens = min(
            self._burst, self._tokens + max(now_s - self._filled_s, 0.0) * self._rate
        )
        self._filled_s = max(now_s, self._filled_s)
        return self._tokens >= 1

    def spend(self, count: int, now_s: float) -> None:
        """Take out for so many that have come already; what is not there is owed."""
        self.has_some(now_s)
        self._tokens -= count

    def give_back(self) -> None:
        """Put back one that was taken for nothing."""
        self._tokens = min(self._burst, self._tokens + 1)

    def wait_s(self) -> float:
        """Return how long until there is one, as of the last `take`."""
        return max(1 - self._tokens, 0.0) / self._rate
