"""How each event of the log changes what the agents know.

Owns: one function, `fold`, and what is no thought and no mutation. Does not own: thoughts
(`folding_thoughts.py`), mutations (`folding_mutations.py`), the record (`memory.py`), what follows
from it (`orchestrator.py`). Pure: the same log gives the same memory, wherever a snapshot was made.

Senders validate what they send, and the archive looks at no payload: an event that is not as its
kind declares is left out, and so is what only the kernel may say and somebody else does. Nothing
in the log may end who reads it: he would meet it again after every restart.
"""

from collections.abc import Callable
from typing import Final

import msgspec
from msgspec.structs import replace

from Kernel.contract.envelope import KERNEL, Envelope
from Kernel.contract.errors import CodecError
from Kernel.contract.event_words import tell
from Kernel.contract.kinds import KINDS, check_payload
from zones.agents.folding_mutations import (
    Payload,
    take_applied,
    take_failed,
    take_guard_begun,
    take_kept,
    take_measured,
    take_proposed,
    take_released,
)
from zones.agents.folding_thoughts import (
    in_mission,
    take_decided,
    take_feed,
    take_learned,
    take_planned,
)
from zones.agents.memory import (
    NOTES_MAX,
    TELEMETRY_KEPT,
    WAITING_MAX,
    Memory,
    Mission,
    Note,
    Seen,
    Trigger,
    trigger_id,
)
from zones.agents.mutation import KERNELS_OWN

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
        if event.kind.startswith(_STEPS) and event.kind not in _QUIET and not payload.get("aside"):
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
    return in_mission(memory, payload, started=event.id.hex(), last=event.id.hex())


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


def _chosen(memory: Memory, _event: Envelope, payload: Payload) -> Memory:
    return replace(memory, author=payload["author"], author_why=payload["why"])


def _snapshotted(memory: Memory, _event: Envelope, payload: Payload) -> Memory:
    return replace(memory, snapshot=max(memory.snapshot, int(payload["position"])))


_TAKES: Final[dict[str, Callable[[Memory, Envelope, Payload], Memory]]] = {
    "telemetry": _telemetry,
    "evolution.trigger": _trigger,
    "evolution.force": _force,
    "evolution.plan": take_planned,
    "mission.started": _started,
    "mission.ended": _ended,
    "agent.decided": take_decided,
    "mutation.proposed": take_proposed,
    "mutation.applied": take_applied,
    "mutation.failed": take_failed,
    "mutation.kept": take_kept,
    "mutation.measured": take_measured,
    "guard.begun": take_guard_begun,
    "trait.released": take_released,
    "lesson.learned": take_learned,
    "agent.author_chosen": _chosen,
    "agent.snapshotted": _snapshotted,
    "feed": take_feed,
}
