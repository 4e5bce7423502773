"""A token bucket gives a burst at once and then its rate, whatever the times are."""

from hypothesis import given
from hypothesis import strategies as st

from zones.ledger.rate_limit import TokenBucket


@given(st.lists(st.floats(0, 2), max_size=200), st.integers(1, 50), st.integers(1, 20))
def test_never_more_than_burst_and_rate(pauses: list[float], rate: int, burst: int) -> None:
    """In any time no more get through than it held at the start and has been filled since."""
    bucket, now_s, taken = TokenBucket(rate, burst, 0.0), 0.0, 0
    for pause_s in pauses:
        now_s += pause_s
        taken += bucket.take(now_s)
        assert taken <= burst + rate * now_s + 1e-6


def test_it_says_how_long_to_wait() -> None:
    """After so long there is a token, and not before; one that was given back is there again."""
    bucket = TokenBucket(10, 2, 100.0)
    assert bucket.take(100.0) and bucket.take(100.0) and not bucket.take(100.0)
    wait_s = bucket.wait_s()
    assert abs(wait_s - 0.1) < 1e-9
    assert not bucket.take(100.0 + wait_s * 0.9)
    assert bucket.take(100.0 + wait_s * 1.01)
    bucket.give_back()
    assert bucket.take(100.0 + wait_s * 1.01)


def test_a_clock_that_stands_still_or_goes_back_gives_nothing() -> None:
    """Only time that has passed fills it."""
    bucket = TokenBucket(10, 1, 5.0)
    assert bucket.take(5.0) and not bucket.take(5.0) and not bucket.take(1.0)
    assert not bucket.take(5.05) and bucket.take(5.2)


def test_what_has_come_already_is_owed() -> None:
    """Many at once are taken, and waited for afterwards: the rate holds over time."""
    bucket = TokenBucket(rate=10.0, burst=10.0, now_s=0.0)
    assert bucket.has_some(0.0)
    bucket.spend(30, 0.0)
    assert not bucket.has_some(1.9) and not bucket.take(2.0)
    assert bucket.has_some(2.1) and bucket.take(2.1)
