"""What agents think about in tests: a starving world, a plan for it, and answers that fit."""

from typing import Any

from Kernel.contract.parameters import Parameter
from zones.agents.thoughts import Brief, Draft, Failure, Plan, Story, TraitFact
from zones.agents.watcher import Problem

PARAMETERS = (
    Parameter("resource_spawn_rate", 1, "energy per place and tick", 0.0, 10.0, 0.05),
    Parameter("min_population", 2, "Molbots", 0.0, 100_000.0, 20.0, whole=True),
)
PERIOD = {
    "tick": 3000, "entity_count": 120, "avg_energy": 31.5, "births_last_period": 2,
    "seeded_last_period": 0, "deaths_last_period": 90, "death_starvation": 88, "death_age": 1,
    "death_collision": 1, "resource_density": 0.1, "temperature": 20.0, "light": 0.5,
    "lineages": 80, "lineage_diversity": 40.0, "dominant_lineage": 7, "dominant_share": 0.1,
    "genes": [0.5] * 8, "trait_diversity": 0.0, "dominant_trait": "",
}  # fmt: skip
DRIFTER = "class Drifter(Trait):\n    pass\n"
BRIEF = Brief(
    trigger_id="trig_0123456789ab",
    problem=Problem("starvation", "high", 0.46, 0.3, 3000, 120),
    reason="",
    telemetry=(PERIOD | {"tick": 2700, "entity_count": 200}, PERIOD),
    params={"resource_spawn_rate": 0.005, "min_population": 20.0},
    parameters=PARAMETERS,
    traits=(TraitFact("Drifter", 2, "active", "native", 12000, 3, DRIFTER),),
    lessons=("when starving, look farther",),
    memory_ids=("m1",),
    failures=(Failure("Grazer", "trial", "no clear effect", source="class Grazer(Trait): pass"),),
)  # fmt: skip
PLAN = Plan("new_trait", "look farther for food", "starvation", "less", "FarSeer")
SOURCE = '''"""Goes to food it would not have seen."""


class FarSeer(Trait):
    async def execute(self, entity):
        places = entity.nearby_resources(120.0)
        if places:
            entity.move((places[0].x - entity.x) * 0.1, (places[0].y - entity.y) * 0.1)
'''
DRAFT = Draft(SOURCE, "looks farther")
STORY = Story(
    "mission_1",
    "kept",
    ({"position": 7, "kind": "mutation.kept", "text": "FarSeer was kept", "payload": {}},),
    ("when starving, look farther",),
)

PLAN_ANSWER: dict[str, Any] = {
    "rationale": "88 of 90 starved",
    "options": ["FarSeer", "more food"],
    "rejected": ["more food: that is no evolution"],
    "action_type": "new_trait",
    "description": "look farther for food",
    "target_class": "FarSeer",
    "params": [],
    "metric": "starvation",
    "better": "less",
    "confidence": 0.7,
}
PARAMS_ANSWER: dict[str, Any] = PLAN_ANSWER | {
    "action_type": "adjust_params",
    "target_class": "",
    "params": [{"name": "resource_spawn_rate", "value": 0.02}],
}
DRAFT_ANSWER: dict[str, Any] = {
    "rationale": "it looks 120 far",
    "note": "looks farther",
    "source": SOURCE,
    "confidence": 0.6,
}
REVIEW_ANSWER: dict[str, Any] = {
    "rationale": "it does what was planned",
    "approved": True,
    "reason": "",
    "confidence": 0.9,
}
LESSONS_ANSWER: dict[str, Any] = {
    "rationale": "it was kept",
    "lessons": [
        {
            "situation": "starvation",
            "action": "look farther",
            "result": "fewer starve",
            "feedback": "do it again",
            "tags": ["starvation"],
        }
    ],
    "confidence": 0.8,
}


class NoLab:
    """A lab that nobody may use."""

    def try_sources(self, *_: object) -> Any:
        raise AssertionError("this author has no use for a lab")

    try_params = try_sources
