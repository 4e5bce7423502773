"""Decide how many lines of a zone are logged: so many a second, and the rest is counted.

Owns: one bucket of lines as data. Does not own: reading them (`logger.py`), the limit
(`log_lines_per_s` of kernel.yaml). Pure. Model: a token bucket, as Linux `lib/ratelimit.c`.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LineBucket:
    """Lines that may be logged now.

    Args:
        left: how many; at most those of one second.
        at_s: when it was filled last, monotonic seconds; None: it is full.
    """

    left: float = 0.0
    at_s: float | None = None


def take_lines(
    bucket: LineBucket, wanted: int, lines_per_s: float, now_s: float
) -> tuple[LineBucket, int]:
    """Return the bucket after lines were taken out of it, and how many of them may be logged."""
    left = lines_per_s
    if bucket.at_s is not None:
        left = min(lines_per_s, bucket.left + max(0.0, now_s - bucket.at_s) * lines_per_s)
    allowed = min(wanted, int(left))
    return LineBucket(left - allowed, now_s), allowed
