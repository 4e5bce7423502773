"""Pairs of runs: a candidate beside its control, in the same world with the same seed.

Owns: which pairs there are, what they may take, one more try after a kill from outside. Does not
own: a run (`runs.py`, `living.py`), what is read of it (`reading.py`), judging.
"""

import math
import os
import signal
import time
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from Kernel.contract.inputs import TraitFacts
from zones.runtime.arena_image import ArenaImage
from zones.world.trait_loading import LoadedTraits
from zones.world.trial.copying import multiplied, with_seed
from zones.world.trial.document import Findings
from zones.world.trial.following import Lied
from zones.world.trial.job import Job
from zones.world.trial.judging import Outcome, Pair
from zones.world.trial.living import Candidate, Life, live
from zones.world.trial.reading import read_left
from zones.world.trial.runs import End, How, Order, run_all
from zones.world.trial.unguarded import live_unguarded
from zones.world.trial.walls import Walls

SAID_CHARS_MAX: Final = 200
CPU_S: Final = 30.0
CPU_TICK_S: Final = 0.1
"""A run may take CPU_S and this for each tick: six times what a tick may take at all."""
AT_ONCE: Final = 2
"""A candidate beside its control, where the machine has two cores."""
SAFETY: Final = 1.5
"""A pair is begun while so many times the longest one so far still fits into the time."""
KILLS_MAX: Final = 2
"""Of one run by a SIGKILL that is not ours: the first may come from outside, and is no evidence."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a trial is given besides its job and the source.

    Args:
        image: the world it is about.
        world_note: why that is not the world of the zone, "" where it is.
        loaded: the traits that the world has already.
        budget_us: of a tick.
        until_s: monotonic seconds by which there must be a verdict.
    """

    image: ArenaImage
    loaded: LoadedTraits
    walls: Walls
    budget_us: float
    world_note: str = ""
    until_s: float = math.inf


def live_pairs(
    job: Job, source: bytes, facts: TraitFacts, context: Context, findings: Findings
) -> None:
    """Live through pair by pair until something speaks against it, or the time is up.

    The one with a multiple of the population comes second: more seeds are what can be done without.

    Raises:
        MoltError: not even the first pair was done in time.
    """
    compiled = findings.tiered.compiled
    candidate = Candidate(facts, source, compiled.code if compiled is not None else b"")
    factors = [1, *([job.scale] if job.scale > 1 else []), *[1] * (job.seeds - 1)]
    pairs, longest_s = 0, 0.0
    for number, factor in enumerate(factors):
        if number and time.monotonic() + SAFETY * longest_s > context.until_s:
            findings.left_out = len(factors) - number
            return
        began_s = time.monotonic()
        if factor > 1:
            image = multiplied(context.image, factor)
        else:
            image, pairs = with_seed(context.image, pairs), pairs + 1
        orders = [_order(image, job.ticks, context, each) for each in (None, candidate)]
        _live_pair(orders, factor, context, findings)
        longest_s = max(longest_s, time.monotonic() - began_s)
        if findings.pairs[-1].candidate.left is None or findings.pairs[-1].control.left is None:
            return


def _order(image: ArenaImage, ticks: int, context: Context, candidate: Candidate | None) -> Order:
    life = Life(image, ticks, context.loaded, candidate)
    return Order(
        image,
        ticks,
        partial(live, life),
        context.walls.seal_run,
        CPU_S + CPU_TICK_S * ticks,
        candidate.facts.hash if candidate is not None else "",
    )


def _live_pair(orders: list[Order], factor: int, context: Context, findings: Findings) -> None:
    """Live through a control and a candidate, and read what they have left."""
    at_once = min(AT_ONCE, len(os.sched_getaffinity(0)))
    ends = run_all(orders, at_once, context.until_s)
    for number, order in enumerate(orders):
        for _ in range(KILLS_MAX - 1):
            if ends[number].signal == signal.SIGKILL:
                ends[number] = run_all([order], 1, context.until_s)[0]
    control, candidate = (_outcome(end) for end in ends)
    findings.pairs.append(Pair(candidate, control, factor))
    findings.said = ends[1].said[:SAID_CHARS_MAX]


def _outcome(end: End) -> Outcome:
    """Return a run as it is judged: what it left is read, and may be a lie."""
    if end.how is not How.DONE:
        return Outcome(end.how, end.why, end.tick, end.flight)
    try:
        left = read_left(end.memory, end.origin, end.report, end.periods)
    except Lied as lie:
        return Outcome(How.LIED, str(lie), end.tick, end.flight)
    return Outcome(How.DONE, "", end.tick, end.flight, left)


def live_unchecked(job: Job, source: bytes, context: Context, findings: Findings) -> None:
    """Live through one pair, the source as it is; see `unguarded.py`."""
    image = context.image
    control = _order(image, job.ticks, context, None)
    body = partial(live_unguarded, Life(image, job.ticks, context.loaded), source)
    _live_pair([control, replace(control, body=body, counted=False)], 1, context, findings)
