"""Kill the process that computes the world, and time how its heir takes over.

Owns: when to kill and what to read from the arena afterwards. The times themselves are stamped by
the heir (`Header.TAKEN_OVER_NS`, `Header.FIRST_COMMIT_NS`), on the clock the kill is stamped with,
so looking at them late costs nothing.

A kill counts as *inside a tick* when the heir found the same committed tick that was there while
the flight word was set; if the tick was committed before the signal arrived, the kill counts as
*between ticks*, whatever was aimed at.
"""

import os
import random
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass

from Kernel.contract.arena import Header
from tests.bench.figures import NS_PER_MS, median, percentile
from tests.bench.live_kernel import ArenaView, founding, live_kernel
from tests.bench.peers.supervision_kills import measure_peers
from tests.bench.report import Goal, Report, Row, at_least, at_most
from tests.support.homes import temporary_home

POPULATIONS = (500, 5_000, 50_000)
POPULATION_LARGE = 200_000
KILLS = 60
KILLS_LARGE = 20
KILLS_QUICK = 8
PEER_KILLS = 15
PEER_KILLS_QUICK = 4
BETWEEN_EVERY = 5
"""Every fifth kill is aimed between two ticks."""
NO_BACKOFF = "kernel.zones.stable.free_failures=1000"
"""Back-off delays only the next heir, not a takeover; it would make this bench wait for minutes."""
EVENT_TIMEOUT_S = 30.0
SETTLE_TICKS = 20
TICK_SAMPLES = 16
"""Fewer than `SETTLE_TICKS`: none of them is the first tick of an heir."""
CALM_TICKS = 100
LEAD_NS = 400_000
"""How long before a tick is due the sleep ends and the spinning begins."""
SLEEP_WORTH_NS = 300_000

TAKEOVER_MEDIAN_MS = 1.0
TAKEOVER_P99_MS = 5.0
COMMIT_TICKS = 1.5
PEER_RATIO = 60.0


@dataclass(frozen=True, slots=True)
class Kill:
    """What one kill did.

    Args:
        inside: it met the world inside a tick.
        takeover_ms: signal sent → the heir holds the right to write and has set the flight word.
        commit_ms: signal sent → the heir's first commit.
        tick_ms: what a tick took just before, median of `TICK_SAMPLES`.
        missed: ticks committed more than one period late, from the kill to `SETTLE_TICKS` after.
    """

    inside: bool
    takeover_ms: float
    commit_ms: float
    tick_ms: float
    missed: int


def measure(peers: bool, quick: bool) -> Report:
    """Kill worlds of several sizes, and the peers' workers when asked to."""
    rows: list[Row] = []
    goals: list[Goal] = []
    smallest_commit_ms = None
    sizes = POPULATIONS if quick else (*POPULATIONS, POPULATION_LARGE)
    for population in sizes:
        kill_count = KILLS_QUICK if quick else KILLS
        if population == POPULATION_LARGE:
            kill_count = KILLS_LARGE
        kills, living, calm = measure_population(population, kill_count)
        rows += summarise(population, living, kills, calm)
        goals += judge(population, kills)
        if smallest_commit_ms is None:
            inside = [kill.commit_ms for kill in kills if kill.inside]
            smallest_commit_ms = median(inside) if inside else None
    if peers:
        peer_rows = measure_peers(PEER_KILLS_QUICK if quick else PEER_KILLS)
        rows += peer_rows
        goals.append(compare(peer_rows, smallest_commit_ms))
    return Report("takeover", rows, goals)


def measure_population(population: int, kill_count: int) -> tuple[list[Kill], int, int]:
    """Run one world and kill it; return kills, who lives then, ticks missed without a kill."""
    draw = random.Random(population)
    with (
        temporary_home() as home,
        live_kernel(home, *founding(population), NO_BACKOFF) as kernel,
    ):
        arena = kernel.arena
        arena.wait_for_heir(EVENT_TIMEOUT_S)
        calm = watch_calm(arena)
        kills = []
        for number in range(kill_count):
            aim_inside = (number + 1) % BETWEEN_EVERY != 0
            kills.append(kill_once(arena, aim_inside, draw))
        return kills, arena.population(), calm


def watch_calm(arena: ArenaView) -> int:
    """Return how many of `CALM_TICKS` are missed while nobody kills."""
    arena.wait_for_ticks(SETTLE_TICKS, EVENT_TIMEOUT_S)
    missed = arena.get(Header.MISSED_TICKS)
    arena.wait_for_ticks(CALM_TICKS, EVENT_TIMEOUT_S)
    return arena.get(Header.MISSED_TICKS) - missed


