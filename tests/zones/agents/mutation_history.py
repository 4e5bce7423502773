"""The life of some mutations as events: kept, refused, taken back, in quarantine, of parameters."""

import hashlib
from typing import Any

from Kernel.contract.envelope import Envelope, Level, Role
from tests.zones.ledger.paper_ledger import make

FORAGER_1 = """class Forager(Trait):
    async def execute(self, entity):
        entity.eat(1.0)
"""
FORAGER_2 = """class Forager(Trait):
    async def execute(self, entity):
        near = entity.nearby_resources(5.0)
        entity.eat(1.0)
"""
FORAGER_3 = """class Forager(Trait):
    async def execute(self, entity):
        near = entity.nearby_resources(5.0)
        entity.eat(2.0)
"""
OUTSIDE = "import os\n\n\nclass Outside(Trait):\n    pass\n"


def hash_of(source: str) -> str:
    return hashlib.sha256(source.encode()).hexdigest()


def id_of(source: str) -> str:
    return f"mut_{hash_of(source)[:12]}"


def about(source: str, /, **more: Any) -> dict[str, Any]:
    name = source.partition("class ")[2].partition("(")[0]
    return {"mutation_id": id_of(source), "trait_name": name, **more}


def proposed(number: int, source: str, cause: int = 0, **more: Any) -> Envelope:
    payload = about(
        source, plan_id="plan_1", code_hash=hash_of(source), author="ollama", attempt=1,
        source=source, metric="population", better="more", model="llama3:8b", prompt_hash="ab" * 32,
    )  # fmt: skip
    return make(
        number, "mutation.proposed", zone="sandbox", role=Role.CODER, cause=cause or b"",
        payload=payload | more,
    )  # fmt: skip


def tried(number: int, source: str, mean: float = 4.0, accepted: bool = True) -> Envelope:
    effect = {"metric": "population", "mean": mean, "low": mean - 1, "high": mean + 1, "pairs": 4,
              "control": 100.0, "clear": "more"}  # fmt: skip
    other = effect | {"metric": "births", "mean": 1.0}
    payload = {"zone": "stable", "code_hash": hash_of(source), "accepted": accepted, "how": "done",
               "reason": "", "ticks": 1000, "seeds": 4, "calls": 12_000, "faults": {},
               "effect": [other, effect]}  # fmt: skip
    return make(number, "trial.ended", zone="kernel", payload=payload)


def ready(number: int, source: str, version: int, cause: int = 0) -> Envelope:
    payload = about(
        source, version=version, code_hash=hash_of(source), plan_id="plan_1", tried=True,
        file_path=f"mutations/trait_forager_v{version}.py",
    )  # fmt: skip
    return make(number, "mutation.ready", zone="kernel", cause=cause or b"", payload=payload)


def applied(number: int, source: str, version: int) -> Envelope:
    payload = about(source, version=version, registry_version=version, tick=100 * number)
    return make(number, "mutation.applied", zone="kernel", payload=payload)


def kept(number: int, source: str, version: int) -> Envelope:
    payload = about(source, version=version, tick=100 * number, ticks=2000)
    return make(number, "mutation.kept", zone="kernel", payload=payload)


def failed(number: int, source: str, stage: str, back: str = "", **more: Any) -> Envelope:
    payload = about(source, error="it went wrong", stage=stage, rollback_to=back, **more)
    return make(number, "mutation.failed", zone="kernel", level=Level.WARNING, payload=payload)


def decided(number: int, role: Role, why: str, cause: int) -> Envelope:
    payload = {
        "context_hash": "c", "input_trigger": "trig_1", "rationale": why,
        "rejected_alternatives": ["more rain"], "memory_ids": [], "confidence_score": 0.75,
    }  # fmt: skip
    return make(
        number, "agent.decided", zone="sandbox", agent=role.name.lower(), role=role, cause=cause,
        payload=payload,
    )  # fmt: skip


HISTORY = [
    make(1, "evolution.trigger", zone="sandbox", payload={
        "trigger_id": "trig_1", "problem_type": "starvation", "severity": "high",
        "affected_entities": 409, "suggested_area": "traits", "snapshot_key": "300"}),
    decided(2, Role.ARCHITECT, "they starve beside food", 1),
    make(3, "evolution.plan", zone="sandbox", cause=2, payload={
        "plan_id": "plan_1", "trigger_id": "trig_1", "action_type": "new_trait",
        "description": "eat what is near", "target_class": "Forager",
        "target_method": "execute"}),
    decided(4, Role.CODER, "the simplest thing", 3),
    proposed(5, FORAGER_1, cause=4, note="eats"),
    decided(6, Role.REVIEWER, "it is what was planned", 5),
    tried(7, FORAGER_1),
    ready(8, FORAGER_1, 1, cause=7),
    applied(9, FORAGER_1, 1),
    make(10, "guard.begun", zone="kernel", payload=about(
        FORAGER_1, version=1, tick=900, ticks=2000, metric="population", degraded="four seeds")),
    kept(11, FORAGER_1, 1),
    make(12, "mutation.measured", zone="kernel", payload=about(
        FORAGER_1, version=1, metric="population", better="more", ticks=1000, seeds=16,
        effect=[{"metric": "population", "mean": 8.2, "low": 6.0, "high": 10.6, "pairs": 16,
                 "control": 200.0}])),
    proposed(13, OUTSIDE, cause=4, metric="births"),
    failed(14, OUTSIDE, "validation", rule="import", line=1),
    proposed(15, FORAGER_2, cause=4, author="genetic", model="", prompt_hash=""),
    tried(16, FORAGER_2, mean=2.0),
    ready(17, FORAGER_2, 2),
    applied(18, FORAGER_2, 2),
    make(19, "guard.tripped", zone="kernel", level=Level.WARNING, payload=about(
        FORAGER_2, version=2, tick=1900, rule="forecast", reason="below the band 3 times")),
    failed(20, FORAGER_2, "guard", "Forager_v1", version=2),
    ready(21, FORAGER_3, 3),
    applied(22, FORAGER_3, 3),
    make(23, "trait.quarantined", zone="kernel", level=Level.ERROR,
         payload={"zone": "stable", "slot": 0, "why": "it crashed twice"}),
    failed(24, FORAGER_3, "execution", "Forager_v1", version=3),
    make(25, "world.params_changed", payload={
        "param_name": "metabolism", "old_value": 0.5, "new_value": 0.75}),
    make(26, "mutation.proposed", zone="sandbox", payload={
        "mutation_id": "mut_0123456789ab", "plan_id": "plan_2", "trait_name": "",
        "code_hash": "0123456789ab" + "0" * 52, "author": "genetic", "attempt": 1,
        "params": {"metabolism": 0.25, "rain": 2.0}}),
    # What no honest sender says.
    make(27, "mutation.applied", payload={"mutation_id": 7, "version": "x"}),
    make(28, "mutation.kept", payload=b"\xc1"),
    make(29, "mutation.proposed", payload={
        "mutation_id": "mut_eeeeeeeeeeee", "trait_name": "\x1b[2J", "code_hash": [], "note": 5,
        "params": {"x": "y"}, "author": "\x1b[31m"}),
]  # fmt: skip
