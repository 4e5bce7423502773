"""Labs on paper: worlds whose best trait is known, and worlds in which nothing helps.

Owns: outcomes that are made up from a source's text and random numbers of their own. Does not own:
the statistics of a real trial; these are paired differences with noise, and their interval.
"""

import hashlib
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from Kernel.contract.parameters import Parameter
from zones.agents.thoughts import METRICS, Brief, Outcome
from zones.agents.watcher import Problem
from zones.world.parameters import PARAMETERS
from zones.world.trial.effect import effect_of

Worth = Callable[[str], float]


class PaperLab:
    """Answers with `worth` of each source or change, plus noise of a standard deviation of 1.

    The noise of one source in one seed is always the same, as it would be in a world that stands
    still: what was lucky in the search is so in the proof, too.
    """

    def __init__(self, worth: Worth, salt: int = 0, noise: float = 1.0) -> None:
        self.worth, self.salt, self.noise = worth, salt, noise
        self.signs = dict.fromkeys(("starved", "starvation", "deaths", "collided"), -1.0)
        """What is good of a metric, so that one worth is good in all; 1 unless named."""
        self.asked: list[tuple[tuple[str, ...], int, int]] = []

    def try_sources(self, sources: Sequence[str], ticks: int, seeds: int) -> list[Outcome]:
        self.asked.append((tuple(sources), ticks, seeds))
        return [self._outcome(source, seeds) for source in sources]

    def try_params(
        self, changes: Sequence[Mapping[str, float]], ticks: int, seeds: int
    ) -> list[Outcome]:
        return self.try_sources([repr(sorted(each.items())) for each in changes], ticks, seeds)

    def _outcome(self, text: str, seeds: int) -> Outcome:
        worth = self.worth(text)
        effects = {}
        for metric in METRICS:
            draws = [self._noise(text, metric, seed) for seed in range(seeds)]
            effect = effect_of(
                metric, [worth * self.signs.get(metric, 1.0) + each for each in draws]
            )
            effects[metric] = {
                "mean": effect.mean, "low": effect.low, "high": effect.high, "control": 10.0,
            }  # fmt: skip
        return Outcome(True, effects=effects, calls=1000, fuel_per_call=3.0)

    def _noise(self, *about: object) -> float:
        digest = hashlib.sha256(repr((self.salt, about)).encode()).digest()
        return random.Random(digest).gauss(0.0, self.noise)


def flat(_text: str) -> float:
    """A world in which nothing helps."""
    return 0.0


def planted(text: str) -> float:
    """A world in which heading for food far away helps, and eating beside it helps more."""
    worth = 0.0
    if "entity.vx" in text and "food_x" in text:
        worth += 3.0
        radius = float(text.split("nearby_resources(", 1)[1].split(")", 1)[0])
        worth += min(radius, 400.0) / 200.0
    return worth + (1.0 if "entity.eat" in text and worth else 0.0)


def never() -> bool:
    """Nobody wants it to stop."""
    return False


def brief(kind: str = "starvation", trigger: str = "trig_1", **more: Any) -> Brief:
    """Return a brief about a problem of this kind; "": asked for by hand."""
    parameters: tuple[Parameter, ...] = PARAMETERS
    told: dict[str, Any] = {
        "trigger_id": trigger,
        "problem": Problem(kind, "high", 0.45, 0.3, 900, 120) if kind else None,  # type: ignore
        "reason": "" if kind else "to see what comes",
        "telemetry": ({"tick": 900, "entity_count": 120},),
        "params": {each.name: each.default for each in parameters},
        "parameters": parameters,
        "traits": (),
    }
    return Brief(**{**told, **more})
