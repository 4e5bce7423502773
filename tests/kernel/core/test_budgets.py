"""Budgets: no zone has more than there is, and what is not limited has all of it."""

from hypothesis import given
from hypothesis import strategies as st

from Kernel.core.budgets import Pool, budget_of, pool_fields
from Kernel.core.limits import Limits

GB = 1 << 30
POOL = Pool((0, 1), 4 * GB, 1024)


def test_a_limit_within_the_pool_is_kept():
    """And whatever the pool says nothing of."""
    limits = Limits(memory_mb=64, cpu_percent=50, processes=9, descriptors=99, file_mb=3)
    assert budget_of(limits, POOL, 90) == limits


def test_more_than_there_is():
    """Memory is cut to its share of the machine, processor time to its cores."""
    cut = budget_of(Limits(memory_mb=6144, cpu_percent=400, descriptors=4096), POOL, 90)
    assert (cut.memory_mb, cut.cpu_percent, cut.descriptors) == (3686, 200, 1024)


def test_without_a_limit_the_pool_is_one():
    """Of memory; processor time is shared by weight, and needs no quota."""
    cut = budget_of(Limits(), POOL, 50)
    assert (cut.memory_mb, cut.cpu_percent, cut.descriptors) == (2048, 0, 0)


@given(st.integers(0, 10**6), st.integers(0, 10**4), st.integers(0, 10**5))
def test_where_nothing_is_known_nothing_is_cut(memory_mb, cpu_percent, descriptors):
    """A machine that does not tell, and every test."""
    limits = Limits(memory_mb=memory_mb, cpu_percent=cpu_percent, descriptors=descriptors)
    assert budget_of(limits, Pool(), 90) == limits


def test_the_pool_is_told_with_what_of_it_is_given_away():
    """More may be than there is: limits are no reservations."""
    told = pool_fields(POOL, [Limits(memory_mb=3000), Limits(memory_mb=3000)], 90)
    assert told == {
        "cores": [0, 1],
        "memory_mb": 3686,
        "memory_given_mb": 6000,
        "descriptors": 1024,
    }
