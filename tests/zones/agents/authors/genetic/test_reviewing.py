"""The offline Reviewer: approves what a plan asks for, vetoes what a short trial does not see."""

import random

import pytest

from tests.zones.agents.authors.genetic.test_grammar import made
from tests.zones.traits.corpus import honest
from zones.agents.authors.genetic.reviewing import review
from zones.agents.authors.genetic.writing import write
from zones.agents.thoughts import Draft, Plan

PLAN = Plan("new_trait", "more", "mean_population", "more", "Trial")


def source(*lines: str, name: str = "Trial") -> str:
    body = "\n".join(f"        {line}" for line in lines)
    return f"class {name}(Trait):\n    async def execute(self, entity):\n{body}\n"


def test_own_traits_that_act_are_approved() -> None:
    """What the author breeds passes its own review, unless it never touches its entity."""
    approved = 0
    for seed in range(200):
        tree = made(seed)
        if tree is not None:
            approved += review(PLAN, Draft(write(tree, "Trial"))).approved
    assert approved > 150


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (source("entity.eat(5.0)", name="Other"), "called Other"),
        ("x = 1\n", "0 traits"),
        (source("entity.eat(5.0)") + source("entity.eat(6.0)", name="Two"), "2 traits"),
        (source("x = entity.energy"), "does nothing"),
        (source("entity.color = '#ffffff'"), "can change mean_population"),
        (source("while True:", "    entity.eat(1.0)"), "while loop"),
        (source("entity.radius += 0.5"), "grows"),
        (source("entity.max_energy = entity.max_energy * 1.01"), "grows"),
        (source("entity.vx *= 1.5"), "grows"),
        (source("entity.vx = 40.0"), "collisions"),
        (source("entity.vx = 2.0 * 30.0 * 1.0"), "collisions"),
        (
            source(
                "for other in entity.nearby_entities(50.0):",
                "    if entity.nearby_entities(10.0):",
                "        entity.eat(1.0)",
            ),
            "crowd",
        ),
        ("class Trial(Trait:\n", "cannot be read"),
        ("(" * 5000, "cannot be read"),
        ("#" * 30_000, "characters"),
    ],
)
def test_veto_and_reason(text: str, why: str) -> None:
    """Each rule vetoes what breaks it and says so."""
    judged = review(PLAN, Draft(text))
    assert not judged.approved
    assert why in judged.reason


@pytest.mark.parametrize(
    "text",
    [
        source("entity.eat(5.0)"),
        source("entity.radius = min(entity.radius + 0.5, 4.0)"),
        source("self.steps = 1", "entity.move(1.0, 0.0)"),
        source("for food in entity.nearby_resources(50.0):", "    entity.eat(food.amount)"),
        source("entity.vx = 3.0", "entity.vy = -3.0"),
        "class Thing:\n    pass\n\n\n" + source("entity.eat(1.0)"),
    ],
)
def test_what_does_its_plan_is_approved(text: str) -> None:
    """Plain traits with bounded deeds are approved."""
    judged = review(PLAN, Draft(text))
    assert judged.approved, judged.reason


def test_needed_deeds_follow_the_metric() -> None:
    """A trait that only eats cannot lessen collisions; one that slows down can."""
    plan = Plan("new_trait", "apart", "collided", "less", "Trial")
    assert not review(plan, Draft(source("entity.eat(5.0)"))).approved
    assert review(plan, Draft(source("entity.vx = 0.5"))).approved


def test_any_source_gets_a_verdict() -> None:
    """Whatever text is handed in, cut and scrambled sources too, a verdict comes back."""
    chance = random.Random(1)
    for text in honest().values():
        whole = text.decode()
        cut = whole[: chance.randrange(len(whole))]
        for each in (whole, cut, cut[::-1]):
            assert review(PLAN, Draft(each)).reason
