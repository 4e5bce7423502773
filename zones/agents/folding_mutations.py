"""How an event about a mutation changes what the agents know.

Owns: one function for each kind, and what a draft in hand comes to. Does not own: the table of
kinds, and which events are heard (`folding.py`). Pure.
"""

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from Kernel.contract.envelope import Envelope
from Kernel.contract.parameters import hash_of_values
from zones.agents.memory import (
    FAILURES_MAX,
    HASHES_MAX,
    KEPT_MAX,
    Draft,
    Kept,
    Memory,
    Mission,
)

Payload = Mapping[str, Any]


def take_proposed(memory: Memory, event: Envelope, payload: Payload) -> Memory:
    """A source or change is proposed, or told as disproved."""
    mission = memory.mission
    if payload.get("aside"):
        if mission is None or not _is_first_disproved(mission, payload):
            return memory
        first, *others = mission.disproved
        first = replace(first, told=event.id.hex(), trait_name=payload["trait_name"])
        return replace(memory, mission=replace(mission, disproved=(first, *others)))
    counts = replace(memory.counts, proposed=memory.counts.proposed + 1)
    hashes = (*memory.hashes, payload["code_hash"])[-HASHES_MAX:]
    memory = replace(memory, counts=counts, hashes=hashes)
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


def take_applied(memory: Memory, event: Envelope, payload: Payload) -> Memory:
    """A mutation has come into the world."""
    counts = replace(memory.counts, applied=memory.counts.applied + 1)
    memory = replace(memory, counts=counts)
    mission = memory.mission
    if mission is not None:  # somebody else has brought it in: it is not to be told as refused
        named = payload["mutation_id"]
        left = tuple(each for each in mission.disproved if each.mutation_id != named)
        memory = replace(memory, mission=replace(mission, disproved=left))
    return of_draft(
        memory,
        event,
        payload,
        applied_tick=int(payload.get("tick", event.tick or 0)),
        trait_name=payload["trait_name"],
        version=payload["version"],
        before=dict(payload.get("before", {})),
    )


def of_draft(memory: Memory, event: Envelope, payload: Payload, **changes: Any) -> Memory:
    """Change the draft that an event speaks of; of another mutation it changes nothing."""
    mission = memory.mission
    if mission is None or mission.draft is None or not mission.draft.told:
        return memory
    if mission.draft.mutation_id != payload["mutation_id"]:
        return memory
    draft = replace(mission.draft, **changes)
    return replace(memory, mission=replace(mission, draft=draft, last=event.id.hex()))


def take_guard_begun(memory: Memory, event: Envelope, payload: Payload) -> Memory:
    """A mutation is under guard."""
    mutation = Kept(
        payload["mutation_id"],
        payload["trait_name"],
        payload["version"],
        payload.get("metric", ""),
    )
    mission = memory.mission
    if mission and mission.draft and mission.plan and _is_of(mission.draft, mutation):
        mutation = replace(
            mutation,
            better=str(mission.plan.fields.get("better", "")),
            params=mission.draft.params,
            before=mission.draft.before,
        )
    guarded = (*without(memory.guarded, mutation.mutation_id), mutation)[-KEPT_MAX:]
    memory = replace(memory, guarded=guarded)
    return of_draft(memory, event, payload, guard_ticks=int(payload["ticks"]))


def _is_of(draft: Draft, mutation: Kept) -> bool:
    return draft.mutation_id == mutation.mutation_id


def without(rows: tuple[Kept, ...], mutation_id: str) -> tuple[Kept, ...]:
    """Return rows but for that of one mutation."""
    return tuple(row for row in rows if row.mutation_id != mutation_id)