def kill_once(arena: ArenaView, aim_inside: bool, draw: random.Random) -> Kill:
    """Kill the owner at a random instant inside or between ticks, and see its heir go on.

    The instant is drawn from the first four fifths of a tick, or the first third of the pause.
    """
    heir = arena.wait_for_heir(EVENT_TIMEOUT_S)
    tick_ns = arena.recent_tick_ns(TICK_SAMPLES)
    missed = arena.get(Header.MISSED_TICKS)
    epoch = arena.get(Header.EPOCH)
    owner = arena.get(Header.OWNER)
    assert owner not in {0, heir}, "the owner is not its own heir"
    seen = wait_for_flight(arena)
    if aim_inside:
        pause_ns(0.8 * tick_ns * draw.random())
    else:
        period_ns = arena.get(Header.PERIOD_NS)
        arena.wait_until(lambda: arena.get(Header.FLIGHT) == 0, EVENT_TIMEOUT_S, "a commit")
        pause_ns(0.3 * max(period_ns - tick_ns, 0.0) * draw.random())
    killed_ns = time.monotonic_ns()
    os.kill(owner, signal.SIGKILL)
    arena.wait_until(
        lambda: arena.get(Header.EPOCH) != epoch and arena.get(Header.FIRST_COMMIT_NS) > killed_ns,
        EVENT_TIMEOUT_S,
        "a takeover",
    )
    inside = aim_inside and arena.get(Header.TAKEN_OVER_TICK) == seen
    takeover_ms = (arena.get(Header.TAKEN_OVER_NS) - killed_ns) / NS_PER_MS
    commit_ms = (arena.get(Header.FIRST_COMMIT_NS) - killed_ns) / NS_PER_MS
    arena.wait_for_ticks(SETTLE_TICKS, EVENT_TIMEOUT_S)
    missed = arena.get(Header.MISSED_TICKS) - missed
    return Kill(inside, takeover_ms, commit_ms, tick_ns / NS_PER_MS, missed)


def wait_for_flight(arena: ArenaView) -> int:
    """Return the committed tick at the moment the next one is seen under way.

    Sleeps until shortly before it is due, so that the watcher takes no core from the world.
    """
    deadline_ns = time.monotonic_ns() + int(EVENT_TIMEOUT_S * 1e9)
    while time.monotonic_ns() < deadline_ns:
        ahead_ns = arena.next_due_ns() - time.monotonic_ns()
        if ahead_ns > LEAD_NS:
            time.sleep((ahead_ns - LEAD_NS) / 1e9)
        for _ in range(2000):
            tick = arena.get(Header.COMMIT)
            if arena.get(Header.FLIGHT) and arena.get(Header.COMMIT) == tick:
                return tick
    arena.wait_until(lambda: False, 0.0, "a tick under way")
    raise AssertionError("wait_until raises")


def pause_ns(duration_ns: float) -> None:
    """Let time pass: asleep while that is exact enough, then spinning."""
    end_ns = time.monotonic_ns() + int(duration_ns)
    if duration_ns > SLEEP_WORTH_NS:
        time.sleep((duration_ns - SLEEP_WORTH_NS / 2) / 1e9)
    while time.monotonic_ns() < end_ns:
        pass


def summarise(population: int, living: int, kills: Sequence[Kill], calm: int) -> list[Row]:
    """Return one row for the kills inside ticks and one for those between.

    Args:
        population: Molbots at founding.
        living: Molbots after the last kill.
        calm: ticks of `CALM_TICKS` missed while nobody killed.
    """
    rows: list[Row] = []
    for inside in (True, False):
        chosen = [kill for kill in kills if kill.inside is inside]
        if not chosen:
            continue
        takeovers = [kill.takeover_ms for kill in chosen]
        commits = [kill.commit_ms for kill in chosen]
        rows.append(
            {
                "entities": population,
                "living": living,
                "killed": "inside" if inside else "between",
                "kills": len(chosen),
                "takeover_ms": median(takeovers),
                "takeover_p99_ms": percentile(takeovers, 0.99),
                "commit_ms": median(commits),
                "commit_p99_ms": percentile(commits, 0.99),
                "tick_ms": median([kill.tick_ms for kill in chosen]),
                "missed_ticks": sum(kill.missed for kill in chosen),
                f"missed_in_{CALM_TICKS}_calm": calm,
            }
        )
    return rows


def judge(population: int, kills: Sequence[Kill]) -> list[Goal]:
    """Return the goals of one population; only kills inside a tick count for the times."""
    inside = [kill for kill in kills if kill.inside]
    missed = at_most(
        f"missed ticks, {population} entities",
        sum(kill.missed for kill in kills),
        0,
        "ticks",
    )
    if population > max(POPULATIONS):
        return [missed]
    takeovers = [kill.takeover_ms for kill in inside]
    after = [(kill.commit_ms - kill.takeover_ms) / kill.tick_ms for kill in inside]
    size = f"{population} entities"
    return [
        at_most(
            f"takeover median, {size}",
            median(takeovers) if takeovers else None,
            TAKEOVER_MEDIAN_MS,
            "ms",
        ),
        at_most(
            f"takeover p99, {size}",
            percentile(takeovers, 0.99) if takeovers else None,
            TAKEOVER_P99_MS,
            "ms",
        ),
        at_most(
            f"takeover to commit, median, {size}",
            median(after) if after else None,
            COMMIT_TICKS,
            "normal ticks",
        ),
        missed,
    ]


def compare(peer_rows: Sequence[Row], commit_ms: float | None) -> Goal:
    """Return how much faster than the best peer molt serves again.

    "Served again" is the same for all: a new process has done work. For molt that is the commit,
    not the takeover, which comes earlier.
    """
    served = [
        float(value)
        for row in peer_rows
        if isinstance(value := row.get("served_median_ms"), int | float)
    ]
    ratio = min(served) / commit_ms if served and commit_ms else None
    return at_least("best peer's median beside molt's commit", ratio, PEER_RATIO, "times")
