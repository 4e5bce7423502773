"""How a change will do, window by window, as a trial tells it and as the guard reads it.

Owns: the data. Does not own: how it is reached (`zones/world/trial/forecast.py`), what a window's
value is (`window_metrics.py`), what follows when the world does otherwise. Pure.
"""

from dataclasses import asdict, dataclass
from typing import Any, Final

SIDES: Final = ("more", "less")
WINDOWS_MAX: Final = 64


@dataclass(frozen=True, slots=True)
class Band:
    """Where a metric of one window lies in 99 of 100 worlds like those that were run."""

    low: float
    high: float
    mean: float

    def holds(self, value: float) -> bool:
        """Tell whether a value lies in it."""
        return self.low <= value <= self.high


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a trial foretells.

    Args:
        metric: of each window, see `window_metrics.py`; better: "more" or "less" was promised.
        windows: the first begins with the tick that the change comes in.
        seeds: runs that it is of.
        degraded: how it is less than was asked for, "" where it is not.
    """

    metric: str
    better: str
    window_ticks: int
    windows: tuple[Band, ...]
    seeds: int
    degraded: str = ""

    def fields(self) -> dict[str, Any]:
        """Return plain data, as programs read it."""
        return asdict(self) | {"windows": [asdict(each) for each in self.windows]}
