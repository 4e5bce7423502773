"""What the log is told of each act and thought: kinds, payloads, causes, who speaks.

Owns: the words. Does not own: when it is told (`orchestrator.py`), sending it (`crew.py`). Pure.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final, assert_never

from Kernel.contract.codec import pack
from Kernel.contract.envelope import Role
from Kernel.contract.parameters import hash_of_values
from zones.agents import orchestrator as acts
from zones.agents.memory import (
    DISPROVED,
    FAILED,
    LEFT,
    UNMEASURED,
    Draft,
    Kept,
    Memory,
    Mission,
    mutation_id_of,
    trigger_id,
)
from zones.agents.thoughts import DISPROVED_MAX, Disproved, LessonText, Plan, Review, Thought
from zones.agents.thoughts import Draft as Drafted
from zones.runtime.lessons.lesson import TAG_CHARS_MAX, TAGS_MAX, TEXT_CHARS_MAX, lesson_id

ROLES: Final = {
    "watcher": Role.WATCHER,
    "architect": Role.ARCHITECT,
    "coder": Role.CODER,
    "reviewer": Role.REVIEWER,
    "patcher": Role.PATCHER,
    "historian": Role.HISTORIAN,
    "orchestrator": Role.ORCHESTRATOR,
}
THINKERS: Final = {
    "plan": "architect",
    "write": "coder",
    "review": "reviewer",
    "summarise": "historian",
}
"""Who thinks which thought."""
AREAS: Final = {
    "starvation": "traits",
    "overpopulation": "environment",
    "low_diversity": "environment",
}
TEXT_MAX: Final = 2000
LISTED_MAX: Final = 16
LINE_MAX: Final = 300
POSITIONS_MAX: Final = 256


@dataclass(frozen=True, slots=True)
class Told:
    """One event to be published.

    Args:
        cause: hex id of the event that led to it, "" for none.
        who: one of ROLES.
    """

    kind: str
    payload: dict[str, Any]
    cause: str
    who: str
    beside: tuple["Told", ...] = field(default=())

    @property
    def role(self) -> Role:
        """Whose act it is."""
        return ROLES[self.who]

    @property
    def agent(self) -> str:
        """Return the agent's id."""
        return f"{self.who}-1"


def tell_act(memory: Memory, act: acts.Act) -> Told | None:
    """Return the event of an act, None for one that is done first: thoughts and asks."""
    match act:
        case acts.Trigger():
            return _trigger(act)
        case acts.Start(mission):
            about = {"mission": mission.name, "description": describe(mission)}
            return Told("mission.started", about, mission.trigger.event, "orchestrator")
        case acts.TellPlan(mission):
            return _plan(mission)
        case acts.Propose(mission, draft):
            return _propose(memory, mission, draft)
        case acts.Veto(mission, draft):
            return _veto(mission, draft)
        case acts.GiveUpThought(mission, role, stage, reason):
            return no_thought(mission.name, role, stage, reason, mission.last)
        case acts.Learn(summary):
            return _learn(summary)
        case acts.End(mission, outcome):
            ended: dict[str, Any] = {
                "mission": mission.name, "outcome": outcome, "succeeded": outcome == "kept",
            }  # fmt: skip
            return Told("mission.ended", ended, mission.last, "orchestrator")
        case acts.Think() | acts.Apply():
            return None
        case _:
            assert_never(act)


def describe(mission: Mission) -> str:
    """Return in a line what a mission is for."""
    problem = mission.trigger.problem
    if not problem:
        return f"asked for by hand: {mission.trigger.reason}"[:TEXT_MAX]
    return "{problem_type}, {severity}: {value:.3g} against {threshold:.3g}".format(**problem)


def _trigger(act: acts.Trigger) -> Told:
    problem = act.problem
    payload = {
        "trigger_id": trigger_id(f"{act.cause} {problem.problem_type}"),
        "problem_type": problem.problem_type,
        "severity": problem.severity,
        "affected_entities": problem.affected_entities,
        "suggested_area": AREAS[problem.problem_type],
        "snapshot_key": act.snapshot_key,
        "value": float(problem.value),
        "threshold": float(problem.threshold),
        "tick": problem.tick,
    }
    words = f"{problem.problem_type}, {problem.severity}: {problem.value:.3g}"
    told = {"threshold": float(problem.threshold), "tick": problem.tick}
    feed = _feed("watcher", "found", words, told, act.cause)
    return Told("evolution.trigger", payload, act.cause, "watcher", (feed,))


def _plan(mission: Mission) -> Told:
    plan = mission.plan
    assert plan is not None, "it is decided"
    fields = plan.fields
    payload = {
        "plan_id": plan.plan_id,
        "trigger_id": mission.name,
        **{
            key: fields[key]
            for key in (
                "action_type", "description", "target_class", "target_method", "metric", "better",
            )
        },
    }  # fmt: skip
    if fields.get("params"):
        payload["params"] = dict(fields["params"])
    message = _message("architect", "coder", "plan", fields["description"], plan.decided)
    feed = _feed(
        "architect", "planned", fields["description"], {"plan_id": plan.plan_id}, plan.decided
    )
    return Told("evolution.plan", payload, plan.decided, "architect", (message, feed))


