"""Traits that arrive at a running world: what its ticks notice, and how long each takes to come in.

Owns: the worlds, who asks, the ticks missed meanwhile beside a control of the same length and in
which part of it, the time from a verdict to the tick in which the trait has come in. Does not own:
what a trial takes (`trial.py`). Times between events are read from the kernel's log; a control is
the same world for about as long with nothing done, just before. `load`: of the machine, which says
whether others were at work. `--quick`: a small world, few traits.
"""

import json
import os
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.bench.figures import median
from tests.bench.late_ticks import LateTicks, Span, share_out
from tests.bench.live_kernel import LiveKernel, founding, live_kernel
from tests.bench.report import CannotMeasure, Goal, Report, Row, at_most
from tests.bench.trial_live import SETTLE_S, SETTLE_TICKS, source_of, watch
from tests.support.homes import temporary_home

SMALL, LARGE = 500, 50_000
TRAITS = (
    "bounce_off_walls", "all_calm", "forage_nearest", "age_slowdown", "colour_by_energy",
    "circadian_colours", "flocking_cohesion", "elders_lead",
)  # fmt: skip
TRAITS_QUICK = 2
SWAPS, SWAPS_QUICK = 5, 1
CONTROL_S, CONTROL_QUICK_S = 30.0, 2.0
APPLIED_S = 5.0
SWAP_MS = 2000.0
"""From when a generation is begun: long after it has taken over, and the next heir is there."""
MOST_S = 1200.0
"""For all of them: at 50,000 a trial takes 15 s, and they run one after the other."""


def measure(peers: bool, quick: bool) -> Report:
    """Let traits arrive one after the other, then all at once, in fresh worlds; no peer swaps."""
    del peers
    rows: list[Row] = []
    goals: list[Goal] = []
    names = TRAITS[:TRAITS_QUICK] if quick else TRAITS
    for entities in (SMALL,) if quick else (SMALL, LARGE):
        for ask, how in ((_one_by_one, "one after the other"), (_at_once, "all at once")):
            with temporary_home() as home, live_kernel(home, *founding(entities)) as kernel:
                kernel.arena.wait_for_ticks(SETTLE_TICKS, SETTLE_S)
                rows += (found := _arrive(kernel, home, entities, names, ask, how, quick))
                goals += _judge(entities, how, found)
                if how == "all at once":
                    rows.append(_swap_by_exec(kernel, home, entities, quick))
    return Report("hotswap", rows, goals)


def _judge(entities: int, how: str, found: list[Row]) -> list[Goal]:
    added = found[-1]
    what = f"missed ticks, {len(TRAITS)} traits {how} at {entities}"
    goals = [at_most(what, float(str(added["missed_ticks"])), 0, "ticks")]
    if entities == SMALL and how == "one after the other":
        what = f"asked to applied at {entities}, with its trial"
        goals.append(at_most(what, float(str(added["add_s_p50"])), APPLIED_S, "s"))
    return goals


Ask = Callable[[LiveKernel, tuple[str, ...]], list[float | None]]
"""Returns how long each took, None for one that was refused: a trial on a busy machine may find a
trait too slow."""


def _arrive(
    kernel: LiveKernel,
    home: Path,
    entities: int,
    names: tuple[str, ...],
    ask: Ask,
    how: str,
    quick: bool,
) -> list[Row]:
    """Watch the world alone, then while traits arrive."""
    seconds = CONTROL_QUICK_S if quick else CONTROL_S
    alone = watch(kernel, entities, "control", lambda began_s: _is_past(began_s, seconds))
    told: list[float | None] = []
    errors: list[str] = []

    def act() -> None:
        try:
            told.extend(ask(kernel, names))
        except CannotMeasure as error:
            errors.append(str(error))

    thread = threading.Thread(target=act)
    thread.start()
    what = f"{len(names)} traits {how}"
    with LateTicks(kernel.arena) as late:
        row = watch(kernel, entities, what, lambda _began_s: not thread.is_alive(), MOST_S)
    thread.join()
    took = [each for each in told if each is not None]
    if errors or not took:
        raise CannotMeasure(errors[0] if errors else "every trait was refused")
    events = _events(home)
    applied = _spans_ms(events, "trait.validated", "mutation.applied", "name", "trait_name")
    begun = _of(events, "generation.begun")
    return [
        dict(alone),
        dict(row)
        | {
            "control_missed_per_min": _per_minute(alone),
            "missed_per_min": _per_minute(row),
            **{f"missed_in_{part}": many for part, many in _parts(late, events).items()},
            "load": round(os.getloadavg()[0], 1),
            "refused": len(told) - len(took),
            "generations": len(begun),
            "begun_to_promoted_ms_p50": median(_promoted_ms(events)),
            "validated_to_applied_ms_p50": median(applied),
            "validated_to_applied_ms_max": max(applied),
            "add_s_p50": median(took),
            "add_s_max": max(took),
        },
    ]


