"""The effect of paired runs, against values that are known."""

from itertools import pairwise

import pytest

from Kernel.contract.trial_effect import Effect
from zones.world.trial.effect import T_95, effect_of, effects
from zones.world.trial.job import SEEDS_MAX

# Differences of the "sleep" data of Student (1908); t.test(paired = TRUE) of R gives these bounds.
SLEEP = [1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4]


def test_students_own_data():
    """Mean and interval are as every table says."""
    found = effect_of("sleep", SLEEP)
    assert found.pairs == 10 and found.mean == pytest.approx(1.58)
    assert (found.low, found.high) == pytest.approx((0.7001142, 2.4598858), abs=1e-4)


def test_two_pairs_have_one_degree_of_freedom():
    """Whose quantile is 12.7062: of 0 and 2 the interval is 1 +- 12.7062."""
    found = effect_of("x", [0.0, 2.0])
    assert (found.low, found.high) == pytest.approx((1 - 12.7062, 1 + 12.7062))


def test_one_pair_has_no_interval():
    """Nothing can be said of a spread that was not seen."""
    assert effect_of("x", [3.0]) == Effect("x", 3.0, None, None, 1, 0.0)


def test_an_effect_has_the_figure_of_its_controls():
    """It says how much the difference is."""
    (found,) = effects([{"x": 3.0}, {"x": 5.0}], [{"x": 10.0}, {"x": 20.0}])
    assert (found.mean, found.control) == (-11.0, 15.0)


def test_equal_differences_have_no_width():
    """Not even by rounding, where nothing differs at all."""
    assert effect_of("x", [0.0] * 5) == Effect("x", 0.0, 0.0, 0.0, 5, 0.0)


def test_equal_differences_that_are_something_have_no_interval():
    """Two pairs that lost one Molbot each do not show that every pair would."""
    assert effect_of("starved", [1.0, 1.0]) == Effect("starved", 1.0, None, None, 2, 0.0)


def test_pairs_are_compared_and_not_means():
    """Runs differ a lot from seed to seed; what counts is the difference within a pair."""
    candidates = [{"energy": 11.0, "rare": 1.0}, {"energy": 103.0}]
    controls = [{"energy": 10.0, "rare": 1.0}, {"energy": 100.0}]
    assert effects(candidates, controls) == [
        Effect("energy", 2.0, pytest.approx(2 - 12.7062), pytest.approx(2 + 12.7062), 2, 55.0)
    ]


def test_there_is_a_quantile_for_every_number_of_pairs():
    """They come down towards the one of the normal distribution."""
    assert len(T_95) == SEEDS_MAX - 1
    assert all(a > b > 1.96 for a, b in pairwise(T_95))
