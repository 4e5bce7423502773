"""Pauses between tries grow, to a limit."""

from hypothesis import given
from hypothesis import strategies as st

from zones.runtime.retry import RETRY_FIRST_S, RETRY_MAX_S, Retry


@given(st.integers(1, 2000), st.floats(0, 1e9))
def test_pauses_grow_to_a_cap_and_never_end(failures: int, now_s: float) -> None:
    """However often it failed, the next try is at most RETRY_MAX_S away."""
    retry = Retry(failures - 1).failed(now_s, "cannot", "df -h")
    pause_s = retry.not_before_s - now_s
    assert RETRY_FIRST_S * 0.99 <= pause_s <= RETRY_MAX_S * 1.01
    assert not retry.may_try(now_s)
    assert retry.may_try(now_s + 1.01 * RETRY_MAX_S)
    assert retry.failures == failures


def test_pauses_double() -> None:
    """The pauses are 1, 2, 4, 8, 16 and then 30 seconds."""
    retry, pauses = Retry(), []
    for _ in range(7):
        retry = retry.failed(0.0, "cannot", "df -h")
        pauses.append(retry.not_before_s)
    assert pauses == [1, 2, 4, 8, 16, 30, 30]
