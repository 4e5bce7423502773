"""How a thought that is on record changes what the agents know.

Owns: plans, drafts, reviews, lessons, and thoughts that came to nothing. Does not own: the table of
kinds, and which events are heard (`folding.py`), what becomes of a draft (`folding_mutations.py`).
Pure.
"""

import hashlib
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from Kernel.contract.envelope import Envelope, Role
from zones.agents.folding_mutations import Payload, of_draft, with_failure, without
from zones.agents.memory import (
    ASIDE_BYTES_MAX,
    ASIDE_MAX,
    DISPROVED,
    FAILED,
    LEFT,
    NO_ANSWER,
    UNMEASURED,
    Draft,
    Memory,
    Mission,
    Plan,
    Summary,
    mutation_id_of,
)
from zones.agents.thoughts import DISPROVED_MAX, Disproved, LessonText, Review
from zones.agents.thoughts import Draft as Drafted
from zones.agents.thoughts import Plan as Planned

_ASIDE_TEXT_MAX: Final = 2000
_ASIDE_WORD_MAX: Final = 40


class _Disproved(msgspec.Struct):
    """What a thought of the Coder's has found wanting."""

    disproved: list[Disproved] = []


class _Lessons(msgspec.Struct):
    """What the Historian's thoughts come to."""

    lessons: list[LessonText] = []


_OUTCOMES: Final[Mapping[Role, Any]] = {
    Role.ARCHITECT: Planned,
    Role.CODER: Drafted,
    Role.REVIEWER: Review,
    Role.HISTORIAN: _Lessons,
}


def take_decided(memory: Memory, event: Envelope, payload: Payload) -> Memory:
    """A thought is on record, with what it came to."""
    counts = replace(
        memory.counts,
        thoughts=memory.counts.thoughts + 1,
        tokens=memory.counts.tokens + int(payload.get("tokens", 0)),
        seconds=memory.counts.seconds + float(payload.get("seconds", 0.0)),
    )
    memory = replace(memory, counts=counts)
    outcome, mission = payload.get("outcome") or {}, memory.mission
    if event.role in _OUTCOMES:
        msgspec.convert(outcome, _OUTCOMES[event.role])
    if event.role == Role.HISTORIAN:
        return _summed_up(memory, event, payload, outcome)
    if mission is None or payload.get("mission") != mission.name:
        return memory
    told = event.id.hex()
    if event.role == Role.ARCHITECT:
        plan = Plan(payload["subject"], told, dict(outcome))
        mission = replace(
            mission,
            plan=plan,
            plans=mission.plans + 1,
            draft=None,
            drafts=0,
            of_plan=0,
            spent=False,
            last=told,
        )
    elif event.role == Role.CODER and mission.plan is not None:
        source = outcome["source"]
        code_hash = hashlib.sha256(source.encode()).hexdigest()
        draft = Draft(
            mutation_id_of(code_hash),
            code_hash,
            told,
            source,
            note=outcome.get("note", ""),
            model=payload.get("model", ""),
            prompt_hash=payload.get("prompt_hash", ""),
        )
        mission = replace(mission, draft=draft, drafts=mission.drafts + 1, last=told)
        mission = _with_disproved(memory, mission, outcome, told)
    elif event.role == Role.REVIEWER and mission.draft is not None:
        word = "approved" if outcome["approved"] else "vetoed"
        draft = replace(mission.draft, review=word, review_reason=outcome["reason"], reviewed=told)
        mission = replace(mission, draft=draft, last=told)
    return replace(memory, mission=mission)


def _summed_up(memory: Memory, event: Envelope, payload: Payload, outcome: Payload) -> Memory:
    about = payload.get("mission", "")
    lessons = tuple(dict(each) for each in outcome.get("lessons", ()))
    positions = tuple(note.position for note in memory.notes)
    summary = Summary(event.id.hex(), about, lessons, positions)
    if about:
        memory = in_mission(memory, payload, summed_up=True, last=event.id.hex())
    else:
        memory = replace(memory, steps=0, notes=())
    return replace(memory, summary=summary if lessons or about else None)


