"""What the agents are doing, for people: the answer to `molt agents`.

Owns: its fields. Does not own: how it looks (`Kernel/console`). Pure.
"""

from typing import Any

from zones.agents.choosing import Chosen
from zones.agents.memory import Memory
from zones.agents.orchestrator import Stage, stage_of
from zones.agents.settings import AgentsSettings
from zones.agents.telling import ROLES, THINKERS, describe
from zones.agents.thinking import Thinker

_WAITING = {
    Stage.APPLYING: ("patcher", "has the kernel bring it in"),
    Stage.GUARD: ("patcher", "waits for the guard"),
    Stage.MEASURING: ("patcher", "has its effect measured"),
}
"""Who waits, and for what, at stages where nobody thinks."""


def report(
    memory: Memory,
    settings: AgentsSettings,
    chosen: Chosen | None,
    thinker: Thinker,
    now_s: float,
) -> dict[str, Any]:
    """Return who does what now, where the mission is, and what was spent."""
    stage = stage_of(memory, settings)
    doing = {name: ("idle", None) for name in ROLES if name != "orchestrator"}
    doing["watcher"] = ("watches" if settings.evolution else "is off", None)
    if stage in _WAITING:
        who, what = _WAITING[stage]
        doing[who] = (what, None)
    context = thinker.context
    if context is not None:
        for_s = round(max(0.0, now_s - thinker.since_s), 3)
        doing[THINKERS[context.what]] = (f"thinks: {context.what}", for_s)  # type: ignore[assignment]
    counts = memory.counts
    return {
        "author": {
            "name": chosen.name if chosen is not None else "none",
            "why": chosen.why if chosen is not None else "it is being found out",
            "hint": chosen.hint if chosen is not None else "",
            "model": chosen.model if chosen is not None else "",
        },
        "agents": [
            {"name": name, "doing": what, "for_s": for_s} for name, (what, for_s) in doing.items()
        ],
        "mission": _mission(memory, stage),
        "queue": [trigger.name for trigger in memory.waiting],
        "unmeasured": [each.mutation_id for each in memory.unmeasured],
        "spent": {
            "thoughts": counts.thoughts,
            "tokens": counts.tokens,
            "seconds": round(counts.seconds, 3),
        },
        "counts": {
            "missions": counts.missions,
            "proposed": counts.proposed,
            "applied": counts.applied,
            "kept": counts.kept,
            "failed": counts.failed,
            "rolled_back": counts.rolled_back,
            "measured": counts.measured,
        },
        "evolution": settings.evolution,
        "position": memory.position,
    }


def _mission(memory: Memory, stage: Stage | None) -> dict[str, Any] | None:
    mission = memory.mission
    if mission is None or stage is None:
        return None
    draft = mission.draft
    return {
        "name": mission.name,
        "description": describe(mission),
        "stage": stage.value,
        "plans": mission.plans,
        "drafts": mission.drafts,
        "plan": mission.plan.fields["description"] if mission.plan is not None else "",
        "mutation_id": draft.mutation_id if draft is not None else "",
        "failures": [
            {key: each[key] for key in ("what", "stage", "reason")} for each in mission.failures
        ],
    }
