"""Our own worlds as the world bench runs them: two workloads, warmed once, timed per tick.

Owns: the workloads, how long they warm, what is read of a run and of its process. Does not own:
goals and rows (`world.py`), the peers (`world_peers.py`).
"""

import ctypes
import gc
import json
import mmap
import os
import struct
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from Kernel.contract.arena import PHASES_MAX, ArenaWords, Header, State
from Kernel.contract.scenarios import scenario_path
from tests.bench.figures import NS_PER_MS, median
from tests.bench.processes import ROLLUP_LINE
from tests.bench.report import ROOT
from zones.world import engine, founding
from zones.world.settings import WorldSettings, parse_settings
from zones.world.warm_up import prepare

SIDE = 2000.0
CONFIG = ROOT / "config" / "world.yaml"
WARM_TICKS = {"bench": 30, "life": 2000}
"""bench: the food is grazed down to what grows back. life: the founders' plenty is over and the
population is what the food feeds; at 300 ticks it still stands at its upper bound."""
WARM_TICKS_QUICK = {"bench": 30, "life": 300}
MEMORY_TICKS = 20
MEMORY_TIMEOUT_S = 300.0
TICKS = {500: 2000, 5_000: 600, 50_000: 200, 200_000: 120, 500_000: 60}


@dataclass(frozen=True, slots=True)
class Run:
    """What one engine did.

    Args:
        ticks_ms: of each tick.
        population: the mean over these ticks.
        arena_bytes: size of the arena file.
        phases_ms: median of the running mean of each phase, by name.
    """

    ticks_ms: list[float]
    population: float
    arena_bytes: int
    phases_ms: dict[str, float]

    @property
    def tick_ms(self) -> float:
        """Median tick."""
        return median(self.ticks_ms)


def settings_of(workload: str, entities: int) -> WorldSettings:
    """Return the settings of "bench" (the anchors' world) or "life" (all physics, same density)."""
    if workload == "bench":
        return parse_settings({**plain_rules(), "max_entities": entities})
    return parse_settings({}, entities=entities)


def plain_rules() -> dict[str, Any]:
    """Return what `config/scenarios/plain.yaml` changes: bodies, genes and weather switched off."""
    rules: dict[str, Any] = yaml.safe_load(scenario_path(CONFIG.parent, "plain").read_text("utf-8"))
    return rules


def run_each(
    settings: WorldSettings, warm_ticks: int, ticks: int, threads: Sequence[int]
) -> list[Run]:
    """Warm one world, then run a copy of it with each number of threads: the same ticks each."""
    warm = map_words(founding.plan(settings).file_bytes)
    founding.found(warm, settings)
    warming = open_engine(warm, max(threads))
    for _ in range(warm_ticks):
        warming.tick()
    del warming
    runs: list[Run] = []
    for count in threads:
        words = map_words(len(warm.memory))
        words.memory[:] = warm.memory
        runs.append(run_engine(words, open_engine(words, count), ticks))
    return runs


def run_engine(words: ArenaWords, world: engine.Engine, ticks: int) -> Run:
    """Return what an engine does in so many ticks from where its arena stands."""
    ticks_ms: list[float] = []
    phases_ns: list[tuple[int, ...]] = []
    lived = 0
    for _ in range(ticks):
        # The engine keeps running means; from nothing, they are what this one tick took.
        words.put_bytes(Header.PHASE_NS, bytes(4 * PHASES_MAX))
        started_ns = time.perf_counter_ns()
        tick = world.tick()
        ticks_ms.append((time.perf_counter_ns() - started_ns) / NS_PER_MS)
        lived += words.state(tick, State.POPULATION)
        raw = words.get_bytes(Header.PHASE_NS, 4 * PHASES_MAX)
        phases_ns.append(struct.unpack(f"<{PHASES_MAX}I", raw))
    phases_ms = {
        name: median([taken[number] for taken in phases_ns]) / NS_PER_MS
        for number, name in enumerate(engine.PHASES)
        if number
    }
    return Run(ticks_ms, lived / ticks, len(words.memory), phases_ms)


def open_engine(words: ArenaWords, threads: int, **more: Any) -> engine.Engine:
    """Return an engine that times its phases and whose events count as stored at once."""
    return engine.Engine(
        words,
        threads,
        lambda: words.state(words.get(Header.COMMIT), State.OUTBOX_HEAD),
        clock_ns=time.perf_counter_ns,
        **more,
    )


def map_words(size_bytes: int) -> ArenaWords:
    """Return shared memory, as an arena file is: it is not in `anonymous_bytes`."""
    return ArenaWords(memoryview(mmap.mmap(-1, size_bytes)))


@dataclass(frozen=True, slots=True)
class OwnMemory:
    """Private memory of a process that runs one world, without the arena, in bytes.

    Args:
        whole: all of it, with Python and compiled code.
        engine: what was added by opening an engine and running it.
    """

    whole: int
    engine: int


def own_memory(entities: int) -> OwnMemory:
    """Run a "life" world for some ticks in a process of its own and return what that took.

    Here, earlier worlds have left freed memory behind, which the next one would fit into.
    """
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.world_runs", str(entities)],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
        timeout=MEMORY_TIMEOUT_S,
    )
    return OwnMemory(**json.loads(done.stdout))


def _measure_own_memory(entities: int) -> OwnMemory:
    prepare(2)
    settings = settings_of("life", entities)
    words = map_words(founding.plan(settings).file_bytes)
    founding.found(words, settings)
    gc.collect()
    # What founding has freed goes back to the system, else the engine would fit into it unseen.
    ctypes.CDLL(None).malloc_trim(0)
    before = anonymous_bytes()
    world = open_engine(words, 2)
    for _ in range(MEMORY_TICKS):
        world.tick()
    whole = anonymous_bytes()
    return OwnMemory(whole, whole - before)


def anonymous_bytes() -> int:
    """Return the private memory of this process that belongs to no file."""
    text = Path(f"/proc/{os.getpid()}/smaps_rollup").read_text(encoding="ascii")
    return int(dict(ROLLUP_LINE.findall(text))["Anonymous"]) * 1024


if __name__ == "__main__":
    print(json.dumps(asdict(_measure_own_memory(int(sys.argv[1])))))
