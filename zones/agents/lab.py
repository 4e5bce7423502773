"""The Lab of an author: he asks from his thread, the loop of the zone asks the kernel.

Owns: handing over both ways, how many asks are under way, coming again when too many wait. Does
not own: trials (the kernel), who asks (`thoughts.Lab`).
"""

import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from Kernel.contract.errors import CodecError, Refused
from Kernel.contract.messages import Answer
from zones.agents.thoughts import KILLED, AuthorFailed, Cancelled, Outcome, Stop

AT_ONCE: Final = 4
"""Asks under way; the kernel runs two trials beside each other, and the next are ready then."""
BATCH_MAX: Final = 16
"""Sources of one ask; the same as the kernel's."""
BATCH_BYTES_MAX: Final = 48 * 1024
LOOK_S: Final = 0.1
AGAIN_S: Final = 0.25
TRIES_MAX: Final = 40
TRIAL: Final = "trial"
KILLED_MAX: Final = 3


class Road(Protocol):
    """The zone's road to its kernel."""

    def ask(self, name: str, args: dict[str, Any]) -> int:
        """Ask for something."""

    def take_answer(self, request_id: int) -> Answer | None:
        """Return the answer once it is there."""


@dataclass(slots=True)
class _Job:
    args: dict[str, Any]
    outcomes: list[Outcome] | None = None
    error: str = ""
    tries: int = 0
    killed: int = 0
    not_before_s: float = 0.0


@dataclass(slots=True)
class _Work:
    """What both threads look at, held by one lock."""

    waiting: deque[_Job] = field(default_factory=deque)
    asked: dict[int, _Job] = field(default_factory=dict)
    closed: bool = False


class BusLab:
    """Trials for authors, by the road of the zone."""

    def __init__(self, world: str, carriers: str) -> None:
        self._about = {"zone": world, "carriers": carriers}
        self._work = _Work()
        self._change = threading.Condition()
        self.tried = 0

    # The author's side.

    def for_thought(self, cause: str, stop: Stop) -> "ThoughtLab":
        """Return the lab of one thought."""
        return ThoughtLab(self, cause, stop)

    def run(self, each_args: Sequence[dict[str, Any]], stop: Stop) -> list[Outcome]:
        """Have all tried, and wait for it.

        Raises:
            Cancelled: the thought is not wanted any more.
            AuthorFailed: no trial can be had.
        """
        jobs = [_Job(self._about | args) for args in each_args]
        with self._change:
            self._work.waiting.extend(jobs)
            while not all(job.outcomes is not None or job.error for job in jobs):
                if stop() or self._work.closed:
                    self._drop(jobs)
                    raise Cancelled
                self._change.wait(LOOK_S)
        failed = next((job.error for job in jobs if job.error), "")
        if failed:
            raise AuthorFailed(f"cannot try what was thought of: {failed}")
        return [outcome for job in jobs for outcome in job.outcomes or ()]

    def _drop(self, jobs: list[_Job]) -> None:
        waiting = self._work.waiting
        self._work.waiting = deque(job for job in waiting if not any(job is each for each in jobs))

    # The loop's side.

    def pump(self, road: Road, now_s: float) -> None:
        """Hand in answers, and ask for what waits; once in every turn of the loop."""
        with self._change:
            for number in list(self._work.asked):
                answer = road.take_answer(number)
                if answer is not None:
                    self._settle(self._work.asked.pop(number), answer, now_s)
            waiting = self._work.waiting
            while waiting and len(self._work.asked) < AT_ONCE and waiting[0].not_before_s <= now_s:
                job = waiting.popleft()
                try:
                    self._work.asked[road.ask(TRIAL, job.args)] = job
                except Refused:
                    job.not_before_s = now_s + AGAIN_S
                    waiting.appendleft(job)
                    break
                except CodecError as error:  # larger than a message: no trait is
                    refused = Outcome(False, "validation", "size", 0, error.message)
                    job.outcomes = [refused] * _size(job.args)
            self._change.notify_all()

    def _settle(self, job: _Job, answer: Answer, now_s: float) -> None:
        self.tried += 1
        # One that somebody has killed says nothing of what was tried: it is asked again.
        killed = answer.ok and answer.result.get("rule") == KILLED
        if answer.ok and not (killed and job.killed < KILLED_MAX):
            job.outcomes = _outcomes(answer.result, _size(job.args))
            return
        job.killed += killed
        job.tries += 1
        if job.tries >= TRIES_MAX:
            job.error = answer.error
            return
        # Too many wait, or the world moves: it comes first when it is time.
        job.not_before_s = now_s + AGAIN_S
        self._work.waiting.appendleft(job)

    def close(self) -> None:
        """Let nobody wait any more."""
        with self._change:
            self._work.closed = True
            self._change.notify_all()

    @property
    def under_way(self) -> int:
        """How many wait or are asked."""
        return len(self._work.waiting) + len(self._work.asked)


