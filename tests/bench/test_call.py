"""The bench of calls measures whole calls and their parts."""

import pytest

from tests.bench.call import ROUNDS_QUICK, measure


@pytest.mark.slow
def test_a_quick_round_has_a_row_for_each_part() -> None:
    """The whole round trip, and what it is made of."""
    report = measure(peers=False, quick=True)
    assert [row["times"] for row in report.rows[:3]] == [ROUNDS_QUICK] * 3
    assert all(row["median_ms"] > 0 for row in report.rows)
    assert len(report.goals) == 1
