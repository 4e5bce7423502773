"""The kinds of events of agents and of evolution; names and fields of SPEC 4 and 6.

Owns: the rows. Does not own: who sends them (the agents and the patcher, a later version).
"""

from typing import Any, Final

from Kernel.contract.envelope import Level
from Kernel.contract.kind_table import Kind

_WARNING = Level.WARNING
_SETTING: Final = {"related_commit_hash?": str, "context_window_snapshot_id?": str}
"""In what an event of an agent happened: the code then, and what the agent had in mind."""

AGENT_KINDS: Final = (
    Kind(
        "evolution.trigger",
        {
            "trigger_id": str,
            "problem_type": str,
            "severity": str,
            "affected_entities": int,
            "suggested_area": str,
            "snapshot_key": str,
            "value?": float,
            "threshold?": float,
            "tick?": int,
        },
    ),
    Kind(
        "evolution.plan",
        {
            "plan_id": str,
            "trigger_id": str,
            "action_type": str,
            "description": str,
            "target_class": str,
            "target_method": str,
            "metric?": str,
            "better?": str,
            "params?": dict[str, float],
        },
    ),
    Kind("evolution.force", {"reason": str}),
    Kind(
        # Every source an agent ever wrote, also one that is refused: resuming, diff, blame and the
        # museum of what was tried need no other place.
        "mutation.proposed",
        {
            "mutation_id": str,
            "plan_id": str,
            "trait_name": str,
            "code_hash": str,
            "author": str,
            "attempt": int,
            "source?": str,
            "params?": dict[str, float],
            "metric?": str,
            "better?": str,
            "model?": str,
            "prompt_hash?": str,
            "note?": str,
            "aside?": bool,  # what an author has tried and not taken: it asks for nothing
        },
    ),
    Kind(
        "mutation.ready",
        {
            "mutation_id": str,
            "plan_id": str,
            "file_path": str,
            "trait_name": str,
            "version": int,
            "code_hash": str,
            "depends_on?": list[str],
            "tried?": bool,
            "params?": dict[str, float],
        },
    ),
    Kind(
        "mutation.applied",
        {
            "mutation_id": str,
            "trait_name": str,
            "version": int,
            "registry_version": int,
            "tried?": bool,
            "tick?": int,
            "params?": dict[str, float],
            "before?": dict[str, float],  # values of these until then
        },
    ),
    Kind(
        "mutation.failed",
        {
            "mutation_id": str,
            "error": str,
            "stage": str,
            "rollback_to": str,
            "trait_name?": str,
            "version?": int,
            "rule?": str,
            "line?": int,
            "tick?": int,
            "aside?": bool,
        },
        _WARNING,
    ),
    Kind(
        "mutation.kept",
        {"mutation_id": str, "trait_name": str, "version": int, "tick": int, "ticks": int},
    ),
    Kind(
        "mutation.measured",  # with and without it, in the world as it is then
        {
            "mutation_id": str,
            "trait_name": str,
            "version": int,
            "metric": str,
            "better": str,
            "effect": list[dict[str, Any]],
            "ticks": int,
            "seeds": int,
        },
    ),
    Kind(
        "guard.begun",
        {
            "mutation_id": str,
            "trait_name": str,
            "version": int,
            "tick": int,
            "ticks": int,
            "metric?": str,
            "forecast?": list[dict[str, Any]],
            "degraded?": str,
        },
    ),
    Kind(
        "guard.tripped",
        {
            "mutation_id": str,
            "trait_name": str,
            "version": int,
            "tick": int,
            "rule": str,
            "reason": str,
            "measured?": dict[str, Any],
        },
        _WARNING,
    ),
    Kind(
        "guard.resumed",  # by the next kernel
        {"mutation_id": str, "trait_name": str, "version": int, "tick": int, "ticks_left": int},
    ),
    Kind(
        "guard.ended",  # there is nothing left to guard
        {"mutation_id": str, "trait_name": str, "version": int, "tick": int, "why": str},
    ),
    Kind("trait.released", {"name": str, "version": int, "code_hash": str}),
    Kind("feed", {"agent": str, "action": str, "message": str, "metadata": dict[str, Any]}),
    Kind("mission.started", {"mission": str, "description": str}),
    Kind("mission.ended", {"mission": str, "outcome": str, "succeeded": bool}),
    Kind(
        "agent.decided",  # AgentDecision
        {
            "context_hash": str,
            "input_trigger": str,
            "rationale": str,
            "rejected_alternatives": list[str],
            "memory_ids": list[str],
            "confidence_score": float,
            "mission?": str,
            "subject?": str,
            "options_considered?": list[str],
            "selected_strategy?": str,
            "model?": str,
            "prompt_hash?": str,
            "prompt_version?": str,
            "tokens?": int,
            "seconds?": float,
            # What the thought came to: a thought that is on record need not be thought again.
            "outcome?": dict[str, Any],
        }
        | _SETTING,
    ),
    Kind("agent.author_chosen", {"author": str, "why": str, "hint?": str, "model?": str}),
    Kind("agent.snapshotted", {"position": int, "path": str, "bytes": int}),
    Kind(
        "agent.changed_state",  # StateChange
        {
            "target_type": str,
            "target_resource": str,
            "previous_state_hash": str,
            "new_state_hash": str,
            "diff_patch": str,
            "is_reversible": bool,
            "depends_on?": list[str],
            "rolls_back?": str,
        }
        | _SETTING,
    ),
    Kind(
        "agent.signalled",  # SystemSignal
        {"status": str, "cpu_load_percent": float, "memory_usage_mb": float, "what?": str}
        | _SETTING,
    ),
    Kind(
        "agent.messaged",
        {"sender": str, "recipient": str, "subject": str, "text": str} | _SETTING,
    ),
    Kind(
        "lesson.learned",
        {
            "lesson_id": str,
            "situation": str,
            "action": str,
            "result": str,
            "feedback": str,
            "tags": list[str],
            "from_positions?": list[int],
        },
    ),
)