def take_kept(memory: Memory, event: Envelope, payload: Payload) -> Memory:
    """A mutation has stood its guard period: its effect is to be measured."""
    named, told = payload["mutation_id"], event.id.hex()
    known = next((row for row in memory.guarded if row.mutation_id == named), None)
    row = known or Kept(named, payload["trait_name"], payload["version"])
    row = replace(row, event=told)
    mission = memory.mission
    if mission and mission.draft and mission.plan and _is_of(mission.draft, row):
        fields = mission.plan.fields
        row = replace(
            row,
            metric=row.metric or fields.get("metric", ""),
            better=fields.get("better", ""),
            params=mission.draft.params,
            before=mission.draft.before,
        )
    memory = replace(
        memory,
        guarded=without(memory.guarded, named),
        unmeasured=(*without(memory.unmeasured, named), row)[-KEPT_MAX:],
        counts=replace(memory.counts, kept=memory.counts.kept + 1),
    )
    return of_draft(memory, event, payload, outcome="kept", ended=told)


def take_measured(memory: Memory, event: Envelope, payload: Payload) -> Memory:
    """An effect was measured; one that is against its promise makes a mutation unwanted."""
    named = payload["mutation_id"]
    known = next((row for row in memory.unmeasured if row.mutation_id == named), None)
    rows, unwanted = without(memory.unmeasured, named), without(memory.unwanted, named)
    why = _against(payload)
    if known is not None and why:
        unwanted = (*unwanted, replace(known, event=event.id.hex(), why=why))[-KEPT_MAX:]
    counts = replace(memory.counts, measured=memory.counts.measured + 1)
    memory = replace(memory, unmeasured=rows, unwanted=unwanted, counts=counts)
    return of_draft(memory, event, payload)


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


def take_failed(memory: Memory, event: Envelope, payload: Payload) -> Memory:
    """A mutation came to nothing, or was taken back."""
    if payload.get("aside"):
        mission = memory.mission
        if mission is None or not _is_first_disproved(mission, payload):
            return memory
        return replace(memory, mission=replace(mission, disproved=mission.disproved[1:]))
    named, was_back = payload["mutation_id"], bool(payload["rollback_to"])
    counts = memory.counts
    counts = replace(
        counts, failed=counts.failed + (not was_back), rolled_back=counts.rolled_back + was_back
    )
    memory = replace(
        memory,
        guarded=without(memory.guarded, named),
        unmeasured=without(memory.unmeasured, named),
        unwanted=without(memory.unwanted, named),
        counts=counts,
    )
    mission = memory.mission
    if mission is None or mission.draft is None or mission.draft.mutation_id != named:
        return memory
    values = ", ".join(f"{name} = {value!r}" for name, value in mission.draft.params.items())
    failure = {
        "what": values or payload.get("trait_name") or mission.draft.trait_name,
        "stage": payload["stage"],
        "reason": payload["error"],
        "rule": payload.get("rule", ""),
        "line": int(payload.get("line", 0)),
        "source": mission.draft.source,
    }
    memory = replace(memory, mission=with_failure(mission, failure, event.id.hex()))
    if was_back and mission.draft.applied_tick is not None:
        draft = replace(mission.draft, outcome="rolled_back", ended=event.id.hex())
        assert memory.mission is not None, "it was put there just now"
        memory = replace(memory, mission=replace(memory.mission, draft=draft))
    return memory


def _is_first_disproved(mission: Mission, payload: Payload) -> bool:
    """Tell whether an event is about the first that is to be told as disproved."""
    first = next(iter(mission.disproved), None)
    return first is not None and first.mutation_id == payload["mutation_id"]


def with_failure(mission: Mission, failure: dict[str, Any], told: str) -> Mission:
    """Return a mission without its draft, and with why."""
    failures = (*mission.failures, failure)[-FAILURES_MAX:]
    return replace(mission, failures=failures, of_plan=mission.of_plan + 1, draft=None, last=told)


def take_released(memory: Memory, _event: Envelope, payload: Payload) -> Memory:
    """A code may be tried again."""
    hashes = tuple(each for each in memory.hashes if each != payload["code_hash"])
    return replace(memory, hashes=hashes)
