"""The offline Architect: what it plans against each problem, and what changes its mind."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.zones.agents.authors.genetic.landscape import PaperLab, brief, flat, never
from zones.agents.authors.genetic.planning import (
    CHANGES,
    PROMISES,
    STEP_MAX,
    STEP_MIN,
    Made,
    plan_for,
)
from zones.agents.authors.genetic.search import GeneticSettings
from zones.agents.thoughts import (
    METRICS,
    AuthorFailed,
    Brief,
    Cancelled,
    Failure,
    Outcome,
    TraitFact,
)
from zones.world.parameters import BY_NAME

SETTINGS = GeneticSettings()
OF_TRAIT = Failure("Forager", "trial", "no effect", source="class Forager(Trait): ...")


class Helping(PaperLab):
    """A world in which one parameter does what is wanted, and no other does anything."""

    def __init__(self, name: str, by: float) -> None:
        super().__init__(flat, noise=0.1)
        self.name, self.by = name, by
        if by < 0:
            self.signs = {}  # fewer of everything

    def try_params(
        self, changes: Sequence[Mapping[str, float]], ticks: int, seeds: int
    ) -> list[Outcome]:
        self.worth = lambda text: self.by if self.name in text else 0.0
        return super().try_params(changes, ticks, seeds)


def plan(about: Brief, lab: PaperLab | None = None) -> Made:
    return plan_for(about, lab or PaperLab(flat), never, SETTINGS)


def test_starvation_is_met_by_a_trait() -> None:
    """Against starvation a new trait is planned first, with what it promises and what it is not."""
    made = plan(brief("starvation"))
    assert made.plan.action_type == "new_trait"
    assert (made.plan.metric, made.plan.better) == ("mean_population", "more")
    assert made.plan.target_class == "Forager"
    assert "Starvation is high" in made.rationale
    assert any("adjust_params" in each for each in made.rejected)
    assert 0 < made.confidence <= 1


def test_world_that_seeds_itself_is_promised_births() -> None:
    """Where as many live as the world puts in itself, births are promised: the number stands."""
    made = plan(brief("starvation", telemetry=({"tick": 900, "entity_count": 21},)))
    assert (made.plan.metric, made.plan.better) == ("births", "more")


def test_names_are_new() -> None:
    """A new trait is called like none that the world has or that failed in this mission."""
    traits = (TraitFact("Forager", 1, "removed", "native", 5, 0),)
    failed = (Failure("Gatherer", "review", "no"),)
    made = plan(brief("starvation", traits=traits, failures=failed))
    assert made.plan.target_class == "Seeker"


def test_failed_traits_lead_to_parameters() -> None:
    """After traits have failed in this mission parameters are tried, and planned with a proof."""
    lab = Helping("resource_spawn_rate", 3.0)
    made = plan(brief("starvation", failures=(OF_TRAIT, OF_TRAIT)), lab)
    assert made.plan.action_type == "adjust_params"
    assert made.plan.params["resource_spawn_rate"] > BY_NAME["resource_spawn_rate"].default
    assert made.plan.target_class == ""
    assert "interval" in made.rationale
    assert any("came to nothing" in each for each in made.options)


def test_parameters_without_a_proof_are_not_planned() -> None:
    """Where no change of parameters has a proven effect the next option is planned, and why."""
    made = plan(brief("overpopulation"))
    assert made.plan.action_type == "new_trait"
    assert any("adjust_params" in each and "mean_population" in each for each in made.rejected)


@pytest.mark.parametrize(
    ("kind", "name", "by"),
    [("overpopulation", "resource_spawn_rate", -3.0), ("low_diversity", "mutation", 3.0)],
)
def test_environment_is_met_by_parameters(kind: str, name: str, by: float) -> None:
    """Overpopulation and low diversity are met by parameters first."""
    made = plan(brief(kind), Helping(name, by))
    assert made.plan.action_type == "adjust_params"
    assert name in made.plan.params


def test_mutation_of_zero_can_be_changed() -> None:
    """A parameter that stands at 0 is set by its default: no multiple of 0 changes anything."""
    params = {**brief().params, "mutation": 0.0}
    made = plan(brief("low_diversity", params=params), Helping("mutation", 3.0))
    assert made.plan.params["mutation"] > 0


def test_our_own_trait_may_be_made_better() -> None:
    """A trait of ours that is active against this trouble is changed; a failure turns that."""
    traits = (TraitFact("Forager", 1, "active", "native", 5, 0, "class Forager(Trait): ..."),)
    made = plan(brief("starvation", traits=traits))
    assert (made.plan.action_type, made.plan.target_class) == ("modify_trait", "Forager")
    other = (TraitFact("Restraint", 1, "active", "native", 5, 0, "class Restraint(Trait): ..."),)
    assert plan(brief("starvation", traits=other)).plan.target_class == "Forager"
    failed = (Failure("Forager", "trial", "no effect", source="class Forager(Trait): pass"),)
    made = plan(brief("starvation", traits=traits, failures=failed))
    assert made.plan.action_type != "modify_trait"


def test_lessons_change_the_order() -> None:
    """What failed before ranks lower, what helped before higher; other problems' lessons do not."""
    bad = "situation: starvation. new_trait Forager. result: rolled back at stage guard"
    usual, taught = plan(brief("starvation")), plan(brief("starvation", lessons=(bad, bad)))
    assert taught.confidence < usual.confidence
    other = bad.replace("starvation", "overpopulation")
    assert plan(brief("starvation", lessons=(other,))).confidence == usual.confidence


