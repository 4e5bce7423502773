"""The offline Historian: a lesson for each attempt, with figures, as the Architect reads them."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.zones.agents.authors.genetic.landscape import PaperLab, brief, flat, never
from zones.agents.authors.genetic.planning import plan_for
from zones.agents.authors.genetic.recalling import LESSONS_MAX, lessons_of
from zones.agents.authors.genetic.search import GeneticSettings
from zones.agents.thoughts import Story

TRIGGER = {"problem_type": "starvation", "severity": "high", "affected_entities": 120}
PLAN = {
    "plan_id": "plan_1",
    "action_type": "new_trait",
    "target_class": "Forager",
    "metric": "mean_population",
    "description": "A new trait lets Molbots find food.",
}
PROPOSED = {"mutation_id": "mut_1", "plan_id": "plan_1", "trait_name": "Forager"}
EFFECT = {"metric": "mean_population", "mean": 12.5, "low": 11.0, "high": 14.0}


def story(*events: tuple[str, Mapping[str, Any]], outcome: str = "kept") -> Story:
    told = tuple(
        {"position": number, "kind": kind, "text": kind, "payload": payload}
        for number, (kind, payload) in enumerate(events)
    )
    return Story("trig_1", outcome, told)


def begun(*events: tuple[str, Mapping[str, Any]], outcome: str = "kept") -> Story:
    return story(
        ("evolution.trigger", TRIGGER),
        ("evolution.plan", PLAN),
        ("mutation.proposed", PROPOSED),
        *events,
        outcome=outcome,
    )


def test_kept_mutation_is_a_lesson_with_its_effect() -> None:
    """What was kept is one lesson: situation, action, effect with its interval, advice, tags."""
    found = lessons_of(
        begun(
            ("mutation.kept", {"mutation_id": "mut_1"}),
            ("mutation.measured", {"mutation_id": "mut_1", "effect": EFFECT}),
        )
    )
    assert len(found) == 1
    lesson = found[0]
    assert "starvation of high severity with 120 Molbots" in lesson.situation
    assert "new_trait Forager" in lesson.action
    assert "kept" in lesson.result
    assert "+12.5" in lesson.result
    assert "+11 to +14" in lesson.result
    assert {"starvation", "new_trait", "mean_population", "Forager", "kept"} <= set(lesson.tags)


def test_effect_of_the_promise_is_told() -> None:
    """Where every metric's effect is told, the lesson has that of the one that was promised."""
    every = [{**EFFECT, "metric": "births", "mean": 3.0}, EFFECT]
    told = {"mutation_id": "mut_1", "metric": "mean_population", "effect": every}
    (lesson,) = lessons_of(begun(("mutation.measured", told)))
    assert "mean_population +12.5" in lesson.result
    assert "births" not in lesson.result


@pytest.mark.parametrize(
    ("payload", "end", "stage"),
    [
        ({"stage": "trial", "error": "faults in every call"}, "failed", "trial"),
        ({"stage": "guard", "error": "outside", "rollback_to": "none"}, "rolled back", "guard"),
        ({"stage": "review", "error": "vetoed"}, "failed", "review"),
    ],
)
def test_failure_is_a_lesson_with_its_reason(payload: dict[str, Any], end: str, stage: str) -> None:
    """What failed is a lesson: how it ended, at which stage, and why."""
    failed = ("mutation.failed", {"mutation_id": "mut_1", **payload})
    (lesson,) = lessons_of(begun(failed, outcome="failed"))
    assert lesson.result.startswith(f"{end} at stage {stage}: {payload['error']}")
    assert end in lesson.tags
    assert lesson.feedback


def test_each_attempt_has_its_own_lesson_bounded() -> None:
    """Many attempts are as many lessons, the newest of them at most."""
    events = [
        ("mutation.failed", {"mutation_id": f"mut_{n}", "stage": "trial", "error": str(n)})
        for n in range(20)
    ]
    found = lessons_of(begun(*events))
    assert len(found) == LESSONS_MAX
    assert "19" in found[-1].result


def test_mission_without_an_attempt_has_one_lesson() -> None:
    """A mission that came to nothing says so for the next time."""
    (lesson,) = lessons_of(
        story(("evolution.trigger", TRIGGER), outcome="cannot write a trait: none of 12 traits")
    )
    assert "none of 12" in lesson.result
    assert "parameters" in lesson.feedback


def test_strange_events_are_left_out() -> None:
    """Events without what they should have make no lesson and no error."""
    told = Story(
        "trig_1",
        "",
        (
            {"kind": "mutation.failed", "payload": None},
            {"kind": "evolution.plan"},
            {},
            {"kind": "mutation.measured", "payload": {"effect": {"metric": 3, "mean": "much"}}},
        ),
    )
    assert len(lessons_of(told)) == 1


def test_architect_reads_what_the_historian_writes() -> None:
    """A lesson that says that traits were rolled back lowers the rank of traits."""
    failed = {"mutation_id": "mut_1", "stage": "guard", "error": "outside", "rollback_to": "none"}
    (lesson,) = lessons_of(begun(("mutation.failed", failed)))
    text = f"{lesson.situation}: {lesson.action}. {lesson.result}. {lesson.feedback}"
    usual = plan_for(brief(), PaperLab(flat), never, GeneticSettings())
    taught = plan_for(brief(lessons=(text,)), PaperLab(flat), never, GeneticSettings())
    assert taught.confidence < usual.confidence


def test_what_an_author_did_not_take_is_no_lesson() -> None:
    """It has failed at nothing: a lesson would speak against its kind the next time."""
    aside = {"mutation_id": "mut_2", "stage": "trial", "rule": "hung", "error": "no", "aside": True}
    found = lessons_of(
        begun(
            ("mutation.proposed", PROPOSED | {"mutation_id": "mut_2", "aside": True}),
            ("mutation.failed", aside),
            ("mutation.kept", {"mutation_id": "mut_1"}),
        )
    )
    assert len(found) == 1 and "kept" in found[0].tags
