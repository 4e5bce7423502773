"""Cores: a world may have all of them, and one at least is not for bus zones."""

from hypothesis import given
from hypothesis import strategies as st

from Kernel.core.placement import cores_for


def test_on_one_core_and_on_two():
    """With one there is no choice; with two the second is for everybody but a world alone."""
    assert cores_for(True, [3]) == cores_for(False, [3]) == (3,)
    assert (cores_for(True, [1, 0]), cores_for(False, [1, 0])) == ((0, 1), (1,))
    assert cores_for(False, range(8)) == (2, 3, 4, 5, 6, 7)


@given(st.sets(st.integers(0, 200), min_size=1, max_size=70))
def test_nobody_is_left_without_a_core(cores):
    """And who is placed is placed on cores that there are."""
    world, others = cores_for(True, list(cores)), cores_for(False, list(cores))
    assert set(world) == cores and others and set(others) <= cores
    assert len(cores) == 1 or set(others) < set(world)
