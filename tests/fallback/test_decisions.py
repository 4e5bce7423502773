"""What safe mode decides, on fake time."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fallback.back_off import BackOff
from fallback.decisions import (
    HEALTHY_S,
    RETURN_S,
    SERVED_FAILURES_MAX,
    SETTLE_S,
    WORLD_BACK_OFF,
    ProbePlan,
    WorldPlan,
    failures_at_entry,
    plan_after_change,
    plan_after_failure,
    plan_first_probe,
    plan_next_probe,
    plan_no_probe,
)

BACK_OFF = BackOff(5.0, 300.0)


def test_back_off_doubles_up_to_its_cap() -> None:
    """The first delay, doubled at each failure, never above the cap however many there were."""
    assert [BACK_OFF.delay_s(n) for n in (1, 2, 3, 7, 8, 10**6)] == [5, 10, 20, 300, 300, 300]


def test_a_version_that_never_ticks_is_passed_over_at_once() -> None:
    """Nothing is waited for as long as another version is untried; then it is, more and more."""
    plan, waits, versions = WorldPlan(), [], []
    for _ in range(8):
        versions.append(plan.version)
        plan = plan_after_failure(plan, 3, None, 100.0)
        waits.append(plan.due_s - 100.0)
    assert versions == [0, 1, 2, 0, 1, 2, 0, 1]
    assert waits == [0, 0, 0.5, 1, 2, 4, 8, 16]


def test_a_version_that_ticked_is_tried_again() -> None:
    """It has some tries before the next version has its turn."""
    plan, versions = WorldPlan(), []
    for _ in range(2 * SERVED_FAILURES_MAX):
        versions.append(plan.version)
        plan = plan_after_failure(plan, 2, 1.0, 0.0)
    assert versions == [0] * SERVED_FAILURES_MAX + [1] * SERVED_FAILURES_MAX


def test_long_health_forgets_failures() -> None:
    """After HEALTHY_S of ticking a failure is the first one again, of the same version."""
    plan = WorldPlan(version=1, failures=20, of_version=2)
    assert plan_after_failure(plan, 2, HEALTHY_S, 7.0).of_version == 1
    assert plan_after_failure(plan, 2, HEALTHY_S, 7.0).version == 1
    assert plan_after_failure(plan, 2, HEALTHY_S - 1, 7.0).due_s == 7.0 + WORLD_BACK_OFF.cap_s


@given(st.lists(st.one_of(st.none(), st.floats(0, 1000)), max_size=60), st.integers(1, 5))
def test_the_world_is_never_given_up(runs: list[float | None], versions: int) -> None:
    """However it fails, the next try is due within the cap, of a version that there is."""
    plan = WorldPlan()
    for ran_s in runs:
        plan = plan_after_failure(plan, versions, ran_s, 50.0)
        assert 0 <= plan.version < versions
        assert 0 <= plan.due_s - 50.0 <= WORLD_BACK_OFF.cap_s


@given(st.lists(st.none(), min_size=12, max_size=12), st.integers(1, 5))
def test_each_version_has_its_turn(runs: list[None], versions: int) -> None:
    """Of versions that all fail at once each is tried, again and again."""
    plan, tried = WorldPlan(), []
    for ran_s in runs:
        tried.append(plan.version)
        plan = plan_after_failure(plan, versions, ran_s, 0.0)
    assert tried == list(itertools.islice(itertools.cycle(range(versions)), len(tried)))


def test_probes_back_off() -> None:
    """The first after the base, each further one after twice as long, up to the cap."""
    plan, delays = plan_first_probe(BACK_OFF, 0, 1000.0), []
    for _ in range(8):
        delays.append(plan.due_s - 1000.0)
        plan = plan_next_probe(plan, BACK_OFF, 1000.0)
    assert delays == [5, 10, 20, 40, 80, 160, 300, 300]


def test_a_change_of_files_is_tried_soon() -> None:
    """Once files have settled, or at the time that was planned if that is sooner."""
    assert plan_after_change(ProbePlan(3, 900.0), 10.0) == ProbePlan(3, 10.0 + SETTLE_S)
    assert plan_after_change(ProbePlan(3, 10.1), 10.0) == ProbePlan(3, 10.1)
    asked_for = plan_no_probe(ProbePlan(3, 10.1))
    assert asked_for == ProbePlan(3, float("inf"))
    assert plan_after_change(asked_for, 10.0) == ProbePlan(3, 10.0 + SETTLE_S)


@pytest.mark.parametrize(
    ("left_s", "counts"),
    [(None, 0), (100.0, 5), (100.0 - RETURN_S, 5), (99.0 - RETURN_S, 0), (101.0, 0)],
)
def test_normal_running_that_came_back_at_once(left_s: float | None, counts: int) -> None:
    """Left a moment ago: its failure counts on. Long ago, never, before a reboot: it does not."""
    assert failures_at_entry(4, left_s, 100.0) == counts