class ThoughtLab:
    """What one thought may try: `thoughts.Lab`."""

    def __init__(self, lab: BusLab, cause: str, stop: Stop) -> None:
        self._lab = lab
        self._cause = {"cause": cause} if cause else {}
        self._stop = stop

    def try_sources(self, sources: Sequence[str], ticks: int, seeds: int) -> list[Outcome]:
        """Try each source; several beside the same controls, in as many processes as may run."""
        about = {"ticks": ticks, "seeds": seeds, **self._cause}
        asks: list[dict[str, Any]] = [
            {"sources": list(part), **about} for part in parts_of(sources)
        ]
        return self._lab.run(asks, self._stop)

    def try_params(
        self, changes: Sequence[Mapping[str, float]], ticks: int, seeds: int
    ) -> list[Outcome]:
        """Try each change beside a control."""
        about = {"ticks": ticks, "seeds": seeds, **self._cause}
        return self._lab.run([{"params": dict(each), **about} for each in changes], self._stop)


def parts_of(sources: Sequence[str]) -> list[Sequence[str]]:
    """Return sources in parts that are tried together: small ones, and one after the other.

    The kernel takes BATCH_MAX in one message; a part of it has room for the longest sources.
    """
    parts: list[list[str]] = []
    room = 0
    for source in sources:
        size = len(source.encode(errors="replace"))
        if not parts or len(parts[-1]) >= BATCH_MAX or size > room:
            parts.append([])
            room = BATCH_BYTES_MAX
        parts[-1].append(source)
        room -= size
    return list(parts)


def _size(args: Mapping[str, Any]) -> int:
    """Return how many outcomes an ask is to have."""
    return len(args.get("sources", ("one",)))


def _outcomes(result: Mapping[str, Any], count: int) -> list[Outcome]:
    """Return an outcome for each of what was tried.

    A batch that came to no end has one verdict, which is that of all that were in it.
    """
    verdicts = result.get("verdicts") or [result]
    if len(verdicts) != count:
        verdicts = [verdicts[0]] * count
    return [outcome_of(verdict) for verdict in verdicts]


def outcome_of(verdict: Mapping[str, Any]) -> Outcome:
    """Return what an author goes by of a verdict's fields."""
    calls = int(verdict.get("calls", 0))
    faults = verdict.get("faults", {})
    effects = {
        each["metric"]: {key: each.get(key) for key in ("mean", "low", "high", "control")}
        for each in verdict.get("effect", ())
    }
    fuel = verdict.get("fuel", {})
    mean = fuel.get("mean", fuel.get("per_call", 0.0)) if isinstance(fuel, Mapping) else 0.0
    return Outcome(
        accepted=bool(verdict.get("accepted")),
        stage=str(verdict.get("stage", "")),
        rule=str(verdict.get("rule", "")),
        line=int(verdict.get("line", 0)),
        reason=str(verdict.get("reason", "")),
        effects=effects,
        calls=calls,
        faults=sum(int(count) for count in faults.values()),
        fuel_per_call=float(mean) if isinstance(mean, int | float) else 0.0,
        unchanged=bool(verdict.get("unchanged")),
    )
