"""How each event of the log changes what the agents know.

Owns: one function, `fold`. Does not own: the record (`memory.py`), what follows from it
(`orchestrator.py`). Pure: the same log gives the same memory, wherever a snapshot was taken.

Senders validate what they send, and the archive looks at no payload: an event that is not as its
kind declares is left out, and so is what only the kernel may say and somebody else does. Nothing
in the log may end who reads it: he would meet it again after every restart.

Longer than usual: one small function for each kind, and their table.
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from Kernel.contract.envelope import KERNEL, Envelope, Role
from Kernel.contract.errors import CodecError
from Kernel.contract.event_words import tell
from Kernel.contract.kinds import KINDS, check_payload
from Kernel.contract.parameters import hash_of_values
from zones.agents.memory import (
    FAILED,
    FAILURES_MAX,
    HASHES_MAX,
    KEPT_MAX,
    LEFT,
    NO_ANSWER,
    NOTES_MAX,
    TELEMETRY_KEPT,
    UNMEASURED,
    WAITING_MAX,
    Draft,
    Kept,
    Memory,
    Mission,
    Note,
    Plan,
    Seen,
    Summary,
    Trigger,
    mutation_id_of,
    trigger_id,
)
from zones.agents.mutation import KERNELS_OWN
from zones.agents.thoughts import Draft as Drafted
from zones.agents.thoughts import LessonText, Review
from zones.agents.thoughts import Plan as Planned

WORLD: Final = "stable"
_QUIET: Final = frozenset(("telemetry", "agent.snapshotted", "agent.signalled"))
_STEPS: Final = ("agent.", "mutation.", "evolution.", "mission.", "guard.")
_TEXT_MAX: Final = 400

_UNREADABLE: Final = (
    CodecError,
    msgspec.ValidationError,
    KeyError,
    TypeError,
    ValueError,
    AttributeError,
    OverflowError,
)


class _Lessons(msgspec.Struct):
    """What the Historian's thoughts come to."""

    lessons: list[LessonText] = []


_OUTCOMES: Final[Mapping[Role, Any]] = {
    Role.ARCHITECT: Planned,
    Role.CODER: Drafted,
    Role.REVIEWER: Review,
    Role.HISTORIAN: _Lessons,
}

Payload = Mapping[str, Any]


def fold(memory: Memory, position: int, event: Envelope) -> Memory:
    """Return what is known once this event has happened.

    Args:
        position: of it in the log; not behind that of `memory` it changes nothing.
    """
    if position <= memory.position:
        return memory
    events = memory.events + (event.kind not in _QUIET)
    take = _TAKES.get(event.kind)
    if take is None or (event.kind in KERNELS_OWN and event.zone != KERNEL):
        return replace(memory, position=position, events=events)
    try:
        # A key that may be missing may as well be None.
        told = event.payload_fields().items()
        payload = {key: value for key, value in told if value is not None}
        check_payload(KINDS[event.kind], payload)
        memory = take(memory, event, payload)
        if event.kind.startswith(_STEPS) and event.kind not in _QUIET:
            memory = _note(memory, position, event, payload)
    except _UNREADABLE:
        pass  # of another version, or nonsense: what it says is not known
    return replace(memory, position=position, events=events)


def _note(memory: Memory, position: int, event: Envelope, payload: Payload) -> Memory:
    short = {key: value for key, value in payload.items() if key not in ("source", "outcome")}
    note = Note(position, event.kind, tell(event.kind, short)[:_TEXT_MAX], short)
    return replace(memory, steps=memory.steps + 1, notes=(*memory.notes, note)[-NOTES_MAX:])


def _telemetry(memory: Memory, event: Envelope, payload: Payload) -> Memory:
    if event.zone != WORLD:
        return memory
    seen = Seen(event.id.hex(), event.time_ns, int(payload["tick"]), dict(payload))
    return replace(memory, telemetry=(*memory.telemetry, seen)[-TELEMETRY_KEPT:])


