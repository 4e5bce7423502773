"""The traits bench in a whole world: all physics, 200,000 Molbots, three native traits each.

Owns: that world, its traits, and what is read of its phases. Does not own: goals and rows
(`traits.py`). One warm world is copied; the copies, with and without traits, take turns.
"""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from Kernel.contract.arena import ArenaWords
from Kernel.contract.inputs import ADD_TRAIT, ALL, Input, TraitFacts
from tests.bench.figures import median
from tests.bench.world_runs import Run, map_words, open_engine, run_engine
from tests.zones.traits.corpus import honest
from tests.zones.world.worlds import send
from zones.traits.contract import NATIVE
from zones.traits.native.compiling import compile_trait
from zones.traits.reading import check_source
from zones.traits.verdict import Checked
from zones.world import founding
from zones.world.engine import Engine
from zones.world.settings import parse_settings
from zones.world.trait_library import TraitLibrary
from zones.world.trait_loading import native_trait
from zones.world.warm_up import prepare

ENTITIES = 200_000
WARM_TICKS = 200
"""While the founders' plenty lasts, so that all of them live; a world of as many slots that has
come to rest has 82,000 (`world.py` measures that one)."""
ROUNDS, ROUND_TICKS = 12, 10
FIRST_TICKS = 30
"""With new traits, until each has run for all and the fuel budget knows what it costs."""
BUDGET_S = 0.2
"""Of fuel for a tick: enough that everyone runs, so that the figure is of all of them."""


@dataclass(frozen=True, slots=True)
class WorldRun:
    """What one warm world did next.

    Args:
        calls: of traits in a tick, mean.
    """

    run: Run
    calls: float


def measure_world(threads: int, sets: Mapping[str, Sequence[str]]) -> dict[str, WorldRun]:
    """Warm a world, then run copies of it in turns: without traits ("") and with each set."""
    prepare(threads)
    settings = parse_settings({"tick_time_budget_sec": BUDGET_S}, entities=ENTITIES)
    warm = map_words(founding.plan(settings).file_bytes)
    founding.found(warm, settings)
    warming = open_engine(warm, threads)
    for _ in range(WARM_TICKS):
        warming.tick()
    del warming
    engines = {name: _begin(_copy(warm), threads, sets.get(name, ())) for name in ("", *sets)}
    before = {name: _calls(engine) for name, (_, engine) in engines.items()}
    runs: dict[str, list[Run]] = {name: [] for name in engines}
    for _ in range(ROUNDS):
        for name, (words, engine) in engines.items():
            runs[name].append(run_engine(words, engine, ROUND_TICKS))
    ticks = ROUNDS * ROUND_TICKS
    return {
        name: WorldRun(_joined(runs[name]), (_calls(engine) - before[name]) / ticks)
        for name, (_, engine) in engines.items()
    }


def _begin(words: ArenaWords, threads: int, names: Sequence[str]) -> tuple[ArenaWords, Engine]:
    checked = [check_source(honest()[name]) for name in names]
    with tempfile.TemporaryDirectory() as folder:
        for trait in checked:
            compile_trait(trait, Path(folder))
            send(words, Input(ADD_TRAIT, trait=_facts(trait)))
        library = TraitLibrary([(NATIVE, native_trait(trait, Path(folder))) for trait in checked])
    engine = open_engine(words, threads, library=library)
    for _ in range(FIRST_TICKS):
        engine.tick()
    return words, engine


def _joined(runs: Sequence[Run]) -> Run:
    """Return the rounds of one world as one run; phases are medians of medians."""
    return Run(
        [taken for run in runs for taken in run.ticks_ms],
        sum(run.population for run in runs) / len(runs),
        runs[0].arena_bytes,
        {name: median([run.phases_ms[name] for run in runs]) for name in runs[0].phases_ms},
    )


def _copy(words: ArenaWords) -> ArenaWords:
    copied = map_words(len(words.memory))
    copied.memory[:] = words.memory
    return copied


def _calls(engine: Engine) -> int:
    return int(engine.world.committed.slot_calls.sum())


def _facts(checked: Checked) -> TraitFacts:
    return TraitFacts(
        checked.name,
        1,
        checked.code_hash,
        NATIVE,
        checked.state,
        len(checked.attributes),
        checked.moods,
        ALL,
    )