def _propose(memory: Memory, mission: Mission, draft: Draft | None) -> Told:
    plan = mission.plan
    assert plan is not None, "it is told"
    params = dict(plan.fields.get("params", {})) if draft is None else {}
    code_hash = hash_of_values(params) if draft is None else draft.code_hash
    mutation_id = mutation_id_of(code_hash)
    payload: dict[str, Any] = {
        "mutation_id": mutation_id,
        "plan_id": plan.plan_id,
        "trait_name": plan.fields["target_class"],
        "code_hash": code_hash,
        "author": memory.author,
        "attempt": max(mission.drafts, 1),
        "metric": plan.fields["metric"],
        "better": plan.fields["better"],
    }
    if draft is None:
        payload["params"] = params
        feed = _feed("coder", "proposed", ", ".join(params), {"mutation_id": mutation_id}, "")
        return Told("mutation.proposed", payload, plan.told, "coder", (feed,))
    texts = {
        "source": draft.source, "model": draft.model, "prompt_hash": draft.prompt_hash,
        "note": draft.note,
    }  # fmt: skip
    payload |= {key: text for key, text in texts.items() if text}
    about = draft.note or plan.fields["target_class"]
    if draft.review == DISPROVED:  # nobody is asked to review it
        return Told("mutation.proposed", payload | {"aside": True}, draft.decided, "coder")
    message = _message("coder", "reviewer", mutation_id, about, draft.decided)
    feed = _feed("coder", "proposed", about, {"mutation_id": mutation_id}, draft.decided)
    return Told("mutation.proposed", payload, draft.decided, "coder", (message, feed))


def _veto(mission: Mission, draft: Draft) -> Told:
    payload: dict[str, Any] = {
        "mutation_id": draft.mutation_id,
        "error": draft.review_reason[:TEXT_MAX] or f"refused in {draft.review_stage}",
        "stage": draft.review_stage,
        "rollback_to": "",
        "trait_name": draft.trait_name,
    }
    if draft.review == DISPROVED:
        payload |= {"rule": draft.review_rule, "line": draft.review_line, "aside": True}
        feed = _feed(
            "coder", "disproved", payload["error"], {"mutation_id": draft.mutation_id}, draft.told
        )
        return Told("mutation.failed", payload, draft.told, "coder", (feed,))
    message = _message("reviewer", "coder", draft.mutation_id, payload["error"], draft.reviewed)
    return Told("mutation.failed", payload, draft.reviewed, "reviewer", (message,))


def no_thought(
    mission: str,
    who: str,
    stage: str,
    reason: str,
    cause: str,
    *,
    what: str = "",
    spent: bool = False,
    disproved: Sequence[Disproved] = (),
) -> Told:
    """Return what is told of a thought that came to nothing.

    Args:
        what: the trait that was to be written, "" for none.
        spent: so did its plan.
        disproved: what was tried.
    """
    about: dict[str, Any] = {"mission": mission, "stage": stage}
    about |= {"what": what} if what else {}
    about |= {"spent": True} if spent else {}
    about |= {"disproved": _plain_disproved(disproved)} if disproved else {}
    return _feed(who, FAILED, reason, about, cause)


def _learn(summary: Any) -> Told:
    lesson = summary.lessons[summary.told]
    texts = {
        key: str(lesson[key])[:TEXT_CHARS_MAX]
        for key in ("situation", "action", "result", "feedback")
    }
    payload: dict[str, Any] = {
        "lesson_id": lesson_id(texts["situation"], texts["action"], texts["result"]),
        **texts,
        "tags": [str(tag)[:TAG_CHARS_MAX] for tag in lesson.get("tags", ())][:TAGS_MAX],
        "from_positions": list(summary.from_positions)[-POSITIONS_MAX:],
    }
    return Told("lesson.learned", payload, summary.decided, "historian")


@dataclass(frozen=True, slots=True)
class Context:
    """What a thought was about, for its record.

    Args:
        mission: "" for a look back on the last steps.
        cause: event that led to it; subject: what it is about, "" where that is its outcome's.
        memory_ids: lessons that it knew.
    """

    what: str
    mission: str
    cause: str
    subject: str = ""
    memory_ids: Sequence[str] = ()


