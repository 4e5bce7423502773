"""The bench of module versions."""

import pytest

from tests.bench.update import SMALL, measure


@pytest.mark.slow
def test_a_quick_round_gives_and_takes_back() -> None:
    """There is a control, and times of a commit and of a rollback."""
    report = measure(peers=False, quick=True)
    assert [row["what"] for row in report.rows] == ["control", "1 versions in and back"]
    last = report.rows[-1]
    assert last["entities"] == SMALL and last["commit_s_p50"] and last["rollback_ms_p50"]
    assert len(report.goals) == 2