def _trigger(memory: Memory, event: Envelope, payload: Payload) -> Memory:
    problem = {
        "problem_type": payload["problem_type"],
        "severity": payload["severity"],
        "value": float(payload.get("value", 0.0)),
        "threshold": float(payload.get("threshold", 0.0)),
        "tick": int(payload.get("tick", event.tick or 0)),
        "affected_entities": payload["affected_entities"],
    }
    trigger = Trigger(payload["trigger_id"], event.id.hex(), event.time_ns, problem)
    memory = replace(memory, triggered_by=event.cause.hex(), trigger_ns=event.time_ns)
    return _begin(memory, trigger)


def _force(memory: Memory, event: Envelope, payload: Payload) -> Memory:
    name = trigger_id(event.id.hex())
    trigger = Trigger(name, event.id.hex(), event.time_ns, {}, payload["reason"])
    return _begin(replace(memory, trigger_ns=event.time_ns), trigger)


def _begin(memory: Memory, trigger: Trigger) -> Memory:
    if memory.mission is None:
        return replace(memory, mission=Mission(trigger, last=trigger.event))
    if trigger.problem or len(memory.waiting) >= WAITING_MAX:
        return memory
    return replace(memory, waiting=(*memory.waiting, trigger))


def _started(memory: Memory, event: Envelope, payload: Payload) -> Memory:
    return _in_mission(memory, payload, started=event.id.hex(), last=event.id.hex())


def _ended(memory: Memory, event: Envelope, payload: Payload) -> Memory:
    mission = memory.mission
    if mission is None or mission.name != payload["mission"]:
        return memory
    counts = replace(memory.counts, missions=memory.counts.missions + 1)
    memory = replace(memory, mission=None, summary=None, steps=0, notes=(), counts=counts)
    if not memory.waiting:
        return memory
    following, *waiting = memory.waiting
    return _begin(replace(memory, waiting=tuple(waiting)), following)


def _in_mission(memory: Memory, payload: Payload, **changes: Any) -> Memory:
    """Change the mission that an event speaks of; of another one it changes nothing."""
    mission = memory.mission
    if mission is None or payload.get("mission", mission.name) != mission.name:
        return memory
    return replace(memory, mission=replace(mission, **changes))


def _decided(memory: Memory, event: Envelope, payload: Payload) -> Memory:
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
    elif event.role == Role.CODER:
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
        memory = _in_mission(memory, payload, summed_up=True, last=event.id.hex())
    else:
        memory = replace(memory, steps=0, notes=())
    return replace(memory, summary=summary if lessons or about else None)


def _planned(memory: Memory, event: Envelope, payload: Payload) -> Memory:
    mission = memory.mission
    if mission is None or mission.plan is None or mission.plan.plan_id != payload["plan_id"]:
        return memory
    plan = replace(mission.plan, told=event.id.hex())
    return replace(memory, mission=replace(mission, plan=plan, last=event.id.hex()))


def _proposed(memory: Memory, event: Envelope, payload: Payload) -> Memory:
    counts = replace(memory.counts, proposed=memory.counts.proposed + 1)
    hashes = (*memory.hashes, payload["code_hash"])[-HASHES_MAX:]
    memory = replace(memory, counts=counts, hashes=hashes)
    mission = memory.mission
    if mission is None or mission.plan is None or mission.plan.plan_id != payload["plan_id"]:
        return memory
    told, draft = event.id.hex(), mission.draft
    params = payload.get("params") or {}
    if draft is None and params:
        hash_ = hash_of_values(params)
        draft = Draft(payload["mutation_id"], hash_, mission.plan.decided, params=dict(params))
        mission = replace(mission, drafts=mission.drafts + 1)
    if draft is None or draft.mutation_id != payload["mutation_id"]:
        return memory
    draft = replace(draft, told=told, trait_name=payload["trait_name"])
    return replace(memory, mission=replace(mission, draft=draft, last=told))


