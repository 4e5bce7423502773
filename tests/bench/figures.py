"""Medians and percentiles of small samples. Pure."""

import math
from collections.abc import Sequence

NS_PER_MS = 1e6


def median(values: Sequence[float]) -> float:
    """Return the middle value, or the mean of the two in the middle."""
    assert values, "a median needs a value"
    ordered = sorted(values)
    half = len(ordered) // 2
    if len(ordered) % 2:
        return float(ordered[half])
    return (ordered[half - 1] + ordered[half]) / 2


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least `share` (0 to 1) of all values do not exceed.

    Nearest rank, never interpolated: of fewer than 100 values the 0.99 percentile is the largest.
    """
    assert values and 0 < share <= 1, "a percentile needs values and a share in (0, 1]"
    return float(sorted(values)[math.ceil(share * len(values)) - 1])
