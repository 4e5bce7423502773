"""How fast the world ticks, beside Mesa and C doing the same.

Workload "bench" is the anchors': 2000 x 2000, N Molbots, N food places, sense radius 50, neither
bodies nor weather nor genes; the peers do this one. Workload "life" is the default world with all
its physics, N Molbots at its density. `world_runs.py` says how long each warms.
"""

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.bench.figures import median
from tests.bench.report import CannotMeasure, Goal, Report, Row, at_least, at_most
from tests.bench.world_peers import MESA, compile_limit, run_limit, run_mesa
from tests.bench.world_runs import (
    TICKS,
    WARM_TICKS,
    WARM_TICKS_QUICK,
    Run,
    own_memory,
    run_each,
    settings_of,
)
from zones.world.warm_up import prepare

SIZES = {"bench": (500, 5_000, 50_000, 500_000), "life": (500, 5_000, 50_000, 200_000, 500_000)}
SIZES_QUICK = {"bench": (500, 5_000), "life": (500, 5_000)}
THREADS = (1, 2)
PHASES_AT = 200_000
LIFE_TICK_MS = {500: 0.1, 50_000: 2.2, 200_000: 9.0}
UPDATES_AT = 500_000
UPDATES_KEPT_PER_S = 28e6
UPDATES_TRIED_PER_S = 50e6
TUNED_RATIO = 140.0
FLAT_FROM, FLAT_TO = 5_000, 500_000
FLAT_RATIO = 2.0
Best = dict[int, Run]
"""By number of entities: the faster of the runs with one and with two threads."""


def measure(peers: bool, quick: bool) -> Report:
    """Measure both workloads at each size with one and two threads, and the peers when asked."""
    sizes, warm = (SIZES_QUICK, WARM_TICKS_QUICK) if quick else (SIZES, WARM_TICKS)
    prepare(max(THREADS))
    bench_rows, bench = measure_ours("bench", sizes["bench"], warm["bench"])
    peer_rows, tuned_ms = measure_peers(sizes["bench"], warm["bench"]) if peers else ([], {})
    life_rows, life = measure_ours("life", sizes["life"], warm["life"])
    memory_rows = [describe_memory(size, run.arena_bytes) for size, run in life.items()]
    rows = [*bench_rows, *peer_rows, *life_rows, *memory_rows, *describe_phases(life)]
    goals = [*judge_life(life), *judge_bench(bench, tuned_ms)]
    return Report("world", rows, goals)


def measure_ours(workload: str, sizes: tuple[int, ...], warm_ticks: int) -> tuple[list[Row], Best]:
    """Run one workload at each size; return its rows and the faster run of each size."""
    describe = describe_bench if workload == "bench" else describe_life
    rows: list[Row] = []
    best: Best = {}
    for entities in sizes:
        settings = settings_of(workload, entities)
        runs = run_each(settings, warm_ticks, TICKS[entities], THREADS)
        for threads, run in zip(THREADS, runs, strict=True):
            rows.append(describe(entities, threads, run, warm_ticks))
        best[entities] = min(runs, key=lambda run: run.tick_ms)
    return rows, best


def measure_peers(sizes: tuple[int, ...], warm_ticks: int) -> tuple[list[Row], dict[int, float]]:
    """Run the peers at each size; return their rows and the ticks of hand-tuned Mesa in ms."""
    rows: list[Row] = []
    tuned_ms: dict[int, float] = {}
    for name, (_, threads) in MESA.items():
        for entities in sizes:
            ticks_ms, note = attempt(lambda name=name, n=entities: run_mesa(name, n))
            rows.append(describe_peer(name, entities, threads, ticks_ms, note))
            if ticks_ms and name == "mesa hand-tuned":
                tuned_ms[entities] = median(ticks_ms)
    with tempfile.TemporaryDirectory() as folder:
        program = compile_limit(Path(folder))
        for entities in sizes:
            for threads in THREADS:
                ticks_ms, note = [], "not measured: no gcc"
                if program is not None:
                    ticks_ms, _ = run_limit(program, entities, threads, warm_ticks, TICKS[entities])
                    note = ""
                rows.append(describe_peer("C limit", entities, threads, ticks_ms, note))
    return rows, tuned_ms


