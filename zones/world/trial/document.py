"""What is known of a source so far, and the document that is answered about it.

Owns: the fields of the answer, see `Kernel/core/trial_verdict.py` who reads it. Does not own: how
any of it is found. Pure, but for the clock that times the steps.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from Kernel.contract.trial_effect import Effect
from zones.traits.contract import INTERPRETED, OK, STATUS_NAMES
from zones.traits.first_faults import FirstFault
from zones.traits.verdict import Verdict
from zones.world.trial.effect import effects
from zones.world.trial.forecast import forecast
from zones.world.trial.job import SOURCE, Job, windows_of
from zones.world.trial.judging import Pair, lefts
from zones.world.trial.reading import Left
from zones.world.trial.tiers import Tiered

NOTE_CHARS_MAX: Final = 400
NEVER_CALLED: Final = "nothing of it was run: nobody was there to carry it"


class Halted(Exception):
    """What is tried comes no farther than this."""

    def __init__(self, stage: str, rule: str, reason: str, line: int = 0) -> None:
        super().__init__(reason)
        self._told = {"stage": stage, "rule": rule, "reason": reason, "line": line}

    def fields(self) -> dict[str, Any]:
        """Return plain data."""
        return self._told


@dataclass(slots=True)
class Findings:
    """What is known of the source so far."""

    verdict: Verdict
    tiered: Tiered = field(default_factory=lambda: Tiered(INTERPRETED))
    version: int = 0
    pairs: list[Pair] = field(default_factory=list)
    said: str = ""
    ticks: int = 0  # of each run
    left_out: int = 0  # pairs, for want of time
    degraded: str = ""  # what a forecast lacks, for want of time
    seconds: dict[str, float] = field(default_factory=dict)

    def first_faults(self) -> dict[int, FirstFault]:
        """Return by status where the first call that failed so did, as far as that is known."""
        first: dict[int, FirstFault] = {}
        for pair in reversed(self.pairs):
            first |= pair.candidate.left.first_faults if pair.candidate.left is not None else {}
        return first | dict(self.tiered.first_faults)

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Keep how long a step takes."""
        began_s = time.monotonic()
        yield
        self.seconds[step] = round(time.monotonic() - began_s, 4)


def document(
    job: Job, findings: Findings, population: int, world_notes: Sequence[str]
) -> dict[str, Any]:
    """Return all that is known of a source, whatever is said of it.

    Args:
        world_notes: how the world that it is about is not the zone's own, "" says nothing.
    """
    verdict, tiered = findings.verdict, findings.tiered
    late = f"{findings.left_out} pairs were left out: the time was up" if findings.left_out else ""
    lives = [pair.candidate.left for pair in findings.pairs if pair.candidate.left is not None]
    called = job.unchecked or any(each.calls for each in lives)
    idle = NEVER_CALLED if lives and not called and job.kind == SOURCE else ""
    notes = (tiered.note, *world_notes, idle, late)
    told: dict[str, Any] = {
        "kind": job.kind,
        "code_hash": verdict.code_hash,
        "name": verdict.name[:NOTE_CHARS_MAX],
        "version": findings.version,
        "tier": tiered.tier if findings.version else "",
        "state": verdict.state,
        "memory": verdict.memory,
        "moods": list(verdict.moods),
        "note": "; ".join(filter(None, notes))[:NOTE_CHARS_MAX],
        "stage": "",
        "said": findings.said,
        "seconds": findings.seconds,
    }
    read = lefts(findings.pairs)
    pairs = [(one, other) for one, other, factor in read if factor == 1]
    if pairs:
        told |= {"population": population, **_figures(job, findings, pairs)}
    for one, other, factor in read:
        if factor > 1:
            told["scale"] = {
                "factor": factor,
                "population": population * factor,
                "calls": one.calls,
                "faults": one.calls - one.statuses.get(OK, 0),
                "tick_us": {"candidate": dict(one.tick_us), "control": dict(other.tick_us)},
            }
    return told


def effects_of(pairs: Sequence[Pair]) -> list[Effect]:
    """Return the effect on each metric, of pairs with the world's own population."""
    read = [(one.metrics, other.metrics) for one, other, factor in lefts(pairs) if factor == 1]
    return effects([one for one, _ in read], [other for _, other in read]) if read else []


def _figures(job: Job, findings: Findings, pairs: list[tuple[Left, Left]]) -> dict[str, Any]:
    """Return what runs with the world's own population came to."""
    own = [each.candidate.left for each in findings.pairs if each.factor == 1]
    lives = [each for each in own if each is not None]
    statuses: dict[int, int] = {}
    for candidate in lives:
        for status, many in candidate.statuses.items():
            statuses[status] = statuses.get(status, 0) + many
    calls, fuel = sum(statuses.values()), sum(candidate.fuel for candidate in lives)
    first, control = pairs[0]
    broken = {check.name: check for candidate in lives for check in candidate.failed}
    window_ticks = windows_of(job)
    foretold = forecast(job, [each.windows for each in lives], window_ticks, findings.degraded)
    return {
        "ticks": findings.ticks,
        "seeds": len(lives),
        "calls": calls,
        "faults": {STATUS_NAMES[each]: many for each, many in statuses.items() if each != OK},
        "first_faults": {
            STATUS_NAMES[status]: place._asdict()
            for status, place in findings.first_faults().items()
            if status in statuses and place.line
        },
        "fuel": {
            "calls": calls,
            "per_call": fuel / calls if calls else 0.0,
            "per_call_max": max(candidate.fuel_max for candidate in lives),
            "per_tick": fuel / (findings.ticks * len(lives)),
        },
        "tick_us": {"candidate": dict(first.tick_us), "control": dict(control.tick_us)},
        "invariants": [f"{name}: {check.value:g} {check.what}" for name, check in broken.items()],
        "unchanged": all(one.bodies == other.bodies for one, other in pairs),
        "effect": [each.fields() for each in effects_of(findings.pairs)],
        "forecast": foretold.fields() if foretold is not None else None,
    }
