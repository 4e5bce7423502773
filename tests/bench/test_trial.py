"""The bench of trials measures trials as the kernel has them made."""

import pytest

from tests.bench.trial import SMALL, TICKS_QUICK, measure


@pytest.mark.slow
def test_a_quick_round_has_a_row_for_each_tier() -> None:
    """Every step has its time, and both runs a time for their ticks."""
    report = measure(peers=False, quick=True)
    tiers, evolution = report.rows[:2], report.rows[2:]
    assert [row["tier"] for row in tiers] == ["native", "interpreted"]
    for row in tiers:
        assert (row["entities"], row["ticks"]) == (SMALL, TICKS_QUICK)
        assert {"screen_s", "compare_s", "runs_s", "candidate_tick_us"} <= set(row)
    assert [row["what"] for row in evolution] == [
        "with a forecast", "of a search, alone", "of a search, 2 in a batch",
    ]  # fmt: skip
    assert evolution[0]["windows"] == 1 and all(row["median_s"] for row in evolution)
    assert report.goals == []
