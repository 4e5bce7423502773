"""A little society of agents: a mission, decisions, talk, changes, and what was rolled back."""

from typing import Any

from Kernel.contract.envelope import Envelope, Level, Role, id_text
from tests.zones.ledger.paper_ledger import event_id, make


def decided(number: int, agent: str, role: Role, why: str, **more: Any) -> Envelope:
    payload = {
        "context_hash": "c", "input_trigger": "t", "rationale": why, "rejected_alternatives": [],
        "memory_ids": [], "confidence_score": 0.5, "mission": "feed the hungry", "subject": "food",
    }  # fmt: skip
    return make(number, "agent.decided", agent=agent, role=role, payload=payload, **more)


def changed(number: int, agent: str, file: str, **more: Any) -> Envelope:
    payload = {
        "target_type": "FILE_SYSTEM", "target_resource": file, "previous_state_hash": "a",
        "new_state_hash": "b", "diff_patch": "+x", "is_reversible": True,
    }  # fmt: skip
    payload |= {key: more.pop(key) for key in ("depends_on", "rolls_back") if key in more}
    return make(
        number, "agent.changed_state", agent=agent, role=Role.CODER, payload=payload, **more
    )


def said(number: int, sender: str, recipient: str, subject: str) -> Envelope:
    payload = {"sender": sender, "recipient": recipient, "subject": subject, "text": "well"}
    return make(number, "agent.messaged", zone="sandbox", agent=sender, payload=payload)


def ready(number: int, agent: str, mutation: str, file: str, **more: Any) -> Envelope:
    payload = {
        "mutation_id": mutation, "plan_id": "P-1", "file_path": file, "trait_name": "forage",
        "version": 1, "code_hash": "h", "depends_on": more.pop("depends_on", []),
    }  # fmt: skip
    more = {"role": Role.CODER, **more}
    return make(number, "mutation.ready", agent=agent, payload=payload, **more)


def failed(number: int, mutation: str, back: str, **more: Any) -> Envelope:
    payload = {"mutation_id": mutation, "error": "slow", "stage": "guard", "rollback_to": back}
    return make(number, "mutation.failed", level=Level.WARNING, payload=payload, **more)


SOCIETY = [
    make(1, "mission.started", agent="architect-1", role=Role.ARCHITECT,
         payload={"mission": "feed the hungry", "description": "more food"}),
    decided(2, "architect-1", Role.ARCHITECT, "raise intake", cause=1),
    said(3, "architect-1", "coder-1", "Food density"),
    said(4, "coder-1", "architect-1", "food density, again"),
    said(5, "coder-1", "coder-2", "food density"),
    said(6, "architect-1", "coder-1", "weather"),
    decided(7, "coder-1", Role.CODER, "greedy foraging", cause=2),
    ready(8, "coder-1", "M-0143", "mutations/forage.py", cause=7, depends_on=["traits/eat.py"]),
    changed(9, "coder-1", "config/world.yaml", cause=7),
    make(10, "mutation.applied", cause=8, payload={
        "mutation_id": "M-0143", "trait_name": "forage", "version": 1, "registry_version": 2}),
    changed(11, "coder-2", "notes.md", depends_on=["a.md", "b.md", 7]),
    failed(12, "M-0143", "forage_v0", cause=10),
    failed(13, "M-0999", "", cause=2),
    changed(14, "patcher", "config/world.yaml", rolls_back=id_text(event_id(9)), cause=12),
    make(15, "trait.quarantined", zone="kernel", cause=11, level=Level.ERROR,
         payload={"zone": "stable", "slot": 3, "why": "crash"}),
    # What no honest sender says.
    make(16, "agent.messaged", payload={"sender": 7, "recipient": ["x"]}),
    make(17, "mutation.ready", payload=b"\xc1"),
    make(18, "agent.changed_state", payload={"target_resource": None, "depends_on": "all"}),
]  # fmt: skip
