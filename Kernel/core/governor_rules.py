"""What the operator has set of the governor, and the steps a sort of zone may have to bear.

Owns: the record. Does not own: its keys (`Kernel/config_keys.py`), what follows (`steps.py`,
`growth.py`, `overload.py`, `meter_pace.py`).
Pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from Kernel.core import growth
from Kernel.core.steps import Pace, Step

STEPS_OF_BUS: Final = (Step.WARN, Step.THROTTLE, Step.PAUSE, Step.RESTART, Step.KILL)
STEPS_OF_WORLD: Final = (Step.WARN, Step.RESTART, Step.KILL)
"""What is held back, or stands still, misses ticks; its heir takes over without missing one."""
STEPS_OF_BROKER: Final = STEPS_OF_WORLD
"""Everybody else's events wait for it."""


@dataclass(frozen=True, slots=True)
class GovernorRules:
    """The keys of `governor` in kernel.yaml.

    Args:
        memory_percent: of the machine's memory, or of the groups above us, that zones may have.
        step_up_s, calm_s: see `steps.Pace`.
        growth_window_s, growth_horizon_s, growth_percent: see `growth.Rules`.
        throttle_percent: of one core that a zone has which is throttled.
        throttle_events_per_s: so many events of it are taken by the archive.
        cpu_wait_percent: of the time that a world waits for a core while it misses ticks.
        memory_pressure_percent: of the time somebody waits for memory (PSI some).
        io_pressure_percent: of the time everybody waits for a disk (PSI full).
        disk_free_mb: that the home's disk should have left.
        cost_percent: of one core that reading meters may take.
        place_cores: bus zones leave one core to worlds.
    """

    memory_percent: float = 90.0
    step_up_s: float = 5.0
    calm_s: float = 30.0
    growth_window_s: float = 600.0
    growth_horizon_s: float = 3600.0
    growth_percent: float = 80.0
    throttle_percent: int = 25
    throttle_events_per_s: int = 100
    cpu_wait_percent: float = 20.0
    memory_pressure_percent: float = 10.0
    io_pressure_percent: float = 60.0
    disk_free_mb: int = 512
    cost_percent: float = 0.5
    place_cores: bool = True

    @property
    def pace(self) -> Pace:
        """How fast steps follow each other."""
        return Pace(self.step_up_s, self.calm_s)

    @property
    def growth(self) -> growth.Rules:
        """When a process that grows is replaced."""
        return growth.Rules(self.growth_window_s, self.growth_horizon_s, self.growth_percent / 100)


def usual_steps(*, arena: bool, broker: bool) -> tuple[Step, ...]:
    """Return the steps that may be taken against a zone of which nothing is said."""
    if arena:
        return STEPS_OF_WORLD
    return STEPS_OF_BROKER if broker else STEPS_OF_BUS


def unfit_steps(said: Sequence[str], usual: Sequence[Step]) -> str:
    """Return why a zone cannot be dealt with as is said, as it follows the key; "" if it can."""
    able = [step.word for step in usual]
    unfit = [word for word in said if word not in able]
    if not unfit:
        return ""
    return f"names {', '.join(unfit)}, and nothing may hold it back: it takes {', '.join(able)}"
