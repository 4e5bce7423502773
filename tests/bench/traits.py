"""How fast traits run, beside `asyncio.wait_for` per call; and what judging and compiling cost.

Five questions: a tick of 500 Molbots with three traits in each way of running them; a tick of
200,000 in a whole world; what counting fuel costs machine code; a verdict; a compilation.
`--quick` leaves out the large world and asks of a few traits only. The peer is always in the run.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.figures import NS_PER_MS, median, percentile
from tests.bench.report import ROOT, Cell, Goal, Report, Row, at_least, at_most
from tests.bench.traits_fuel import measure_fuel
from tests.bench.traits_runs import ENTITIES, SETS, take_turns, ways_of
from tests.bench.traits_world import measure_world
from tests.zones.traits.corpus import honest
from zones.traits.contract import NATIVE
from zones.traits.native.compiling import compile_trait, load_native
from zones.traits.native.tiers import tier_of
from zones.traits.reading import check_source

ROUNDS, ROUNDS_QUICK = 60, 5
PEER = "asyncio.wait_for per call"
NATIVE_TIMES, INTERPRETED_TIMES = 1000.0, 10.0
PHASE_MS, TICK_MS = 5.0, 14.0
FUEL_PERCENT = 5.0
VERDICT_MS, COMPILE_MS = 20.0, 200.0
VERDICT_ROUNDS, VERDICT_ROUNDS_QUICK = 5, 1
COMPILED_QUICK = 4
SCREENING_TIMEOUT_S = 300.0


def measure(peers: bool, quick: bool) -> Report:
    """Measure all five; the peer is measured whether it is asked for or not."""
    del peers
    rows: list[Row] = []
    goals: list[Goal] = []
    for ask in (ask_ways, ask_world, ask_fuel, ask_verdicts, ask_compiler):
        answered_rows, answered_goals = ask(quick)
        rows += answered_rows
        goals += answered_goals
    return Report("traits", rows, goals)


def ask_ways(quick: bool) -> tuple[list[Row], list[Goal]]:
    """Return a tick of 500 Molbots with three traits, in each way, for each set of traits."""
    rows: list[Row] = []
    faster: dict[str, float] = {}
    for kind, names in SETS.items():
        taken = take_turns(ways_of(names), ROUNDS_QUICK if quick else ROUNDS)
        for way, times in taken.items():
            faster[f"{kind} {way}"] = median(taken[PEER]) / median(times)
            rows.append(
                {
                    "500 x 3 traits": kind,
                    "way": way,
                    "tick_ms": median(times),
                    "p95_ms": percentile(times, 0.95),
                    "us_per_call": median(times) * 1e3 / (ENTITIES * len(names)),
                    "times_wait_for": faster[f"{kind} {way}"],
                }
            )
    native, interpreted = faster["small molt native"], faster["small molt interpreted"]
    return rows, [
        at_least("native, times wait_for", native, NATIVE_TIMES, "x"),
        at_least("interpreted, times wait_for", interpreted, INTERPRETED_TIMES, "x"),
    ]


def ask_world(quick: bool) -> tuple[list[Row], list[Goal]]:
    """Return a tick of 200,000 Molbots with all physics and three native traits."""
    if quick:
        return [{"200,000 x 3 traits": "not measured: --quick"}], []
    rows: list[Row] = []
    goals: list[Goal] = []
    threads = len(os.sched_getaffinity(0))
    for kind, found in measure_world(threads, SETS).items():
        phases_ms = found.run.phases_ms
        rows.append(
            {
                "200,000 x 3 traits": kind or "none",
                "population": found.run.population,
                "calls": found.calls,
                "threads": threads,
                "traits_ms": phases_ms["traits"],
                "meals_ms": phases_ms["meals"],
                "tick_ms": found.run.tick_ms,
                "tick_p95_ms": percentile(found.run.ticks_ms, 0.95),
            }
        )
        if kind == "small":
            # What traits ask for is settled in a phase of its own: it is part of what they cost.
            phase_ms = phases_ms["traits"] + phases_ms["meals"]
            goals = [
                at_most("trait phase of 200,000 x 3 native", phase_ms, PHASE_MS, "ms"),
                at_most("whole tick of 200,000 with it", found.run.tick_ms, TICK_MS, "ms"),
            ]
    return rows, goals


def ask_fuel(quick: bool) -> tuple[list[Row], list[Goal]]:
    """Return what the same kernels cost more with fuel than without."""
    found = measure_fuel(ROUNDS_QUICK if quick else ROUNDS)
    rows = [
        {
            "fuel": name,
            "with_ns": counted,
            "without_ns": free,
            "percent": 100.0 * (counted / free - 1.0),
        }
        for name, (counted, free) in found.items()
    ]
    counted = sum(counted for counted, _ in found.values())
    free = sum(free for _, free in found.values())
    percent = 100.0 * (counted / free - 1.0)
    return rows, [at_most("fuel, of machine code", percent, FUEL_PERCENT, "%")]


def ask_verdicts(quick: bool) -> tuple[list[Row], list[Goal]]:
    """Return how long a verdict on an honest source takes, its child included."""
    rounds = VERDICT_ROUNDS_QUICK if quick else VERDICT_ROUNDS
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.traits_screening", str(rounds)],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
        timeout=SCREENING_TIMEOUT_S,
    )
    taken: list[float] = json.loads(done.stdout)
    row: dict[str, Cell] = {
        "verdicts": len(taken),
        "median_ms": median(taken),
        "p95_ms": percentile(taken, 0.95),
        "max_ms": max(taken),
    }
    return [row], [at_most("verdict on an honest source", median(taken), VERDICT_MS, "ms")]


def ask_compiler(quick: bool) -> tuple[list[Row], list[Goal]]:
    """Return how long compiling and loading take, of every honest trait that is native."""
    checked = {name: check_source(source) for name, source in honest().items()}
    native = {name: trait for name, trait in checked.items() if tier_of(trait)[0] == NATIVE}
    compile_ms: list[float] = []
    load_ms: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        for number, trait in enumerate(list(native.values())[: COMPILED_QUICK if quick else None]):
            place = Path(folder) / trait.code_hash
            place.mkdir()
            started_ns = time.perf_counter_ns()
            compile_trait(trait, place)
            compiled_ns = time.perf_counter_ns()
            load_native(trait, place)
            if number:  # the first one loads the compiler
                compile_ms.append((compiled_ns - started_ns) / NS_PER_MS)
                load_ms.append((time.perf_counter_ns() - compiled_ns) / NS_PER_MS)
    row: dict[str, Cell] = {
        "compiled": len(compile_ms),
        "native_of_honest": f"{len(native)} of {len(checked)}",
        "median_ms": median(compile_ms),
        "p95_ms": percentile(compile_ms, 0.95),
        "max_ms": max(compile_ms),
        "load_median_ms": median(load_ms),
    }
    return [row], [at_most("compiling a trait, warm", median(compile_ms), COMPILE_MS, "ms")]
