"""The bench of calls measures whole calls and their parts."""

import pytest

from tests.bench.call import ROUNDS_QUICK, measure


@pytest.mark.slow
def test_a_quick_round_has_a_row_for_each_part() -> None:
    """The whole round trip, the zygote's part of it, and the command."""
    report = measure(peers=False, quick=True)
    assert [row["times"] for row in report.rows[:2]] == [ROUNDS_QUICK] * 2
    assert all(row["median_ms"] > 0 for row in report.rows)
    assert len(report.rows) == 3
