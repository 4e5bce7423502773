"""The bench of traits that arrive."""

import pytest

from tests.bench.hotswap import SMALL, TRAITS_QUICK, measure


@pytest.mark.slow
def test_a_quick_round_has_a_row_for_each_way() -> None:
    """Both ways of arriving have a control and times between events, and so has an exec."""
    report = measure(peers=False, quick=True)
    whats = [row["what"] for row in report.rows]
    assert whats == [
        "control", f"{TRAITS_QUICK} traits one after the other",
        "control", f"{TRAITS_QUICK} traits all at once", "1 generations by exec",
    ]  # fmt: skip
    for row in report.rows:
        assert row["entities"] == SMALL
    for row in (report.rows[1], report.rows[3]):
        assert row["generations"] and row["validated_to_applied_ms_p50"]
    assert len(report.goals) == 3
