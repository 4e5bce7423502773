"""When a generation is started anew although nothing is wrong: by hours, by mutations."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from Kernel.core.soft_restart import PATIENCE_S, RETRY_S, Row, Rules, decide_restart, why_due

RULES = Rules(interval_s=3600.0, mutations_max=100)
ROW = Row(started_s=1000.0, mutations=0)


@pytest.mark.parametrize(
    ("rules", "mutations", "age_s", "why"),
    [
        (RULES, 99, 3599.0, ""),
        (RULES, 99, 3600.0, "1.0 hours, the limit is 1"),
        (RULES, 100, 0.0, "100 mutations, the limit is 100"),
        (Rules(0.0, 100), 99, 1e9, ""),
        (Rules(3600.0, 0), 10**6, 0.0, ""),
        (Rules(0.0, 0), 10**6, 1e9, ""),
    ],
)
def test_it_is_due_by_hours_or_by_mutations(rules, mutations, age_s, why):
    """Whichever comes first; 0 takes a limit away."""
    row = replace(ROW, mutations=mutations)
    assert why_due(rules, row, ROW.started_s + age_s) == why
    assert decide_restart(rules, row, ROW.started_s + age_s) is bool(why)


def test_it_waits_for_a_quiet_moment_and_not_for_ever():
    """While another generation comes or one is kept for going back, for PATIENCE_S at most."""
    now_s = ROW.started_s + 3600.0
    row = replace(ROW, busy=True, due_s=now_s)
    assert not decide_restart(RULES, row, now_s)
    assert not decide_restart(RULES, row, now_s + PATIENCE_S - 1)
    assert decide_restart(RULES, row, now_s + PATIENCE_S)
    assert decide_restart(RULES, replace(row, busy=False), now_s)


def test_one_that_came_to_nothing_is_not_tried_at_once():
    """A checkout that cannot be loaded is not loaded over and over."""
    now_s = ROW.started_s + 3600.0
    row = replace(ROW, tried_s=now_s)
    assert not decide_restart(RULES, row, now_s + RETRY_S - 1)
    assert decide_restart(RULES, row, now_s + RETRY_S)


@given(
    st.floats(0, 1e6), st.integers(0, 2000), st.floats(0, 1e6), st.booleans(),
    st.none() | st.floats(0, 1e6), st.none() | st.floats(0, 1e6),
)  # fmt: skip
def test_never_without_a_reason(age_s, mutations, due_s, busy, tried_s, interval_s):
    """Whatever the state, one is begun only when a limit is reached."""
    row = Row(0.0, mutations, due_s, tried_s, busy)
    rules = Rules(interval_s or 0.0, 1000)
    if decide_restart(rules, row, age_s):
        assert mutations >= 1000 or (interval_s and age_s >= interval_s)
