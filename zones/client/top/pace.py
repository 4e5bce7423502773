"""How often the view is drawn: as often as wished, but never for more than its share of a core.

Owns: the time to the next frame. Does not own: the clocks it is told of. Pure.
"""

from dataclasses import dataclass
from typing import Final

CORE_SHARE: Final = 0.09
"""Of one core. Whoever watches must not slow down what is watched."""
DELAY_MAX_S: Final = 2.0
SMOOTHING: Final = 0.2
FPS_STEPS: Final = (0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0)


@dataclass(slots=True)
class Pace:
    """Frames a second wished for, and what a frame has cost of late.

    Args:
        core_share: of one core that frames may take, above 0.
    """

    fps: float
    core_share: float = CORE_SHARE
    cost_s: float = 0.0

    def next_delay_s(self, cost_s: float) -> float:
        """Return how long to wait from the begin of one frame to that of the next.

        Args:
            cost_s: processor time since the last call: a frame and all that it caused.
        """
        self.cost_s += (cost_s - self.cost_s) * SMOOTHING
        return min(max(1 / self.fps, self.cost_s / self.core_share), DELAY_MAX_S)

    def faster(self, steps: int) -> None:
        """Wish for that many steps of FPS_STEPS more (less where negative), within its ends."""
        nearest = min(range(len(FPS_STEPS)), key=lambda place: abs(FPS_STEPS[place] - self.fps))
        self.fps = FPS_STEPS[min(max(nearest + steps, 0), len(FPS_STEPS) - 1)]
