"""The bucket of lines: so many a second, and a burst of one second's at most."""

from hypothesis import given
from hypothesis import strategies as st

from Kernel.core.log_rate import LineBucket, take_lines


def test_a_full_bucket_holds_one_second():
    """At the beginning, and after however long a silence."""
    bucket, allowed = take_lines(LineBucket(), 50, 10, 100.0)
    assert allowed == 10
    assert take_lines(bucket, 50, 10, 100.0)[1] == 0
    assert take_lines(bucket, 50, 10, 100.5)[1] == 5
    assert take_lines(bucket, 50, 10, 9999.0)[1] == 10
    assert take_lines(bucket, 2, 10, 9999.0)[1] == 2


def test_another_limit_counts_at_once():
    """A reload in the middle of a flood; a clock that stands adds nothing."""
    bucket, _ = take_lines(LineBucket(), 100, 100, 5.0)
    assert take_lines(bucket, 100, 1, 5.9)[1] == 0
    assert take_lines(bucket, 100, 1, 6.0)[1] == 1


@given(st.lists(st.tuples(st.floats(0, 3), st.integers(0, 500)), max_size=40), st.integers(1, 100))
def test_never_more_than_the_rate_and_one_burst(steps, rate):
    """Over any time: what the time gives, and one second more."""
    bucket, now_s, logged = LineBucket(), 0.0, 0
    for passed_s, wanted in steps:
        now_s += passed_s
        bucket, allowed = take_lines(bucket, wanted, rate, now_s)
        assert 0 <= allowed <= wanted
        logged += allowed
    assert logged <= rate * (now_s + 1) + 1e-6
