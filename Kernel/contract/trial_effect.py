"""What a trait changes, as a trial tells it and as everybody reads it.

Owns: one such figure. Does not own: how it is reached (`zones/world/trial/effect.py`), which are
believed (`Kernel/core/trial_verdict.py`). Pure.
"""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Effect:
    """The effect on one metric: candidate minus control, over pairs of runs with the same seed.

    Args:
        low, high: the 95 % interval of the mean; None: there is none.
        control: mean of the controls, which says how much the effect is.
    """

    metric: str
    mean: float
    low: float | None
    high: float | None
    pairs: int
    control: float = 0.0

    @property
    def clear(self) -> str:
        """Whether the interval leaves zero out: "more", "less", or "" where it does not."""
        if self.low is None or self.high is None:
            return ""
        return "more" if self.low > 0 else "less" if self.high < 0 else ""

    def fields(self) -> dict[str, Any]:
        """Return plain data, as programs read it."""
        return asdict(self) | {"clear": self.clear}
