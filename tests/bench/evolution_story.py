"""What a home's ledger tells of its evolution: mutations, what they cost, and why each came to be.

Owns: reading that, walking along causes. Does not own: statuses (`zones/agents/mutations.py`), the
ledger. Reads the files of a home, whose kernel may be running.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from Kernel.contract.envelope import id_text, parse_envelope
from Kernel.contract.errors import NoLedger
from Kernel.contract.places import LEDGER
from zones.agents.memory import trigger_id
from zones.agents.mutation import KEPT, Mutation
from zones.agents.mutations import Mutations
from zones.runtime.ledger_event import LedgerEvent
from zones.runtime.ledger_file import LedgerReader

STEPS_MAX: Final = 64
NANOSECONDS: Final = 1e9
ROOTS: Final = frozenset(("telemetry", "evolution.force", "command.taken"))
"""Where a walk along causes may end: what the world told, or what somebody asked for."""


@dataclass(slots=True)
class Story:
    """What a ledger tells.

    Args:
        telemetry: fields of all periods, oldest first, each once.
        applied_s: seconds from each trigger to what was first applied for it.
        taken_back: ticks from each decision of the guard to the tick that carried it out.
        walks: of each mutation, the kinds from its last event back to where its causes end.
    """

    telemetry: list[dict[str, Any]] = field(default_factory=list)
    mutations: list[Mutation] = field(default_factory=list)
    events: int = 0
    kinds: dict[str, int] = field(default_factory=dict)
    applied_s: list[float] = field(default_factory=list)
    taken_back: list[int] = field(default_factory=list)
    walks: dict[str, list[str]] = field(default_factory=dict)

    def count(self, status: str) -> int:
        """Return how many mutations have a status."""
        return sum(each.status == status for each in self.mutations)

    def kept_for_good(self) -> list[Mutation]:
        """Return those kept whose effect, measured without them, is a gain with its interval."""
        return [each for each in self.mutations if each.status == KEPT and is_gain(each)]

    def unexplained(self) -> list[str]:
        """Return the mutations whose causes do not lead to where a walk may end."""
        return [name for name, walk in self.walks.items() if not walk or walk[-1] not in ROOTS]


def is_gain(mutation: Mutation) -> bool:
    """Tell whether the interval of its effect lies on the promised side of zero."""
    effect = mutation.effect or {}
    low, high = effect.get("low"), effect.get("high")
    if low is None or high is None or effect.get("from") != "measured":
        return False
    return bool(high < 0 if mutation.better == "less" else low > 0)


def read_story(home: Path) -> Story:
    """Return what the ledger of a home tells; an empty story while there is none."""
    try:
        reader = LedgerReader(home / LEDGER)
    except NoLedger:
        return Story()
    try:
        records = list(reader.read(1))
    finally:
        reader.close()
    return tell_story(LedgerEvent(place, parse_envelope(record)) for place, record in records)


def tell_story(events: Iterable[LedgerEvent]) -> Story:
    """Return what events tell, in log order."""
    story, mutations = Story(), Mutations()
    causes: dict[str, tuple[str, str]] = {}
    newest: dict[str, str] = {}
    triggers: dict[str, int] = {}
    tripped: dict[str, int] = {}
    told: dict[int, dict[str, Any]] = {}
    for event in events:
        story.events += 1
        story.kinds[event.kind] = story.kinds.get(event.kind, 0) + 1
        causes[event.id] = (event.kind, id_text(event.envelope.cause))
        changed = mutations.take(event)
        if changed is not None:
            newest[changed.id] = event.id
        payload = event.payload if event.kind in _READ else {}
        if event.kind == "telemetry":
            told[payload["tick"]] = dict(payload)
        elif event.kind == "evolution.trigger":
            triggers[payload["trigger_id"]] = event.envelope.time_ns
        elif event.kind == "evolution.force":
            triggers[trigger_id(event.envelope.id.hex())] = event.envelope.time_ns
        elif event.kind == "mutation.applied" and changed is not None:
            begun_ns = triggers.pop(changed.trigger, None)
            if begun_ns is not None:
                took_s = (event.envelope.time_ns - begun_ns) / NANOSECONDS
                story.applied_s.append(round(took_s, 3))
        elif event.kind == "guard.tripped":
            tripped[payload["mutation_id"]] = payload["tick"]
        elif event.kind == "mutation.failed" and changed is not None and changed.id in tripped:
            began = tripped.pop(changed.id)
            if payload.get("tick"):
                story.taken_back.append(payload["tick"] - began)
    story.telemetry = [told[tick] for tick in sorted(told)]
    story.mutations = list(mutations)
    story.walks = {each.id: _walk(newest[each.id], causes) for each in mutations}
    return story


_READ: Final = frozenset(
    ("telemetry", "evolution.trigger", "mutation.applied", "guard.tripped", "mutation.failed")
)


def _walk(event: str, causes: dict[str, tuple[str, str]]) -> list[str]:
    kinds: list[str] = []
    while event in causes and len(kinds) < STEPS_MAX:
        kind, event = causes[event]
        kinds.append(kind)
    return kinds
