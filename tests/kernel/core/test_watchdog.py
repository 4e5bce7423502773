"""Since when something stands still, and whether that is too long."""

from hypothesis import given
from hypothesis import strategies as st

from Kernel.core.watchdog import Watch, is_stalled, observe

DEADLINE_S = 0.25


@given(looks=st.lists(st.tuples(st.floats(0.001, 1.0), st.integers(0, 2)), min_size=1, max_size=50))
def test_stalled_means_no_change_for_longer_than_the_deadline(looks):
    """The verdict is that of a model which keeps every look."""
    watch, now_s = Watch(), 0.0
    seen: list[tuple[float, int]] = []
    for step_s, value in looks:
        now_s += step_s
        seen.append((now_s, value))
        watch = observe(watch, (value,), now_s)
        same = []
        for when_s, other in reversed(seen):
            if other != value:
                break
            same.append(when_s)
        assert is_stalled(watch, DEADLINE_S, now_s) is (now_s - same[-1] > DEADLINE_S)


def test_any_of_several_words_is_progress():
    """A change in one word is enough: a paused world bumps only its liveness counter."""
    watch = observe(observe(Watch(), (5, 1), 0.0), (5, 2), 10.0)
    assert not is_stalled(watch, DEADLINE_S, 10.0)


def test_a_new_watch_accuses_nobody_at_its_first_look():
    """What is seen for the first time has moved just now."""
    assert not is_stalled(observe(Watch(), (0,), 1e6), DEADLINE_S, 1e6)
