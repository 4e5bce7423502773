"""How fast the world ticks, beside Mesa doing the same.

Workload: 2000 x 2000, N Molbots, N food places, sense radius 50, all other rules the default ones.
Our ticks are counted after WARM_TICKS, when the food has been grazed down to what grows back;
Mesa is measured from its first tick, while food is plenty and near, which is its best case.
"""

import json
import mmap
import subprocess
import time
from dataclasses import asdict
from pathlib import Path

from Kernel.contract.arena import ArenaWords, Header, State
from tests.bench.figures import median
from tests.bench.peers.world_rules import Rules
from tests.bench.peers_env import peers_python
from tests.bench.report import ROOT, CannotMeasure, Report, Row, at_least, at_most
from zones.world import founding
from zones.world.engine import Engine
from zones.world.parameters import BY_NAME
from zones.world.settings import parse_settings
from zones.world.warm_up import prepare

SIZES = (500, 5_000, 50_000, 500_000)
SIZES_QUICK = (500, 5_000)
SIDE = 2000.0
WARM_TICKS = 30
TICKS = {500: 2000, 5_000: 600, 50_000: 200, 500_000: 60}
PEER_BUDGET_S = 30.0
PEER_TICKS = 20
PEERS = {"mesa idiomatic": ("world_mesa.py", 1), "mesa hand-tuned": ("world_mesa_tuned.py", 2)}
"""Script, and threads: the KD-tree query uses all cores, Python one."""
UPDATES_PER_S = 28e6
SMALL_TICK_MS = 0.1
TUNED_RATIO = 140.0


def measure(peers: bool, quick: bool) -> Report:
    """Measure each size with one and two threads, and the peers when asked."""
    sizes = SIZES_QUICK if quick else SIZES
    prepare(2)
    rows: list[Row] = []
    best: dict[int, float] = {}
    for entities in sizes:
        for threads in (1, 2):
            row, tick_ms = measure_molt(entities, threads)
            rows.append(row)
            best[entities] = min(tick_ms, best.get(entities, tick_ms))
    tuned_ms: dict[int, float] = {}
    if peers:
        for name in PEERS:
            for entities in sizes:
                peer_row, peer_ms = measure_peer(name, entities)
                rows.append(peer_row)
                if peer_ms is not None and name == "mesa hand-tuned":
                    tuned_ms[entities] = peer_ms
    goals = [at_most("tick of 500 with its Python", best[500], SMALL_TICK_MS, "ms")]
    if 500_000 in best:
        rate = 500_000 / best[500_000] * 1e3
        goals.append(at_least("entity-updates at 500k", rate, UPDATES_PER_S, "per s"))
    if 500_000 in tuned_ms:
        ratio = tuned_ms[500_000] / best[500_000]
        goals.append(at_least("times hand-tuned Mesa at 500k", ratio, TUNED_RATIO, "x"))
    return Report("world", rows, goals)


def measure_molt(entities: int, threads: int) -> tuple[Row, float]:
    """Run one world and return its row and median tick in ms."""
    settings = parse_settings({"max_entities": entities})
    words = ArenaWords(memoryview(mmap.mmap(-1, founding.plan(settings).file_bytes)))
    founding.found(words, settings)
    engine = Engine(
        words, threads, lambda: words.state(words.get(Header.COMMIT), State.OUTBOX_HEAD)
    )
    for _ in range(WARM_TICKS):
        engine.tick()
    ticks_ms: list[float] = []
    updates = 0
    for _ in range(TICKS[entities]):
        started_ns = time.perf_counter_ns()
        tick = engine.tick()
        ticks_ms.append((time.perf_counter_ns() - started_ns) / 1e6)
        updates += words.state(tick, State.POPULATION)
    tick_ms = median(ticks_ms)
    row: Row = {
        "who": "molt",
        "entities": entities,
        "threads": threads,
        "tick_ms_median": tick_ms,
        "tick_ms_min": min(ticks_ms),
        "updates_per_s": updates / len(ticks_ms) / tick_ms * 1e3,
        "ticks": len(ticks_ms),
        "note": "",
    }
    return row, tick_ms


def measure_peer(name: str, entities: int) -> tuple[Row, float | None]:
    """Run one peer in its own Python; None when not one tick was done within the budget."""
    defaults = {parameter.name: parameter.default for parameter in BY_NAME.values()}
    rules = Rules(
        entities=entities,
        side=SIDE,
        ticks=PEER_TICKS,
        budget_s=PEER_BUDGET_S,
        **{key: defaults[key] for key in Rules.__slots__ if key in defaults},
    )
    command = [
        str(peers_python()),
        str(Path(__file__).parent / "peers" / PEERS[name][0]),
        json.dumps(asdict(rules)),
    ]
    try:
        # Once over its budget a peer may finish the tick it is in.
        done = subprocess.run(
            command,
            cwd=ROOT,
            capture_output=True,
            check=True,
            text=True,
            timeout=3 * PEER_BUDGET_S,
        )
    except subprocess.TimeoutExpired:
        return _peer_row(name, entities, [], f"no tick within {3 * PEER_BUDGET_S:.0f} s"), None
    except subprocess.CalledProcessError as error:
        raise CannotMeasure(f"cannot measure {name}: {error.stderr[-500:]}") from error
    ticks_ms = json.loads(done.stdout)["ticks_ms"]
    if not ticks_ms:
        return _peer_row(name, entities, [], f"founding took over {PEER_BUDGET_S:.0f} s"), None
    return _peer_row(name, entities, ticks_ms, ""), median(ticks_ms)


def _peer_row(name: str, entities: int, ticks_ms: list[float], note: str) -> Row:
    tick_ms = median(ticks_ms) if ticks_ms else None
    return {
        "who": name,
        "entities": entities,
        "threads": PEERS[name][1],
        "tick_ms_median": tick_ms,
        "tick_ms_min": min(ticks_ms) if ticks_ms else None,
        "updates_per_s": entities / tick_ms * 1e3 if tick_ms else None,
        "ticks": len(ticks_ms),
        "note": note,
    }
