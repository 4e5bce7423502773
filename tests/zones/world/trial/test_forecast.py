"""Bands of a forecast: how wide they are, of how many runs, and what is said of too few."""

import random
from itertools import pairwise
from pathlib import Path

import pytest

from Kernel.contract.window_metrics import Counters
from zones.world.trial.effect import T_95
from zones.world.trial.forecast import T_99, band_of, forecast, plan_rest, plan_runs
from zones.world.trial.job import Forecast, Job

ASKED = Forecast("population", "more", 300, 60.0)
JOB = Job("stable", Path("/nowhere"), ticks=2000, seeds=8, forecast=ASKED)


def run(*populations):
    """Return the counters of a run that had so many after each window."""
    return [Counters(each, 0, 0, 0, 0, 0, 1, 10.0 * each) for each in populations]


def test_a_band_holds_what_a_table_says():
    """By hand: mean 10, deviation 2, four runs: 10 ± 5.8409 · 2 · √1.25."""
    values = [10 - 3**0.5, 10 - 3**0.5, 10 + 3**0.5, 10 + 3**0.5]
    band = band_of(values, "births")
    assert band.high - 10 == pytest.approx(5.8409 * 2 * 1.25**0.5)
    assert band.low == 0.0, "there is less than nothing of no metric"


def test_a_band_holds_99_of_100_more_like_them():
    """Of normal values, whatever the mean and the spread that was drawn."""
    draw = random.Random(3)
    held = sum(
        band_of([draw.gauss(1000, 30) for _ in range(8)], "population").holds(draw.gauss(1000, 30))
        for _ in range(4000)
    )
    assert 0.985 < held / 4000 < 0.995


def test_what_has_no_spread_reaches_one_more_and_one_less():
    """A birth that no run had is no reason to take a trait back."""
    band = band_of([3.0] * 8, "births")
    assert (band.low, band.mean, band.high) == (2.0, 3.0, 4.0)
    assert band_of([0.5] * 8, "starvation").high == pytest.approx(0.51)


def test_quantiles_are_as_many_as_those_of_the_effect():
    """And each is beyond its neighbour's."""
    assert len(T_99) == len(T_95)
    assert all(one > other for one, other in pairwise(T_99))


def test_a_window_has_the_values_of_all_runs():
    """The first begins where the runs begin."""
    runs = [run(100, 110, 120), run(100, 112, 130), run(100, 114, 140)]
    told = forecast(JOB, runs, 300, "")
    assert [each.mean for each in told.windows] == [112.0, 130.0]
    assert (told.metric, told.better, told.seeds, told.degraded) == ("population", "more", 3, "")


def test_what_is_less_than_was_asked_for_is_said():
    """Another metric, one run, no window, longer ones."""
    assert forecast(Job("w", Path("/")), [run(1, 2)], 300, "") is None
    told = forecast(JOB, [run(1, 2)], 300, "")
    assert told.windows == () and told.degraded == "1 run tells nothing of the spread"
    told = forecast(JOB, [run(1)] * 2, 300, "")
    assert told.windows == () and told.degraded == "the runs are shorter than a window"
    strange = Job("w", Path("/"), forecast=Forecast("beauty", "more", 300, 60.0))
    told = forecast(strange, [run(1, 2)] * 2, 400, "3 of 8 seeds")
    assert told.metric == "population" and told.degraded == (
        "'beauty' cannot be told from counters; population stands for it; 3 of 8 seeds; "
        "windows are of 400 ticks; of 2 runs a band holds nearly anything"
    )


@pytest.mark.parametrize(
    ("population", "ticks", "seeds"),
    [(500, 2000, 8), (20_000, 2000, 8), (100_000, 1200, 3), (1_000_000, 300, 3)],
)
def test_large_worlds_have_fewer_seeds_then_shorter_runs(population, ticks, seeds):
    """Never fewer than three, nor shorter than a window."""
    planned = plan_runs(JOB, population)
    assert (planned.ticks, planned.seeds) == (ticks, seeds)
    assert (planned.degraded == "") == (seeds == 8)


def test_a_first_pair_that_was_slow_leaves_fewer_seeds():
    """What was measured counts more than what was thought."""
    planned = plan_runs(JOB, 500)
    assert plan_rest(JOB, planned, 5.0) == planned
    fewer = plan_rest(JOB, planned, 12.0)
    assert fewer.seeds == 5
    assert fewer.degraded == "5 of 8 seeds: more would take over 60 s"
    assert plan_rest(JOB, planned, 1e6).seeds == 3


def test_without_a_forecast_nothing_is_left_out():
    """A trial is as large as it was asked for."""
    job = Job("w", Path("/"), ticks=5000, seeds=64)
    assert plan_rest(job, plan_runs(job, 10**6), 1e6) == (5000, 64, "")
