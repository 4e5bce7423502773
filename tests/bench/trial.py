"""How long a trial takes: from a zygote's fork to the verdict, screening and compiling with it.

Owns: the worlds, the process that stands for a zygote, the rows. Does not own: the trial
(`zones/world/trial`). Each round is a fork as the kernel has it made, with the arena, the job and a
pipe; the candidate runs beside its control for 1000 ticks. Then what evolution asks for: a trial
with a forecast, as for an apply, and sources of a search, alone and in a batch. Then trials run
beside a live kernel (`trial_live.py`). `--quick`: fewer ticks, no large world and no kernel.
"""

import json
import mmap
import os
import time
from collections.abc import Mapping
from typing import Any

from Kernel.contract.arena import ArenaWords, check_arena
from tests.bench.figures import median
from tests.bench.report import CannotMeasure, Cell, Goal, Report, Row, at_most
from tests.bench.trial_live import measure_live
from tests.zones.traits.corpus import honest
from zones.runtime.cage import Layer, probe
from zones.world import founding
from zones.world.engine import Engine
from zones.world.service import Generation
from zones.world.settings import parse_settings

TICKS, TICKS_QUICK = 1000, 100
ROUNDS, ROUNDS_FEW = 7, 3
WARM_TICKS = 300
SMALL, LARGE = 500, 50_000
GOALS_S = {SMALL: 1.5, LARGE: 15.0}
TRAIT = "forage_nearest"
INTERPRETED = "dict_weights"
ANSWER_BYTES_MAX = 256 * 1024
NICE = 10
FORECAST = {
    "ticks": 2000, "seeds": 8, "controls": 4, "scale": 10, "scale_ticks": 100,
    "forecast": {"metric": "births", "better": "more", "window_ticks": 300, "seconds": 60.0},
}  # fmt: skip
FORECAST_QUICK = FORECAST | {"ticks": 300, "seeds": 2, "controls": 1}
FORECAST_GOAL_S = 2.5
"""Half of what there is from the trigger to the applied mutation."""
SEARCH_TICKS, BATCH = 300, 16
CHEAPER_GOAL = 0.5
"""Of the time that a source takes by itself, in a batch."""


def measure(peers: bool, quick: bool) -> Report:
    """Measure trials of a small and a large world; there is no peer to it."""
    del peers
    missing = probe().missing
    generation = Generation({"entities": SMALL})
    ticks = TICKS_QUICK if quick else TICKS
    rows: list[Row] = []
    goals: list[Goal] = []
    for entities in (SMALL,) if quick else (SMALL, LARGE):
        arena = _warm_world(entities)
        for name in (TRAIT, INTERPRETED) if entities == SMALL else (TRAIT,):
            rounds = 1 if quick else ROUNDS if (entities, name) == (SMALL, TRAIT) else ROUNDS_FEW
            taken: list[tuple[float, dict[str, Any]]] = [
                ask(generation, arena, missing, {"ticks": ticks}, honest()[name])
                for _ in range(rounds)
            ]
            rows.append(_row(entities, ticks, [seconds for seconds, _ in taken], taken[-1][1]))
            if name == TRAIT and not quick:
                took_s = median([seconds for seconds, _ in taken])
                what = f"trial of {TICKS} ticks at {entities}"
                goals.append(at_most(what, took_s, GOALS_S[entities], "s"))
        if entities == SMALL:
            more = _evolution(generation, arena, missing, quick)
            rows, goals = rows + more[0], goals + more[1]
        os.close(arena)
    live_rows, live_goals = ([], []) if quick else measure_live(quick)
    return Report("trial", [*rows, *live_rows], [*goals, *live_goals])


