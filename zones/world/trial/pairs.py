"""Pairs of runs: a candidate beside its control, in the same world with the same seed.

Owns: which pairs there are, what they may take, one more try after a kill from outside. Does not
own: a run (`runs.py`, `living.py`), what is read of it (`reading.py`), judging.
"""

import math
import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, NamedTuple

from Kernel.contract.arena import State
from Kernel.contract.inputs import Input
from zones.runtime.arena_image import ArenaImage
from zones.world.columns import read_extent
from zones.world.trait_loading import LoadedTraits
from zones.world.trial.copying import SLOTS_MAX, multiplied, with_seed
from zones.world.trial.document import Findings
from zones.world.trial.following import Lied
from zones.world.trial.forecast import plan_rest, plan_runs
from zones.world.trial.job import Job, windows_of
from zones.world.trial.judging import Outcome, Pair
from zones.world.trial.living import Candidate, Life, live
from zones.world.trial.reading import read_left
from zones.world.trial.runs import End, How, Order, read_all
from zones.world.trial.unguarded import live_unguarded
from zones.world.trial.walls import Walls

SAID_CHARS_MAX: Final = 200
CPU_S: Final = 30.0
CPU_TICK_S: Final = 0.1
"""A run may take CPU_S and this for each tick: six times what a tick may take at all."""
AT_ONCE: Final = 2
"""A candidate beside its control, where the machine has two cores."""
BESIDE_MAX: Final = 16
"""Pairs whose runs wait for each other; what has spoken against one is seen after so many."""
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


@dataclass(frozen=True, slots=True)
class Change:
    """What the two runs of a pair differ in.

    Args:
        candidate: whose code comes in in the candidate's first tick, None: nobody's.
        inputs: applied in the candidate's first tick; without: in the control's.
    """

    candidate: Candidate | None = None
    inputs: tuple[Input, ...] = ()
    without: tuple[Input, ...] = ()


class _Wanted(NamedTuple):
    """One pair: the seed by its number, how many times the population, whether with a control."""

    seed: int
    factor: int = 1
    control: bool = True


