"""A Lab of real worlds in this process: copies tick side by side with and without a candidate.

Owns: a world at some tick of a scenario, the brief about it, trials without a kernel. Does not own:
what a trial of the kernel adds (the cage, the verdict).
"""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from Kernel.contract.arena import ArenaWords, Header, State, check_arena
from Kernel.contract.inputs import ADD_TRAIT, SET_PARAM, Input, TraitFacts
from tests.zones.world.worlds import make_engine, make_world
from zones.agents.thoughts import METRICS, Brief, Outcome
from zones.agents.watcher import Problem, ProblemType
from zones.runtime.arena_image import ArenaImage, copy_committed
from zones.traits.contract import NATIVE
from zones.traits.native.compiling import make_native
from zones.traits.native.tiers import tier_of
from zones.traits.reading import check_source
from zones.world.columns import ALIVE, Buffer, open_world
from zones.world.parameters import PARAMETERS
from zones.world.recorded import Recorded, send
from zones.world.registry import read_entries
from zones.world.run import read_settings
from zones.world.trait_library import LoadedTrait, TraitLibrary
from zones.world.trait_loading import trait_of_native
from zones.world.trial.copying import found_copy, with_seed
from zones.world.trial.effect import effects
from zones.world.trial.following import Period
from zones.world.trial.measures import measure, totals_of

CONFIG = Path(__file__).resolve().parents[5] / "config" / "world.yaml"
PERIOD = 100


@cache
def image_of(scenario: str, tick: int, seed: int) -> ArenaImage:
    """Return a scenario's world at a tick."""
    words = make_world(**read_settings(CONFIG, [f"seed={seed}"], scenario, {}))
    check_arena(words, "a world of a test")
    engine = make_engine(words)
    for _ in range(tick):
        engine.tick()
    return copy_committed(words)


class LivingLab:
    """Tries on copies of one image.

    Args:
        loaded: code of the traits that the world has.
        version: of what is tried.
    """

    def __init__(
        self, image: ArenaImage, loaded: Sequence[LoadedTrait] = (), version: int = 1
    ) -> None:
        self.image = image
        self.trials = 0
        self._traits = [(NATIVE, trait) for trait in loaded]
        self._version = version
        self._loaded: dict[str, tuple[TraitFacts, LoadedTrait]] = {}
        self._controls: dict[tuple[int, int], dict[str, float]] = {}

    def try_sources(self, sources: Sequence[str], ticks: int, seeds: int) -> list[Outcome]:
        return [self._tried(ticks, seeds, source, {}) for source in sources]

    def try_params(
        self, changes: Sequence[Mapping[str, float]], ticks: int, seeds: int
    ) -> list[Outcome]:
        return [self._tried(ticks, seeds, "", change) for change in changes]

    def _tried(self, ticks: int, seeds: int, source: str, params: Mapping[str, float]) -> Outcome:
        self.trials += 1
        runs, controls = [], []
        for pair in range(seeds):
            if (ticks, pair) not in self._controls:
                self._controls[ticks, pair] = self.live(ticks, pair)
            controls.append(self._controls[ticks, pair])
            runs.append(self.live(ticks, pair, source, params))
        calls, faults, fuel = (int(sum(run.get(key, 0) for run in runs)) for key in COUNTED)
        found = {
            each.metric: {
                "mean": each.mean, "low": each.low, "high": each.high, "control": each.control,
            }
            for each in effects(runs, controls)
            if each.metric in METRICS
        }  # fmt: skip
        same = all(
            run[metric] == control[metric]
            for run, control in zip(runs, controls, strict=True)
            for metric in METRICS
        )
        return Outcome(
            True, effects=found, calls=calls, faults=faults,
            fuel_per_call=fuel / max(calls, 1), unchanged=same,
        )  # fmt: skip

    def live(
        self, ticks: int, pair: int, source: str = "", params: Mapping[str, float] | None = None
    ) -> dict[str, float]:
        """Return the metrics of one run."""
        image = with_seed(self.image, pair)
        words = found_copy(memoryview(bytearray(image.buffers().file_bytes)), image)
        traits, tried = self._traits, ""
        at = image.tick + 1
        if source:
            facts, trait = self.load(source)
            traits, tried = [*traits, (NATIVE, trait)], facts.hash
            send(words, Recorded(at, Input(ADD_TRAIT, trait=facts)), at)
        for name, value in (params or {}).items():
            send(words, Recorded(at, Input(SET_PARAM, param=name, value=value)), at)
        engine = make_engine(words, library=TraitLibrary(traits))
        before = totals_of(buffer_of(words))
        periods = []
        for number in range(1, ticks + 1):
            engine.tick()
            if number % PERIOD == 0:
                buffer = buffer_of(words)
                periods.append(Period(number, buffer.scalar(State.POPULATION), energy_of(buffer)))
        buffer = buffer_of(words)
        told = measure(
            before,
            totals_of(buffer),
            buffer.scalar(State.POPULATION),
            energy_of(buffer),
            len(np.unique(buffer.lineage[buffer.state == ALIVE])),
            periods,
        )
        for entry in (each for each in read_entries(buffer) if each.hash == tried):
            told |= dict(zip(COUNTED, (entry.calls, entry.faults, entry.fuel), strict=True))
        return told

    def load(self, source: str) -> tuple[TraitFacts, LoadedTrait]:
        """Return a trait as an input brings it in, and its code."""
        if source not in self._loaded:
            checked = check_source(source.encode())
            assert tier_of(checked) == (NATIVE, "")
            facts = TraitFacts(
                checked.name, self._version, checked.code_hash, NATIVE, checked.state,
                len(checked.attributes), checked.moods,
            )  # fmt: skip
            self._loaded[source] = facts, trait_of_native(checked, make_native(checked))
        return self._loaded[source]


COUNTED = ("calls", "faults", "fuel")


def buffer_of(words: ArenaWords) -> Buffer:
    """Return the committed buffer of a world."""
    return open_world(words).buffer(words.get(Header.COMMIT))


def energy_of(buffer: Buffer) -> float:
    """Return the mean energy of all who live."""
    living = buffer.state == ALIVE
    return float(np.mean(buffer.energy[living], dtype=np.float64)) if living.any() else 0.0


def brief_about(image: ArenaImage, kind: ProblemType, trigger: str) -> Brief:
    """Return the brief of a mission that begins with this world."""
    words = found_copy(memoryview(bytearray(image.buffers().file_bytes)), image)
    buffer = buffer_of(words)
    living = buffer.scalar(State.POPULATION)
    return Brief(
        trigger,
        Problem(kind, "high", 0.45, 0.3, image.tick, living),
        "",
        ({"tick": image.tick, "entity_count": living},),
        {each.name: float(buffer.parameters[each.index]) for each in PARAMETERS},
        PARAMETERS,
        (),
    )
