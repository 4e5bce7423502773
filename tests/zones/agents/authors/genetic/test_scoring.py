"""Scores and proofs: what is better ranks higher, and chance proves nothing."""

import math
import random
from typing import Any

import pytest

from tests.zones.agents.authors.genetic.landscape import PaperLab, flat
from zones.agents.authors.genetic.scoring import Proof, goal_of, proof_of, scores
from zones.agents.thoughts import Outcome

GOAL = goal_of("mean_population", "more")


def outcome(mean: float, reach: float = 0.5, poorer: float = 0.0, **more: Any) -> Outcome:
    """Return an outcome with an effect on the population, and one on starvation."""
    effects = {
        "mean_population": {
            "mean": mean, "low": mean - reach, "high": mean + reach, "control": 20.0,
        },
        "starvation": {
            "mean": poorer, "low": poorer - 0.01, "high": poorer + 0.01, "control": 0.3,
        },
    }  # fmt: skip
    return Outcome(True, effects=effects, **{"calls": 100, "fuel_per_call": 1.0, **more})


def test_more_is_better_and_faults_are_worse() -> None:
    """Rank follows the effect; faults, cost and what must not suffer take from it."""
    batch = [
        outcome(3.0),
        outcome(3.0, fuel_per_call=500.0),
        outcome(3.0, poorer=0.01),
        outcome(2.0),
        outcome(3.0, faults=50),
        outcome(-1.0),
    ]
    worth = scores(batch, GOAL, 2, [5] * 6)
    assert worth[0] == max(worth)
    assert worth[0] > worth[1] > worth[3] > worth[5]
    assert worth[0] > worth[2]
    assert worth[0] > worth[4]


def test_refused_is_worth_nothing() -> None:
    """What the checks refuse, and what lacks the metric, ranks below everything."""
    assert scores([Outcome(False), Outcome(True)], GOAL, 2, [1, 1]) == [-math.inf, -math.inf]


def test_less_is_better_where_less_is_wanted() -> None:
    """A plan for fewer is served by an effect below zero."""
    goal = goal_of("mean_population", "less")
    worth = scores([outcome(-3.0), outcome(3.0)], goal, 2, [1, 1])
    assert worth[0] > 0 > worth[1]
    assert isinstance(proof_of(outcome(-3.0), goal, 8), Proof)
    assert isinstance(proof_of(outcome(3.0), goal, 8), str)


def test_clear_effect_is_a_proof() -> None:
    """An effect far from zero is proven, with a wider interval than 95 %, and a confidence."""
    proof = proof_of(outcome(3.0), GOAL, 8)
    assert isinstance(proof, Proof)
    assert proof.low < 2.5
    assert proof.high > 3.5
    assert 0.5 < proof.confidence < 0.95


@pytest.mark.parametrize(
    "told",
    [
        outcome(0.6, reach=0.5),  # clear at 95 %, not at 99.5 %
        outcome(0.1, reach=0.01),  # sure, and worth nothing
        outcome(3.0, faults=10),
        outcome(3.0, poorer=0.2),
        outcome(3.0, unchanged=True),
        outcome(3.0, reach=math.nan),
        Outcome(True, effects={"mean_population": {
            "mean": 3.0, "low": None, "high": None, "control": 1.0}}),
        Outcome(False, reason="no"),
    ],
)  # fmt: skip
def test_what_proves_nothing(told: Outcome) -> None:
    """No proof: too unsure, too small, at others' expense, with faults, unchanged, no interval."""
    why = proof_of(told, GOAL, 8)
    assert isinstance(why, str) and why


def test_a_crowd_is_not_met_by_nobody() -> None:
    """Fewer are wanted, and not hardly any: what leaves too few has no proof and no rank."""
    goal = goal_of("births", "less")

    def births(mean: float) -> Outcome:
        effect = {"mean": mean, "low": mean - 5.0, "high": mean + 5.0, "control": 100.0}
        return Outcome(True, effects={"births": effect}, calls=1000)

    assert isinstance(proof_of(births(-50.0), goal, 8), Proof)
    why = proof_of(births(-90.0), goal, 8)
    assert isinstance(why, str) and "less than 40%" in why
    some, most = scores([births(-50.0), births(-90.0)], goal, 8, [5, 5])
    assert some > 0 and most == -math.inf
    goal = goal_of("mean_population", "less")
    fewer = {"mean": -300.0, "low": -310.0, "high": -290.0, "control": 1000.0}
    for born, is_proof in ((-90.0, True), (-100.0, False)):
        told = Outcome(True, effects={"mean_population": fewer} | births(born).effects, calls=1000)
        assert isinstance(proof_of(told, goal, 8), Proof) is is_proof, born


def test_chance_seldom_proves_anything() -> None:
    """Of outcomes that are nothing but noise at most 1 in 50 is a proof."""
    lab = PaperLab(flat, noise=random.Random(1).uniform(1, 2))
    told = lab.try_sources([str(number) for number in range(300)], 300, 8)
    assert sum(isinstance(proof_of(each, GOAL, 8), Proof) for each in told) <= 6
