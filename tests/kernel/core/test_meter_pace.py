"""When meters are read: sooner where a limit is near, and within a share of a core."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from Kernel.core.meter_pace import CALM_S, FAST_S, LONGEST_S, READERS, USUAL_S, next_reading_s


@pytest.mark.parametrize(
    ("nearness", "expected_s"),
    [(0.0, CALM_S), (0.49, CALM_S), (0.5, USUAL_S), (0.89, USUAL_S), (0.9, FAST_S), (3, FAST_S)],
)
def test_who_is_near_a_limit_is_looked_at_more_often(nearness, expected_s):
    """Four times a second near it, every other second far from it."""
    assert next_reading_s(nearness, 0.0, 0.5, 100.0) == 100.0 + expected_s


@given(st.floats(0, 5), st.floats(0, 0.006), st.floats(0.1, 5))
def test_all_reading_together_stays_within_its_share(nearness, spent_s, cost_percent):
    """As long as a reading is not so slow that it would never be done."""
    passed_s = next_reading_s(nearness, spent_s, cost_percent, 0.0)
    assert READERS * spent_s / passed_s <= cost_percent / 100 + 1e-9 or passed_s == LONGEST_S