def tell_thought(thought: Thought[Any], context: Context) -> Told:
    """Return the AgentDecision of a thought, with what it came to."""
    value = thought.value
    subject, outcome, strategy = context.subject, outcome_of(value), ""
    match value:
        case Plan():
            subject = plan_id_of(context.mission, context.cause, outcome)
            strategy = value.action_type
        case Drafted():
            code_hash = hashlib.sha256(value.source.encode()).hexdigest()
            subject, strategy = mutation_id_of(code_hash), value.note[:TEXT_MAX]
        case Review():
            strategy = "approve" if value.approved else "veto"
        case _:
            strategy = f"{len(value)} lessons"
    payload: dict[str, Any] = {
        "context_hash": hash_of((context.what, context.mission, context.cause, subject)),
        "input_trigger": context.mission or "steps",
        "rationale": thought.rationale[:TEXT_MAX],
        "rejected_alternatives": _short(thought.rejected),
        "memory_ids": list(context.memory_ids)[:LISTED_MAX],
        "confidence_score": min(1.0, max(0.0, float(thought.confidence))),
        "subject": subject,
        "options_considered": _short(thought.options),
        "selected_strategy": strategy,
        "model": thought.model,
        "prompt_hash": thought.prompt_hash,
        "prompt_version": thought.prompt_version,
        "tokens": thought.tokens,
        "seconds": round(float(thought.seconds), 6),
        "outcome": outcome,
    }
    if context.mission:
        payload["mission"] = context.mission
    return Told("agent.decided", payload, context.cause, THINKERS[context.what])


def _short(texts: Sequence[str]) -> list[str]:
    return [text[:LINE_MAX] for text in texts[:LISTED_MAX]]


def outcome_of(value: Any) -> dict[str, Any]:
    """Return what a thought came to as plain data."""
    if isinstance(value, Plan):
        params = {name: float(number) for name, number in value.params.items()}
        plain = asdict(value) | {"params": params}
        return plain | {"description": value.description[:TEXT_MAX]}
    if isinstance(value, Drafted):
        told = {"source": value.source, "note": value.note[:TEXT_MAX]}
        disproved = _plain_disproved(value.disproved)
        return told | {"disproved": disproved} if disproved else told
    if isinstance(value, Review):
        return {"approved": value.approved, "reason": value.reason[:TEXT_MAX]}
    sound = [each for each in value if each.situation.strip() and each.action.strip()]
    lessons = [_plain_lesson(each) for each in sound if each.result.strip()]
    return {"lessons": lessons[:LISTED_MAX]}


def _plain_disproved(disproved: Sequence[Disproved]) -> list[dict[str, Any]]:
    rows = [asdict(each) for each in disproved[:DISPROVED_MAX]]
    return [row | {key: row[key][:TEXT_MAX] for key in ("reason", "note")} for row in rows]


def _plain_lesson(lesson: LessonText) -> dict[str, Any]:
    plain = {key: text[:TEXT_MAX] for key, text in asdict(lesson).items() if key != "tags"}
    return plain | {"tags": [tag[:TAG_CHARS_MAX] for tag in lesson.tags[:TAGS_MAX]]}


def plan_id_of(mission: str, cause: str, fields: Mapping[str, Any]) -> str:
    """Return the id of a plan by what it is and what led to it."""
    return f"plan_{hash_of((mission, cause, pack(dict(fields)).hex()))[:12]}"


def hash_of(parts: Sequence[str]) -> str:
    """Return the sha256, hex, of some words."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def tell_measured(mutation: Kept, answer: Mapping[str, Any]) -> Told:
    """Return what is told of an effect that was measured again."""
    effect = [dict(each) for each in answer.get("effect", ())]
    if mutation.params:
        effect = [_turned(each) for each in effect]
    payload = {
        "mutation_id": mutation.mutation_id,
        "trait_name": mutation.trait_name,
        "version": mutation.version,
        "metric": mutation.metric,
        "better": mutation.better,
        "effect": effect,
        "ticks": int(answer.get("ticks", 0)),
        "seeds": int(answer.get("seeds", 0)),
    }
    return Told("mutation.measured", payload, mutation.event, "patcher")


def _turned(effect: Mapping[str, Any]) -> dict[str, Any]:
    """Return the effect of what a trial was without: the candidate is what there is not."""
    mean, low, high = effect["mean"], effect["low"], effect["high"]
    turned = dict(effect) | {
        "mean": -mean,
        "low": None if high is None else -high,
        "high": None if low is None else -low,
    }
    if (control := effect.get("control")) is not None:
        turned["control"] = control + mean
    if "clear" in effect:
        turned["clear"] = {"more": "less", "less": "more"}.get(effect["clear"], "")
    return turned


def tell_unmeasured(mutation: Kept, why: str) -> Told:
    """Return what is told of an effect that cannot be measured."""
    about = {"mutation_id": mutation.mutation_id}
    return _feed("patcher", UNMEASURED, why, about, mutation.event)


def tell_left(mutation: Kept, why: str) -> Told:
    """Return what is told of a mutation that harms and cannot be taken back."""
    about = {"mutation_id": mutation.mutation_id}
    return _feed("patcher", LEFT, why, about, mutation.event)


def _feed(who: str, action: str, message: str, metadata: Mapping[str, Any], cause: str) -> Told:
    payload = {
        "agent": who, "action": action, "message": message[:TEXT_MAX], "metadata": dict(metadata),
    }  # fmt: skip
    return Told("feed", payload, cause, who)


def _message(sender: str, recipient: str, subject: str, text: str, cause: str) -> Told:
    payload = {
        "sender": f"{sender}-1", "recipient": f"{recipient}-1", "subject": subject,
        "text": text[:TEXT_MAX],
    }  # fmt: skip
    return Told("agent.messaged", payload, cause, sender)
