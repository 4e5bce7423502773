"""Problem worlds with evolution on and off, run to their horizon.

Owns: running them, what each came to. Does not own: what recovery is (`recovery.py`), what a ledger
tells (`evolution_story.py`). Off: the world alone, without a kernel; the headline test shows that a
kernel changes no bit of it. On: a whole kernel in a home of its own with the offline author, faster
than the clock; evolution thinks in seconds, so that the fast world gives it less time.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from Kernel.contract.arena import Header
from tests.bench.evolution_story import Story, read_story
from tests.bench.live_kernel import LiveKernel, live_kernel
from tests.bench.recovery import Recovery, Trial, hold_yardsticks, judge
from tests.bench.report import ROOT, CannotMeasure
from tests.support.homes import temporary_home
from zones.agents.mutation import LIVING
from zones.world.run import read_settings, run_world
from zones.world.settings import WorldSettings, parse_settings

PERIOD_MS: Final = 4
"""A quarter of the configured period: the cooldown is a quarter, too."""
COOLDOWN_S: Final = 15
STANDS_S: Final = 30.0
LOOK_S: Final = 0.5
STORED_S: Final = 30.0
EVOLVING: Final = (
    "kernel.zones.sandbox.enabled=true",
    "agents.author=genetic",
)
"""A kernel that evolves with nobody else's help."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A world at its horizon.

    Args:
        story: of its evolution; None where there was none.
    """

    seed: int
    recovery: Recovery
    story: Story | None = None

    @property
    def changed_params(self) -> bool:
        """Tell whether what keeps it well is, in part, a parameter that was changed."""
        applied = self.story.mutations if self.story else ()
        return any(each.params for each in applied if each.status in LIVING)


def world_settings(trial: Trial, seed: int) -> WorldSettings:
    """Return the settings of a problem world, as configured but for its seed."""
    config = ROOT / "config" / "world.yaml"
    return parse_settings(read_settings(config, (f"seed={seed}",), trial.scenario, environment={}))


def run_off(trial: Trial, seed: int) -> Ended:
    """Run one world alone, as fast as it goes."""
    told: list[dict[str, Any]] = []
    settings = world_settings(trial, seed)
    run_world(settings, trial.horizon_ticks, tell=told.append)
    telemetry = [event for event in told if event["kind"] == "telemetry"]
    return Ended(seed, judge(trial, telemetry, settings.max_entities))


def run_on(trial: Trial, seed: int, say: Callable[[str], None]) -> Ended:
    """Run one world under a kernel that evolves it.

    Raises:
        CannotMeasure: it stands still, or its telemetry is not whole.
    """
    settings = world_settings(trial, seed)
    words = (
        *EVOLVING,
        f"world.seed={seed}",
        f"world.tick_rate_ms={PERIOD_MS}",
        f"agents.evolution_cooldown_sec={COOLDOWN_S}",
    )
    with temporary_home() as home:
        with live_kernel(home, *words, scenario=trial.scenario) as kernel:
            for tick in ticks_until(kernel, trial.horizon_ticks + 1):
                say(f"{trial.scenario} seed {seed}: tick {tick}")
            wait_stored(home, trial.horizon_ticks)
        story = read_story(home)
    try:
        recovery = judge(trial, story.telemetry, settings.max_entities)
    except ValueError as error:
        raise CannotMeasure(f"cannot judge {trial.scenario} with seed {seed}: {error}") from error
    changed = {name for each in story.mutations if each.status in LIVING for name in each.params}
    return Ended(seed, hold_yardsticks(recovery, changed), story)


def ticks_until(kernel: LiveKernel, goal: int) -> Iterator[int]:
    """Yield the committed tick now and then, until it is `goal`.

    Raises:
        CannotMeasure: no tick was committed for STANDS_S, or the kernel has gone.
    """
    tick, since_s = -1, time.monotonic()
    while tick < goal:
        now = kernel.arena.get(Header.COMMIT)
        if now > tick:
            tick, since_s = now, time.monotonic()
            yield tick
        elif time.monotonic() > since_s + STANDS_S or kernel.process.poll() is not None:
            raise CannotMeasure(f"cannot measure: the world stands at tick {tick}")
        time.sleep(LOOK_S)


def wait_stored(home: Path, tick: int) -> None:
    """Wait until the telemetry of a tick is in the ledger.

    Raises:
        CannotMeasure: it is not in STORED_S.
    """
    deadline = time.monotonic() + STORED_S
    while True:
        told = read_story(home).telemetry
        if told and told[-1]["tick"] >= tick:
            return
        if time.monotonic() > deadline:
            raise CannotMeasure(f"cannot measure: telemetry of tick {tick} was not stored")
        time.sleep(LOOK_S)