class Pairs:
    """All pairs of one trial, lived through in the order of what they tell.

    Args:
        findings: what comes of them is put there.
    """

    def __init__(self, job: Job, change: Change, context: Context, findings: Findings) -> None:
        self._job = job
        self._change = change
        self._context = context
        self._findings = findings
        self._longest_s = 0.0
        population = int.from_bytes(context.image.buffer[State.POPULATION :][:8], "little")
        self._planned = plan_runs(job, population)
        findings.ticks = self._planned.ticks

    def live(self) -> None:
        """Live through pair by pair until something speaks against it, or the time is up.

        The one with a multiple of the population comes second: more seeds are what can be done
        without. The rest of them live beside each other, as many at a time as may.

        Raises:
            MoltError: not even the first pair was done in time.
        """
        job, findings = self._job, self._findings
        began_s = time.monotonic()
        if not self._live([_Wanted(0)]):
            return
        self._planned = plan_rest(job, self._planned, time.monotonic() - began_s)
        findings.degraded = self._planned.degraded
        wanted = [
            _Wanted(seed, control=not job.controls or seed < job.controls)
            for seed in range(1, self._planned.seeds)
        ]
        factor = self._factor()
        if factor > 1:
            wanted.insert(0, _Wanted(0, factor))
        while wanted:
            fitting = (self._context.until_s - time.monotonic()) / (SAFETY * self._longest_s)
            some = wanted[: 1 if wanted[0].factor > 1 else int(min(fitting, BESIDE_MAX))]
            if fitting < 1:
                findings.left_out = len(wanted)
                return
            if not self._live(some):
                return
            wanted = wanted[len(some) :]

    def _factor(self) -> int:
        """Return how many times the population one more pair has, 1: there is none."""
        job = self._job
        if not job.scale_ticks:
            return job.scale
        return min(job.scale, SLOTS_MAX // read_extent(self._context.image.schema).capacity)

    def _live(self, wanted: Sequence[_Wanted]) -> bool:
        """Live through some pairs; return whether all runs came to a good end."""
        began_s = time.monotonic()
        images = [self._image(each) for each in wanted]
        places = [(number, 0) for number in range(len(wanted))]
        places += [(number, 1) for number, each in enumerate(wanted) if each.control]
        orders = [
            self._order(images[number], wanted[number].factor, is_control=bool(control))
            for number, control in places
        ]
        outcomes = dict(zip(places, live_orders(orders, self._context.until_s), strict=True))
        pairs = [
            Pair(outcomes[number, 0], outcomes.get((number, 1)), each.factor)
            for number, each in enumerate(wanted)
        ]
        took_s = time.monotonic() - began_s
        self._longest_s = max(self._longest_s, took_s / len(wanted))
        bad = [pair for pair in pairs if pair.candidate.left is None]
        self._findings.pairs += pairs
        self._findings.said = (bad or pairs)[-1].candidate.said
        return all(outcome.left is not None for outcome in outcomes.values())

    def _image(self, wanted: _Wanted) -> ArenaImage:
        image = self._context.image
        return (
            multiplied(image, wanted.factor) if wanted.factor > 1 else with_seed(image, wanted.seed)
        )

    def _order(self, image: ArenaImage, factor: int, is_control: bool) -> Order:
        job, context, change = self._job, self._context, self._change
        ticks, window_ticks = self._planned.ticks, windows_of(job)
        if factor > 1:
            ticks, window_ticks = job.scale_ticks or ticks, 0
        life = Life(image, ticks, context.loaded)
        if is_control:
            life = replace(life, inputs=change.without)
        else:
            life = replace(
                life, candidate=change.candidate, inputs=change.inputs, window_ticks=window_ticks
            )
        return order_of(life, context)


def order_of(life: Life, context: Context) -> Order:
    """Return the order of one run."""
    return Order(
        life.image,
        life.ticks,
        partial(live, life),
        context.walls.seal_run,
        CPU_S + CPU_TICK_S * life.ticks,
        life.candidate.facts.hash if life.candidate is not None else "",
        window_ticks=life.window_ticks,
    )


def live_orders(orders: Sequence[Order], until_s: float, at_once: int = AT_ONCE) -> list[Outcome]:
    """Return what came of each run; one that somebody has killed has one more try."""
    at_once = min(at_once, len(os.sched_getaffinity(0)))
    outcomes = read_all(orders, at_once, until_s, _outcome)
    for number, order in enumerate(orders):
        for _ in range(KILLS_MAX - 1):
            if outcomes[number].signal == signal.SIGKILL:
                outcomes[number] = read_all([order], 1, until_s, _outcome)[0]
    return outcomes


def live_beside(
    job: Job,
    change: Change,
    context: Context,
    controls: Sequence[Outcome],
    findings: Findings,
    at_once: int,
) -> None:
    """Live through the candidate's runs alone, one for each control that has been lived.

    Args:
        at_once: so many beside each other; what has spoken against one is seen after these.
    """
    findings.ticks = job.ticks
    for first in range(0, len(controls), at_once):
        beside = controls[first : first + at_once]
        orders = [
            order_of(
                Life(
                    with_seed(context.image, first + number), job.ticks, context.loaded,
                    change.candidate, change.inputs,
                ),
                context,
            )
            for number in range(len(beside))
        ]  # fmt: skip
        lived = live_orders(orders, context.until_s, at_once)
        findings.pairs += [Pair(*each) for each in zip(lived, beside, strict=True)]
        bad = [each for each in lived if each.left is None]
        findings.said = (bad or lived)[-1].said
        if bad:
            return


def _outcome(end: End) -> Outcome:
    """Return a run as it is judged: what it left is read, and may be a lie."""
    said = end.said[:SAID_CHARS_MAX]
    if end.how is not How.DONE:
        return Outcome(end.how, end.why, end.tick, end.flight, signal=end.signal, said=said)
    try:
        left = read_left(end.memory, end.origin, end.report, end.periods)
    except Lied as lie:
        return Outcome(How.LIED, str(lie), end.tick, end.flight, said=said)
    return Outcome(How.DONE, "", end.tick, end.flight, left, said=said)


def live_unchecked(job: Job, source: bytes, context: Context, findings: Findings) -> None:
    """Live through one pair, the source as it is; see `unguarded.py`."""
    life = Life(context.image, job.ticks, context.loaded)
    control = order_of(life, context)
    body = partial(live_unguarded, life, source)
    stranger = replace(control, body=body, counted=False)
    candidate, beside = live_orders([stranger, control], context.until_s)
    findings.pairs.append(Pair(candidate, beside))
    findings.said, findings.ticks = candidate.said, job.ticks
