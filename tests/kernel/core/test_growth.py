"""Growth: a line that fits is seen before the limit is reached, noise and caches are not."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from Kernel.core.growth import POINTS_MAX, POINTS_MIN, Points, Rules, note, slope, why_replaced

MB = 1 << 20
RULES = Rules(window_s=600.0, horizon_s=3600.0, share=0.8)


def follow(memory_mb, seconds: int = 700) -> Points:
    """Return what a process leaves that has memory_mb(t) MB, looked at each second."""
    points = Points()
    for now_s in range(seconds):
        points = note(points, 7, round(memory_mb(now_s) * MB), float(now_s), RULES.window_s)
    return points


def test_a_slow_leak_is_seen_long_before_the_limit():
    """0.2 MB a second with a quarter of 1000 MB taken: its share is gone within an hour."""
    why = why_replaced(follow(lambda t: 100 + 0.2 * t), 1000 * MB, RULES)
    assert why.startswith("it grows by 7") and why.endswith("in 47 minutes")


def test_a_leak_that_has_time_is_left_alone():
    """It would reach its share after the horizon, and until then much may happen."""
    assert why_replaced(follow(lambda t: 100 + 0.1 * t), 4000 * MB, RULES) == ""


def test_a_share_of_the_budget_is_enough():
    """Without any slope; one that has no budget is never replaced."""
    assert why_replaced(follow(lambda _t: 800, 3), 1000 * MB, RULES) == (
        "it has 800 MB for itself, 80% of 1000"
    )
    assert why_replaced(follow(lambda _t: 10**6, 3), 0, RULES) == ""
    assert why_replaced(Points(), 1000 * MB, RULES) == ""


def test_a_burst_is_no_growth():
    """The whole window must be seen: a process that has just begun fills its caches."""
    assert why_replaced(follow(lambda t: 100 + t, 200), 2000 * MB, RULES) == ""


@pytest.mark.parametrize(
    "memory_mb",
    [
        lambda t: 100 + 300 * (1 - math.exp(-t / 40)),
        lambda t: 100 + (200 if t % 97 < 48 else 0),
        lambda t: 100 + 60 * math.sin(t / 30),
        lambda t: 500 - 0.3 * t,
        lambda t: 300 + random.Random(t).uniform(-50, 50),
    ],
)
def test_what_fills_up_or_goes_to_and_fro_is_none(memory_mb):
    """No straight line fits, or it does not rise."""
    assert why_replaced(follow(memory_mb), 1000 * MB, RULES) == ""


def test_points_are_bounded_and_those_of_one_process():
    """However long it lives; another process begins anew."""
    points = follow(lambda t: t, 5000)
    assert POINTS_MIN < len(points.at_s) <= POINTS_MAX
    assert points.at_s[-1] - points.at_s[0] <= RULES.window_s
    assert note(points, 8, 5, 5000.0, RULES.window_s) == Points(8, 5, (5000.0,), (5,))


@given(
    st.floats(-1e3, 1e3),
    st.floats(-1e3, 1e3),
    st.lists(st.integers(0, 1000), min_size=2, max_size=30, unique=True),
)
def test_the_slope_of_a_line_is_the_line(first, per_s, seconds):
    """To the rounding of whole bytes."""
    values = [round(1e6 * (first + per_s * each)) for each in seconds]
    found, steady = slope([float(each) for each in seconds], values)
    if len(set(values)) > 1:
        assert found == pytest.approx(1e6 * per_s, abs=1.0) and steady <= 1.0 + 1e-9
    else:
        assert (found, steady) == (0.0, 0.0)