def _applied(memory: Memory, event: Envelope, payload: Payload) -> Memory:
    counts = replace(memory.counts, applied=memory.counts.applied + 1)
    return _of_draft(
        replace(memory, counts=counts),
        event,
        payload,
        applied_tick=int(payload.get("tick", event.tick or 0)),
        trait_name=payload["trait_name"],
        version=payload["version"],
    )


def _of_draft(memory: Memory, event: Envelope, payload: Payload, **changes: Any) -> Memory:
    """Change the draft that an event speaks of; of another mutation it changes nothing."""
    mission = memory.mission
    if mission is None or mission.draft is None or not mission.draft.told:
        return memory
    if mission.draft.mutation_id != payload["mutation_id"]:
        return memory
    draft = replace(mission.draft, **changes)
    return replace(memory, mission=replace(mission, draft=draft, last=event.id.hex()))


def _guard_begun(memory: Memory, event: Envelope, payload: Payload) -> Memory:
    mutation = Kept(
        payload["mutation_id"],
        payload["trait_name"],
        payload["version"],
        payload.get("metric", ""),
        _promised(memory, payload["mutation_id"]),
    )
    guarded = (*_without(memory.guarded, mutation.mutation_id), mutation)[-KEPT_MAX:]
    memory = replace(memory, guarded=guarded)
    return _of_draft(memory, event, payload, guard_ticks=int(payload["ticks"]))


def _promised(memory: Memory, mutation_id: str) -> str:
    """Return which way the metric of a mutation is to go, "" where that is not known."""
    mission = memory.mission
    if mission is None or mission.draft is None or mission.plan is None:
        return ""
    is_ours = mission.draft.mutation_id == mutation_id
    return str(mission.plan.fields.get("better", "")) if is_ours else ""


def _without(rows: tuple[Kept, ...], mutation_id: str) -> tuple[Kept, ...]:
    return tuple(row for row in rows if row.mutation_id != mutation_id)


def _kept(memory: Memory, event: Envelope, payload: Payload) -> Memory:
    named, told = payload["mutation_id"], event.id.hex()
    known = next((row for row in memory.guarded if row.mutation_id == named), None)
    row = known or Kept(named, payload["trait_name"], payload["version"])
    row = replace(row, event=told)
    mission = memory.mission
    if mission and mission.draft and mission.plan and mission.draft.mutation_id == named:
        fields = mission.plan.fields
        row = replace(
            row,
            metric=row.metric or fields.get("metric", ""),
            better=fields.get("better", ""),
            params=bool(mission.draft.params),
        )
    memory = replace(
        memory,
        guarded=_without(memory.guarded, named),
        unmeasured=(*_without(memory.unmeasured, named), row)[-KEPT_MAX:],
        counts=replace(memory.counts, kept=memory.counts.kept + 1),
    )
    return _of_draft(memory, event, payload, outcome="kept", ended=told)


def _measured(memory: Memory, event: Envelope, payload: Payload) -> Memory:
    named = payload["mutation_id"]
    known = next((row for row in memory.unmeasured if row.mutation_id == named), None)
    rows, unwanted = _without(memory.unmeasured, named), _without(memory.unwanted, named)
    why = _against(payload)
    if known is not None and why:
        unwanted = (*unwanted, replace(known, event=event.id.hex(), why=why))[-KEPT_MAX:]
    counts = replace(memory.counts, measured=memory.counts.measured + 1)
    memory = replace(memory, unmeasured=rows, unwanted=unwanted, counts=counts)
    return _of_draft(memory, event, payload)


def _against(payload: Payload) -> str:
    """Return how an effect speaks against its promise, "" where it does not for sure."""
    metric, better = payload.get("metric"), payload.get("better")
    for each in payload["effect"]:
        low, high = each.get("low"), each.get("high")
        if each.get("metric") != metric or better not in ("more", "less") or low is None:
            continue
        if high < 0 if better == "more" else low > 0:
            return (
                f"it promised {better} {metric}; measured with it and without, it brings "
                f"{each['mean']:+.4g}, {low:+.4g} to {high:+.4g} in 95 % of cases"
            )
    return ""