def _swap_by_exec(kernel: LiveKernel, home: Path, entities: int, quick: bool) -> Row:
    """Renew the same generation by exec, as every renewal once was."""
    before = len(_events(home))
    rounds = SWAPS_QUICK if quick else SWAPS

    def act() -> None:
        for _ in range(rounds):
            kernel.ask("soft-restart", MOST_S, zone="stable", fresh=True)

    thread = threading.Thread(target=act)
    thread.start()
    what = f"{rounds} generations by exec"
    row = watch(kernel, entities, what, lambda _began_s: not thread.is_alive(), MOST_S)
    thread.join()
    events = _events(home)[before:]
    load = round(os.getloadavg()[0], 1)
    return dict(row) | {"load": load, "begun_to_promoted_ms_p50": median(_promoted_ms(events))}


def _one_by_one(kernel: LiveKernel, names: tuple[str, ...]) -> list[float | None]:
    return [_add(kernel, name) for name in names]


def _at_once(kernel: LiveKernel, names: tuple[str, ...]) -> list[float | None]:
    took: list[float | None] = []
    errors: list[CannotMeasure] = []

    def act(name: str) -> None:
        try:
            took.append(_add(kernel, name))
        except CannotMeasure as error:
            errors.append(error)

    threads = [threading.Thread(target=act, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return took


def _add(kernel: LiveKernel, name: str) -> float | None:
    began_s = time.monotonic()
    try:
        kernel.ask("trait add", MOST_S, source=source_of(name))
    except CannotMeasure as error:
        if "cannot add the trait" in str(error):
            return None
        raise
    return time.monotonic() - began_s


def _is_past(began_s: float, seconds: float) -> bool:
    return time.monotonic() - began_s >= seconds


def _per_minute(row: Row) -> float:
    return round(60 * float(str(row["missed_ticks"])) / float(str(row["seconds"])), 2)


# The kernel's log.


def _events(home: Path) -> list[dict[str, Any]]:
    """Return what the kernel has told so far."""
    lines = (home / "bench-stderr.log").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


def _parts(late: LateTicks, events: list[dict[str, Any]]) -> dict[str, int]:
    """Return how many ticks were missed in which part of what was done, a swap before a trial."""
    return share_out(
        late.seen,
        {
            "swaps": [
                Span(since, since + SWAP_MS) for since in map(_ms, _of(events, "generation.begun"))
            ],
            "trials": _paired(events, "trial.begun", "trial.ended"),
        },
    )


def _paired(events: list[dict[str, Any]], first: str, last: str) -> list[Span]:
    """Return from when to when each lasted: one runs after the other, or they overlap."""
    ends = [_ms(each) for each in _of(events, last)]
    begun = [_ms(each) for each in _of(events, first)]
    return [
        Span(since, min((end for end in ends if end > since), default=since)) for since in begun
    ]


def _of(events: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [each for each in events if each.get("event") == kind]


def _ms(event: dict[str, Any]) -> float:
    return datetime.fromisoformat(event["timestamp"]).timestamp() * 1000


def _spans_ms(
    events: list[dict[str, Any]], first: str, last: str, key: str, last_key: str
) -> list[float]:
    """Return for each event of one kind how long after one of another it came, by a key of both."""
    began = {each[key]: _ms(each) for each in _of(events, first)}
    return [
        round(_ms(each) - began[each[last_key]], 1)
        for each in _of(events, last)
        if each[last_key] in began
    ]


def _promoted_ms(events: list[dict[str, Any]]) -> list[float]:
    """Return how long each generation took to be made ready."""
    begun = [_ms(each) for each in _of(events, "generation.begun")]
    promoted = [_ms(each) for each in _of(events, "generation.promoted")][-len(begun) :]
    return [round(later - since, 1) for since, later in zip(begun, promoted, strict=True)]