def _evolution(
    generation: Generation, arena: int, missing: frozenset[Layer], quick: bool
) -> tuple[list[Row], list[Goal]]:
    """Measure a trial with a forecast, and sources of a search one by one and as a batch."""
    source, rounds = honest()[TRAIT], 1 if quick else ROUNDS_FEW
    asked = FORECAST_QUICK if quick else FORECAST
    foretold = [ask(generation, arena, missing, asked, source) for _ in range(rounds)]
    foretold_s = median([seconds for seconds, _ in foretold])
    many = 2 if quick else BATCH
    sources = [source + b"\n# %d\n" % number for number in range(many)]
    search = {"ticks": SEARCH_TICKS, "seeds": 1}
    alone = [ask(generation, arena, missing, search, each)[0] for each in sources[: 2 * rounds]]
    batch = search | {"lengths": [len(each) for each in sources]}
    together = [
        ask(generation, arena, missing, batch, b"".join(sources))[0] / many for _ in range(rounds)
    ]
    rows: list[Row] = [
        {
            "entities": SMALL, "what": "with a forecast", "ticks": asked["ticks"],
            "seeds": asked["seeds"], "median_s": foretold_s,
            "windows": len(foretold[-1][1]["forecast"]["windows"]),
        },
        {
            "entities": SMALL, "what": "of a search, alone", "ticks": SEARCH_TICKS, "seeds": 1,
            "median_s": median(alone),
        },
        {
            "entities": SMALL, "what": f"of a search, {many} in a batch", "ticks": SEARCH_TICKS,
            "seeds": 1, "median_s": median(together),
        },
    ]  # fmt: skip
    if quick:
        return rows, []
    share = median(together) / median(alone)
    return rows, [
        at_most(f"trial with a forecast at {SMALL}", foretold_s, FORECAST_GOAL_S, "s"),
        at_most("a source in a batch, of one alone", share, CHEAPER_GOAL, ""),
    ]


def ask(
    generation: Generation,
    arena: int,
    missing: frozenset[Layer],
    job: Mapping[str, Any],
    source: bytes,
) -> tuple[float, dict[str, Any]]:
    """Have one trial carried out by a fork of this process; return how long it took, the verdict.

    Raises:
        CannotMeasure: it came to none.
    """
    job_fd = os.memfd_create("job")
    os.write(job_fd, source)
    os.lseek(job_fd, 0, os.SEEK_SET)
    reader, writer = os.pipe()
    facts = {"trial": {"zone": "stable", "home": "/nowhere", **job}}
    began_s = time.perf_counter()
    child = os.fork()
    if not child:
        os.nice(NICE)
        named = {"job": job_fd, "result": writer, "arena": arena}
        try:
            generation.try_trait(facts, named, missing)
        finally:
            os._exit(0)
    os.close(writer)
    os.close(job_fd)
    answer = b""
    while data := os.read(reader, ANSWER_BYTES_MAX):
        answer += data
    took_s = time.perf_counter() - began_s
    os.close(reader)
    os.waitpid(child, 0)
    told: dict[str, Any] = json.loads(answer or b"{}")
    if not all(each.get("accepted") for each in told.get("verdicts", [told])):
        raise CannotMeasure(f"cannot measure a trial: {told.get('reason') or told.get('failed')}")
    return took_s, told


def _row(entities: int, ticks: int, taken_s: list[float], told: dict[str, Any]) -> Row:
    row: dict[str, Cell] = {
        "entities": entities,
        "ticks": ticks,
        "tier": told["tier"],
        "trials": len(taken_s),
        "median_s": median(taken_s),
        "max_s": max(taken_s),
    }
    row |= {f"{step}_s": seconds for step, seconds in told["seconds"].items()}
    for run, times in told["tick_us"].items():
        row[f"{run}_tick_us"] = times["median"]
    return row


def _warm_world(entities: int) -> int:
    """Return the descriptor of an arena in memory whose world has lived for a while."""
    settings = parse_settings({}, entities=entities)
    size = founding.plan(settings).file_bytes
    descriptor = os.memfd_create("arena")
    os.ftruncate(descriptor, size)
    words = ArenaWords(memoryview(mmap.mmap(descriptor, size)))
    founding.found(words, settings)
    engine = Engine(words, 1, lambda: 0)
    for _ in range(WARM_TICKS):
        engine.tick()
    check_arena(words, "the world of a bench")
    return descriptor
