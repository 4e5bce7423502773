"""What safe mode decides: which version runs the world and when, and when to try normal running.

Owns: the order of versions, the times of probes. Does not own: doing any of it
(`lone_world.py`, `probing.py`). Pure: state and time in, state out. Model: Erlang/OTP
`lib/stdlib/src/supervisor.erl` for the restarts; nothing is ever given up for good.
"""

from dataclasses import dataclass, replace

from fallback.back_off import BackOff

HEALTHY_S = 60.0
"""A world that ran so long starts over at a failure: first delay, same version."""
SERVED_FAILURES_MAX = 3
"""Failures in a row of a version that has ticked; one that never did is passed over at once."""
SETTLE_S = 0.5
"""After a change of files: an editor or a checkout may still be writing."""
RETURN_S = 60.0
"""Normal running that fails so soon was no success: its probe counts as failed."""
WORLD_BACK_OFF = BackOff(0.5, 30.0)


@dataclass(frozen=True, slots=True)
class WorldPlan:
    """Which version to run next, and when.

    Args:
        version: index among the versions there are.
        failures: in a row, of any version.
        of_version: in a row, of this one.
        due_s: monotonic seconds; not earlier.
    """

    version: int = 0
    failures: int = 0
    of_version: int = 0
    due_s: float = 0.0


def plan_after_failure(
    plan: WorldPlan, versions: int, ticked_for_s: float | None, now_s: float
) -> WorldPlan:
    """Return the plan after the lone process has ended although nobody asked it to.

    Args:
        versions: how many there are, at least one.
        ticked_for_s: how long it ran after its first tick; None: it came to none.
    """
    if ticked_for_s is not None and ticked_for_s >= HEALTHY_S:
        plan = replace(plan, failures=0, of_version=0)
    failures, of_version = plan.failures + 1, plan.of_version + 1
    version = plan.version
    if ticked_for_s is None or of_version >= SERVED_FAILURES_MAX:
        version, of_version = plan.version + 1, 0
    # As long as another version is untried there is nothing to wait for.
    untried = ticked_for_s is None and failures < versions
    delay_s = 0.0 if untried else WORLD_BACK_OFF.delay_s(max(1, failures - versions + 1))
    return WorldPlan(version % versions, failures, of_version, now_s + delay_s)


@dataclass(frozen=True, slots=True)
class ProbePlan:
    """When to try whether normal running would work.

    Args:
        failures: in a row, those of normal running that came back too soon among them.
        due_s: monotonic seconds.
    """

    failures: int
    due_s: float


def plan_first_probe(back_off: BackOff, failures: int, now_s: float) -> ProbePlan:
    """Return the plan at the entry into safe mode, after so many failures."""
    return ProbePlan(failures, now_s + back_off.delay_s(failures + 1))


def plan_next_probe(plan: ProbePlan, back_off: BackOff, now_s: float) -> ProbePlan:
    """Return the plan after a probe that failed."""
    failures = plan.failures + 1
    return ProbePlan(failures, now_s + back_off.delay_s(failures + 1))


def plan_no_probe(plan: ProbePlan) -> ProbePlan:
    """Return the plan of a stay that was asked for: normal running is tried when that is, too."""
    return replace(plan, due_s=float("inf"))


def plan_after_change(plan: ProbePlan, now_s: float) -> ProbePlan:
    """Return the plan after files were changed: soon, once they have settled."""
    return replace(plan, due_s=min(plan.due_s, now_s + SETTLE_S))


def failures_at_entry(failures_left: int, left_s: float | None, now_s: float) -> int:
    """Return how many failures count when safe mode is entered.

    Args:
        failures_left: when safe mode was last left for normal running.
        left_s: seconds since the machine's boot at which that was; None: never.
        now_s: the same clock.
    """
    if left_s is None or not 0 <= now_s - left_s <= RETURN_S:
        return 0
    return failures_left + 1