def _failed(memory: Memory, event: Envelope, payload: Payload) -> Memory:
    """A mutation came to nothing, or was taken back."""
    named, was_back = payload["mutation_id"], bool(payload["rollback_to"])
    counts = memory.counts
    counts = replace(
        counts, failed=counts.failed + (not was_back), rolled_back=counts.rolled_back + was_back
    )
    memory = replace(
        memory,
        guarded=_without(memory.guarded, named),
        unmeasured=_without(memory.unmeasured, named),
        unwanted=_without(memory.unwanted, named),
        counts=counts,
    )
    mission = memory.mission
    if mission is None or mission.draft is None or mission.draft.mutation_id != named:
        return memory
    failure = {
        "what": payload.get("trait_name") or mission.draft.trait_name or "parameters",
        "stage": payload["stage"],
        "reason": payload["error"],
        "rule": payload.get("rule", ""),
        "line": int(payload.get("line", 0)),
        "source": mission.draft.source,
    }
    memory = replace(memory, mission=_with_failure(mission, failure, event.id.hex()))
    if was_back and mission.draft.applied_tick is not None:
        draft = replace(mission.draft, outcome="rolled_back", ended=event.id.hex())
        assert memory.mission is not None, "it was put there just now"
        memory = replace(memory, mission=replace(memory.mission, draft=draft))
    return memory


def _with_failure(mission: Mission, failure: dict[str, Any], told: str) -> Mission:
    """Return a mission without its draft, and with why."""
    failures = (*mission.failures, failure)[-FAILURES_MAX:]
    return replace(mission, failures=failures, of_plan=mission.of_plan + 1, draft=None, last=told)


def _feed(memory: Memory, event: Envelope, payload: Payload) -> Memory:
    """What agents tell people is of no account, but where a thought came to nothing."""
    told, mission = payload["metadata"], memory.mission
    if payload["action"] == UNMEASURED:
        return replace(memory, unmeasured=_without(memory.unmeasured, told["mutation_id"]))
    if payload["action"] == LEFT:
        memory = replace(memory, unwanted=_without(memory.unwanted, told["mutation_id"]))
        return _of_draft(memory, event, told, outcome="applied")
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
    mission = _with_failure(mission, failure, event.id.hex())
    spent = mission.spent or bool(told.get("spent"))
    return replace(memory, mission=replace(mission, plans=plans, drafts=drafts, spent=spent))


def _learned(memory: Memory, event: Envelope, payload: Payload) -> Memory:
    summary = memory.summary
    if summary is None or event.cause.hex() != summary.decided:
        return memory
    summary = replace(summary, told=summary.told + 1)
    is_over = summary.told >= len(summary.lessons) and not summary.mission
    return replace(memory, summary=None if is_over else summary)


def _released(memory: Memory, _event: Envelope, payload: Payload) -> Memory:
    hashes = tuple(each for each in memory.hashes if each != payload["code_hash"])
    return replace(memory, hashes=hashes)


def _chosen(memory: Memory, _event: Envelope, payload: Payload) -> Memory:
    return replace(memory, author=payload["author"], author_why=payload["why"])


def _snapshotted(memory: Memory, _event: Envelope, payload: Payload) -> Memory:
    return replace(memory, snapshot=max(memory.snapshot, int(payload["position"])))


_TAKES: Final[dict[str, Callable[[Memory, Envelope, Payload], Memory]]] = {
    "telemetry": _telemetry,
    "evolution.trigger": _trigger,
    "evolution.force": _force,
    "evolution.plan": _planned,
    "mission.started": _started,
    "mission.ended": _ended,
    "agent.decided": _decided,
    "mutation.proposed": _proposed,
    "mutation.applied": _applied,
    "mutation.failed": _failed,
    "mutation.kept": _kept,
    "mutation.measured": _measured,
    "guard.begun": _guard_begun,
    "trait.released": _released,
    "lesson.learned": _learned,
    "agent.author_chosen": _chosen,
    "agent.snapshotted": _snapshotted,
    "feed": _feed,
}