def attempt(run: Callable[[], list[float]]) -> tuple[list[float], str]:
    """Return the ticks and no note, or no ticks and why: a slow peer must not end the bench."""
    try:
        return run(), ""
    except CannotMeasure as reason:
        return [], str(reason)


def judge_life(life: Best) -> list[Goal]:
    """Return the goals of the default physics for the sizes that were run."""
    goals = [
        at_most(f"tick of {entities:,} with all physics", life[entities].tick_ms, limit_ms, "ms")
        for entities, limit_ms in LIFE_TICK_MS.items()
        if entities in life
    ]
    if FLAT_TO in life:
        each = [ns_each(run) for size, run in life.items() if FLAT_FROM <= size <= FLAT_TO]
        name = f"ns per entity, dearest over cheapest of {FLAT_FROM:,} to {FLAT_TO:,}"
        goals.append(at_most(name, max(each) / min(each), FLAT_RATIO, "x"))
    return goals


def judge_bench(bench: Best, tuned_ms: Mapping[int, float]) -> list[Goal]:
    """Return the goals of the anchors' workload for the sizes that were run."""
    if UPDATES_AT not in bench:
        return []
    rate = updates_per_s(bench[UPDATES_AT])
    name = f"entity-updates at {UPDATES_AT:,}"
    goals = [
        at_least(f"{name}, kept", rate, UPDATES_KEPT_PER_S, "per s"),
        at_least(f"{name}, tried", rate, UPDATES_TRIED_PER_S, "per s"),
    ]
    if UPDATES_AT in tuned_ms:
        ratio = tuned_ms[UPDATES_AT] / bench[UPDATES_AT].tick_ms
        goals.append(at_least(f"times hand-tuned Mesa at {UPDATES_AT:,}", ratio, TUNED_RATIO, "x"))
    return goals


def ns_each(run: Run) -> float:
    """Return ns of the median tick for each living Molbot."""
    return run.tick_ms * 1e6 / run.population


def updates_per_s(run: Run) -> float:
    """Return how many Molbots are updated in a second of median ticks."""
    return run.population / run.tick_ms * 1e3


def describe_bench(entities: int, threads: int, run: Run, warm_ticks: int) -> Row:
    """Return a row of ours beside those of the peers."""
    del warm_ticks
    return _row("molt", entities, threads, run.ticks_ms, updates_per_s(run), "")


def describe_peer(name: str, entities: int, threads: int, ticks_ms: list[float], note: str) -> Row:
    """Return the row of a peer; it was not measured when it has no ticks."""
    rate = entities / median(ticks_ms) * 1e3 if ticks_ms else None
    return _row(name, entities, threads, ticks_ms, rate, note)


def _row(
    who: str, entities: int, threads: int, ticks_ms: list[float], rate: float | None, note: str
) -> Row:
    return {
        "workload": "bench",
        "who": who,
        "entities": entities,
        "threads": threads,
        "tick_ms_median": median(ticks_ms) if ticks_ms else None,
        "tick_ms_min": min(ticks_ms) if ticks_ms else None,
        "updates_per_s": rate,
        "ticks": len(ticks_ms),
        "note": note,
    }


def describe_life(entities: int, threads: int, run: Run, warm_ticks: int) -> Row:
    """Return a row of the default physics: cost for each entity."""
    return {
        "workload": "life",
        "entities": entities,
        "threads": threads,
        "tick_ms_median": run.tick_ms,
        "tick_ms_min": min(run.ticks_ms),
        "population": round(run.population),
        "ns_per_entity": ns_each(run),
        "warm_ticks": warm_ticks,
        "ticks": len(run.ticks_ms),
    }


def describe_memory(entities: int, arena_bytes: int) -> Row:
    """Return what one world of the default physics takes, by slot and in all."""
    own = own_memory(entities)
    return {
        "workload": "life",
        "entities": entities,
        "arena_bytes_per_slot": arena_bytes / entities,
        "engine_bytes_per_slot": own.engine / entities,
        "arena_mb": arena_bytes / 1e6,
        "process_private_mb": own.whole / 1e6,
    }


def describe_phases(life: Best) -> list[Row]:
    """Return a row for each phase of the faster run at PHASES_AT, when that was run."""
    if PHASES_AT not in life:
        return []
    return [
        {"workload": "life", "entities": PHASES_AT, "phase": name, "phase_ms_median": taken_ms}
        for name, taken_ms in life[PHASES_AT].phases_ms.items()
    ]