def test_a_full_world_is_met_by_parameters_even_after_a_failure() -> None:
    """Fewer births empty no slot for long: what failed once is tried again before a trait is."""
    bad = "overpopulation adjust_params resource_spawn_rate = 0.1 rolled back at stage guard"
    full = ({"tick": 900, "entity_count": 500, "max_entities": 500},)
    lab = Helping("resource_spawn_rate", -3.0)
    made = plan(brief("overpopulation", lessons=(bad, bad), telemetry=full), lab)
    assert made.plan.action_type == "adjust_params"
    room = ({"tick": 900, "entity_count": 100, "max_entities": 500},)
    made = plan(brief("overpopulation", lessons=(bad, bad), telemetry=room), lab)
    assert made.plan.action_type == "new_trait"


def test_enough_bad_lessons_turn_the_plan() -> None:
    """Three lessons that traits failed make it try parameters."""
    bad = "starvation: new_trait Forager failed at stage trial"
    made = plan(brief("starvation", lessons=(bad,) * 3), Helping("sense_radius", 3.0))
    assert made.plan.action_type == "adjust_params"


def test_tried_parameters_are_not_tried_again() -> None:
    """A change whose parameters failed in this mission is left out, one of more of them is not."""
    lab = Helping("resource_spawn_rate", -3.0)
    failed = (Failure("resource_spawn_rate = 0.01", "guard", "outside"),)
    made = plan(brief("overpopulation", failures=(*failed, OF_TRAIT, OF_TRAIT)), lab)
    assert set(made.plan.params) == {"birth_age", "resource_spawn_rate"}
    asked = [text for texts, _, _ in lab.asked for text in texts]
    assert len(asked) > 1
    assert not any("resource_spawn_rate" in text and "birth_age" not in text for text in asked)


def test_what_is_nothing_is_not_made_less() -> None:
    """A step down from 0 is none: a world without seasons is not given some against a famine."""
    lab = Helping("resource_spawn_rate", 3.0)
    about = brief("starvation", failures=(OF_TRAIT, OF_TRAIT))
    made = plan(replace(about, params=dict(about.params) | {"season_growth": 0.0}), lab)
    assert set(made.plan.params) == {"resource_spawn_rate"}


def test_every_step_is_within_bounds() -> None:
    """Whatever the present values are, every change stays within its parameter's bounds."""
    asked: list[Mapping[str, float]] = []

    class Noting(PaperLab):
        def try_params(
            self, changes: Sequence[Mapping[str, float]], ticks: int, seeds: int
        ) -> list[Outcome]:
            asked.extend(changes)
            return super().try_params(changes, ticks, seeds)

    for kind in CHANGES:
        for end in ("low", "high"):
            params = {name: getattr(each, end) for name, each in BY_NAME.items()}
            failed = (OF_TRAIT,) * 6
            plan(brief(kind, params=params, failures=failed), Noting(flat))
    assert asked
    for change in asked:
        for name, value in change.items():
            BY_NAME[name].check(value)


def test_tables_name_what_there_is() -> None:
    """Every parameter, metric and factor of the tables exists and is bounded."""
    for changes in CHANGES.values():
        for name, times in (step for steps in changes for step in steps):
            assert name in BY_NAME
            assert STEP_MIN <= times <= STEP_MAX
    assert {promise.metric for promise in PROMISES.values()} <= set(METRICS)


def test_plan_may_be_asked_for_by_hand() -> None:
    """Without a problem something is planned all the same, with the reason that was given."""
    made = plan(brief(""))
    assert made.plan.action_type == "new_trait"
    assert "to see what comes" in made.rationale


def test_nothing_left_is_said() -> None:
    """With no parameters and no name that is free there is no plan, and the author says so."""
    names = [f"{n}{s}" for n in PROMISES["starvation"].names for s in ("", *range(2, 10))]
    taken = tuple(TraitFact(name, 1, "removed", "native", 0, 0) for name in names)
    with pytest.raises(AuthorFailed, match="nothing is left"):
        plan(brief("starvation", traits=taken, params={}))


def test_cancelled_plan_tries_nothing() -> None:
    """A plan that nobody wants any more tries no parameters."""
    lab: Any = Helping("mutation", 3.0)
    with pytest.raises(Cancelled):
        plan_for(brief("low_diversity"), lab, lambda: True, SETTINGS)
    assert lab.asked == []
