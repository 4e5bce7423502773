"""Who does what next: one act follows from what the agents know.

Owns: the order of a mission, its bounds, when one begins. Does not own: what is known
(`folding.py`), doing it (`crew.py`), what its event says (`telling.py`). Pure: no clock; the times
are those of the log.

An act is over when its event is in the log, and what comes then follows from the log alone.
Thoughts and asks whose outcome is not there are begun again by whoever comes after a kill.

    trigger -> started -> plan -> told -> draft -> proposed -> review -> apply -> guard -> measured
                           ^                 |         refused, vetoed, failed |
                           +-----------------+---------------------------------+ -> summary -> end
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from Kernel.contract.parameters import hash_of_values
from zones.agents.memory import Draft, Memory, Mission, Summary
from zones.agents.settings import AgentsSettings
from zones.agents.watcher import Problem, detect_problems

NS_PER_S: Final = 1_000_000_000
LATE_TICKS: Final = 1200
"""So long after the guard period was to end, nobody waits any more for how it ended."""


class Stage(StrEnum):
    """Where a mission is."""

    STARTING = "starting"
    PLANNING = "planning"
    TELLING_PLAN = "telling the plan"
    WRITING = "writing"
    PROPOSING = "proposing"
    TELLING_DISPROVED = "telling what was disproved"
    REVIEWING = "reviewing"
    VETOED = "vetoed"
    APPLYING = "applying"
    GUARD = "under guard"
    MEASURING = "measuring"
    SUMMING_UP = "summing up"
    LEARNING = "learning"
    ENDING = "ending"


_IDLE: Final = frozenset(
    (Stage.PLANNING, Stage.WRITING, Stage.GUARD, Stage.MEASURING, Stage.SUMMING_UP)
)
"""Where nothing is lost by telling something first."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """The Watcher has found a problem."""

    problem: Problem
    cause: str
    snapshot_key: str


@dataclass(frozen=True, slots=True)
class Start:
    """Tell that a mission begins."""

    mission: Mission


@dataclass(frozen=True, slots=True)
class Think:
    """Have the author think: "plan", "write", "review" or "summarise"."""

    what: str
    mission: Mission | None


@dataclass(frozen=True, slots=True)
class TellPlan:
    """Tell a plan that is decided."""

    mission: Mission


@dataclass(frozen=True, slots=True)
class Propose:
    """Tell a draft, or the parameters of a plan where there is none."""

    mission: Mission
    draft: Draft | None


@dataclass(frozen=True, slots=True)
class Veto:
    """Tell that the Reviewer has refused a draft, or its author himself."""

    mission: Mission
    draft: Draft


@dataclass(frozen=True, slots=True)
class GiveUpThought:
    """Tell that a draft or plan is none: it was there before, or says nothing."""

    mission: Mission
    role: str
    stage: str
    reason: str


@dataclass(frozen=True, slots=True)
class Apply:
    """Ask the kernel to bring a draft in."""

    mission: Mission
    draft: Draft


@dataclass(frozen=True, slots=True)
class Learn:
    """Tell the next lesson of a summary."""

    summary: Summary


@dataclass(frozen=True, slots=True)
class End:
    """Tell how a mission ended."""

    mission: Mission
    outcome: str


Act = (
    Trigger
    | Start
    | Think
    | TellPlan
    | Propose
    | Veto
    | GiveUpThought
    | Apply
    | Learn
    | End
)  # fmt: skip


def stage_of(memory: Memory, settings: AgentsSettings) -> Stage | None:
    """Return where the mission under way is, None where there is none.

    What was disproved is told once the draft that was not is in the world, or before the next
    thought: a world in trouble does not wait for the record of what does not help.
    """
    mission = memory.mission
    if mission is None:
        return None
    stage = _stage_of(memory, mission, settings)
    return Stage.TELLING_DISPROVED if mission.disproved and stage in _IDLE else stage


def _stage_of(memory: Memory, mission: Mission, settings: AgentsSettings) -> Stage:
    if not mission.started:
        return Stage.STARTING
    if mission.summed_up:
        summary = memory.summary
        is_ours = summary is not None and summary.mission == mission.name
        left = is_ours and summary is not None and summary.told < len(summary.lessons)
        return Stage.LEARNING if left else Stage.ENDING
    draft, plan = mission.draft, mission.plan
    if draft is not None and draft.applied_tick is not None:
        return _of_applied(memory, draft)
    if draft is not None:
        return _of_draft(draft)
    if plan is None or _is_spent(mission, settings):
        is_over = mission.plans >= settings.plans_max or _has_passed(memory, mission, settings)
        return Stage.SUMMING_UP if is_over else Stage.PLANNING
    if not plan.told:
        return Stage.TELLING_PLAN
    return Stage.PROPOSING if plan.fields["action_type"] == "adjust_params" else Stage.WRITING


def _is_spent(mission: Mission, settings: AgentsSettings) -> bool:
    """Tell whether a plan came to nothing often enough; parameters are tried once."""
    assert mission.plan is not None, "asked of a plan"
    once = mission.plan.fields["action_type"] == "adjust_params"
    return mission.spent or mission.of_plan >= (1 if once else settings.attempts_max)


def _has_passed(memory: Memory, mission: Mission, settings: AgentsSettings) -> bool:
    """Tell whether the trouble went by itself while a first plan came to nothing.

    What is planned anew would be against a trouble that nobody has: a summer's crowd is gone in
    autumn, and the famine that follows waits for this mission to end.
    """
    kind = mission.trigger.problem.get("problem_type", "")
    if not mission.plans or not kind or not memory.telemetry:
        return False
    problems = detect_problems([seen.fields for seen in memory.telemetry], settings.watcher())
    return all(each.problem_type != kind for each in problems)


def _of_draft(draft: Draft) -> Stage:
    if not draft.told:
        return Stage.PROPOSING
    if draft.params or draft.review == "approved":
        return Stage.APPLYING
    return Stage.VETOED if draft.review else Stage.REVIEWING


def _of_applied(memory: Memory, draft: Draft) -> Stage:
    if draft.outcome not in ("", "kept"):
        return Stage.SUMMING_UP
    if draft.outcome == "kept":
        open_ones = (*memory.unmeasured, *memory.unwanted)
        waits = any(each.mutation_id == draft.mutation_id for each in open_ones)
        return Stage.MEASURING if waits else Stage.SUMMING_UP
    assert draft.applied_tick is not None, "asked of an applied one"
    due = draft.applied_tick + draft.guard_ticks + LATE_TICKS
    is_late = bool(memory.telemetry) and memory.telemetry[-1].tick > due
    return Stage.SUMMING_UP if is_late else Stage.GUARD


def outcome_of(mission: Mission) -> str:
    """Return how a mission ends as it stands: the word of mission.ended."""
    draft = mission.draft
    if draft is None or draft.applied_tick is None:
        return "gave_up"
    return draft.outcome or "applied"


def decide(memory: Memory, settings: AgentsSettings) -> Act | None:
    """Return the next act of agents who know this, None: they wait for an event."""
    mission, summary = memory.mission, memory.summary
    stage = stage_of(memory, settings)
    if summary is not None and summary.told < len(summary.lessons):
        return Learn(summary)
    if memory.steps >= settings.lesson_steps and stage in (None, Stage.GUARD, Stage.MEASURING):
        return Think("summarise", None)
    if mission is None or stage is None:
        return _watch(memory, settings)
    match stage:
        case Stage.STARTING:
            return Start(mission)
        case Stage.PLANNING:
            return Think("plan", mission)
        case Stage.TELLING_PLAN:
            return TellPlan(mission)
        case Stage.WRITING:
            return Think("write", mission)
        case Stage.PROPOSING:
            return _propose(memory, mission)
        case Stage.TELLING_DISPROVED:
            first = mission.disproved[0]
            return Veto(mission, first) if first.told else Propose(mission, first)
        case Stage.REVIEWING:
            return Think("review", mission)
        case Stage.VETOED:
            assert mission.draft is not None, "it was reviewed"
            return Veto(mission, mission.draft)
        case Stage.APPLYING:
            assert mission.draft is not None, "it was approved"
            return Apply(mission, mission.draft)
        case Stage.SUMMING_UP:
            return Think("summarise", mission)
        case Stage.ENDING:
            return End(mission, outcome_of(mission))
        case _:
            return None


def _propose(memory: Memory, mission: Mission) -> Act:
    """Propose a draft unless it was proposed before: it would come to what it came to then."""
    draft = mission.draft
    if draft is not None and draft.code_hash in memory.hashes:
        why = f"{draft.mutation_id} is this very source; it was proposed before"
        return GiveUpThought(mission, "coder", "repeated", why)
    if draft is None:
        assert mission.plan is not None, "it is told"
        params = mission.plan.fields.get("params", {})
        if not params:
            return GiveUpThought(mission, "architect", "empty", "the plan changes no parameter")
        if hash_of_values(params) in memory.hashes:
            why = "these very values were proposed before"
            return GiveUpThought(mission, "architect", "repeated", why)
    return Propose(mission, draft)


def _watch(memory: Memory, settings: AgentsSettings) -> Trigger | None:
    """Return a trigger where the newest telemetry shows a problem and it is time for a mission."""
    if not settings.evolution or not memory.telemetry:
        return None
    newest = memory.telemetry[-1]
    cooldown_ns = settings.evolution_cooldown_sec * NS_PER_S
    # A clock that was set back must not put the next mission off until it has come up again.
    if memory.triggered_by == newest.id or abs(newest.time_ns - memory.trigger_ns) < cooldown_ns:
        return None
    problems = detect_problems([seen.fields for seen in memory.telemetry], settings.watcher())
    if not problems:
        return None
    worst = max(problems, key=lambda each: _RANK[each.severity])
    key: Any = newest.fields.get("snapshot_key") or f"tick:{newest.tick}"
    return Trigger(worst, newest.id, str(key))


_RANK: Final = {"low": 0, "medium": 1, "high": 2, "critical": 3}