def take_planned(memory: Memory, event: Envelope, payload: Payload) -> Memory:
    """A plan is told."""
    mission = memory.mission
    if mission is None or mission.plan is None or mission.plan.plan_id != payload["plan_id"]:
        return memory
    plan = replace(mission.plan, told=event.id.hex())
    return replace(memory, mission=replace(mission, plan=plan, last=event.id.hex()))


def _with_disproved(memory: Memory, mission: Mission, told: Payload, event: str) -> Mission:
    """Return a mission with the drafts that an author has found wanting in one thought.

    They are no code that was ever wanted: what is proven of one later, in another world, counts.
    """
    waiting = list(mission.disproved)
    known = {each.code_hash for each in waiting} | set(memory.hashes)
    if mission.draft is not None:
        known.add(mission.draft.code_hash)
    for each in msgspec.convert(told, _Disproved).disproved[:DISPROVED_MAX]:
        data = each.source.encode()
        code_hash = hashlib.sha256(data).hexdigest()
        if code_hash in known or len(data) > ASIDE_BYTES_MAX or len(waiting) >= ASIDE_MAX:
            continue
        known.add(code_hash)
        waiting.append(
            Draft(
                mutation_id_of(code_hash),
                code_hash,
                event,
                each.source,
                note=each.note[:_ASIDE_TEXT_MAX],
                review=DISPROVED,
                review_reason=each.reason[:_ASIDE_TEXT_MAX],
                review_stage=each.stage[:_ASIDE_WORD_MAX],
                review_rule=each.rule[:_ASIDE_WORD_MAX],
                review_line=each.line,
            )
        )
    return replace(mission, disproved=tuple(waiting))


def take_feed(memory: Memory, event: Envelope, payload: Payload) -> Memory:
    """What agents tell people is of no account, but where a thought came to nothing."""
    told, mission = payload["metadata"], memory.mission
    if payload["action"] == UNMEASURED:
        return replace(memory, unmeasured=without(memory.unmeasured, told["mutation_id"]))
    if payload["action"] == LEFT:
        memory = replace(memory, unwanted=without(memory.unwanted, told["mutation_id"]))
        return of_draft(memory, event, told, outcome="applied")
    role = payload["agent"]
    if payload["action"] != FAILED:
        return memory
    if role == "historian" and not told["mission"]:
        return replace(memory, steps=0, notes=())
    if mission is None or told["mission"] != mission.name:
        return memory
    if role == "historian":
        mission = replace(mission, summed_up=True)
        return replace(memory, mission=mission, steps=0)
    failure = {
        "what": told.get("what", role),
        "stage": told["stage"],
        "reason": payload["message"],
        "rule": "",
        "line": 0,
        "source": mission.draft.source if mission.draft and role == "coder" else "",
    }
    # A plan that was not thought of counts as one, and a draft that was not written as one.
    is_none = told["stage"] == NO_ANSWER
    plans = mission.plans + (is_none and role == "architect")
    drafts = mission.drafts + (is_none and role == "coder")
    mission = with_failure(mission, failure, event.id.hex())
    spent = mission.spent or bool(told.get("spent"))
    mission = replace(mission, plans=plans, drafts=drafts, spent=spent)
    if mission.plan is not None:
        mission = _with_disproved(memory, mission, told, event.id.hex())
    return replace(memory, mission=mission)


def take_learned(memory: Memory, event: Envelope, payload: Payload) -> Memory:
    """A lesson of a summary is told."""
    summary = memory.summary
    if summary is None or event.cause.hex() != summary.decided:
        return memory
    summary = replace(summary, told=summary.told + 1)
    is_over = summary.told >= len(summary.lessons) and not summary.mission
    return replace(memory, summary=None if is_over else summary)


def in_mission(memory: Memory, payload: Payload, **changes: Any) -> Memory:
    """Change the mission that an event speaks of; of another one it changes nothing."""
    mission = memory.mission
    if mission is None or payload.get("mission", mission.name) != mission.name:
        return memory
    return replace(memory, mission=replace(mission, **changes))
