"""How often the view is drawn: never more than was wished for, never more than its share."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zones.client.top.pace import CORE_SHARE, DELAY_MAX_S, FPS_STEPS, Pace


@given(st.floats(0.0001, 1.0), st.sampled_from(FPS_STEPS))
def test_share_of_a_core_is_kept(cost_s: float, fps: float) -> None:
    """With frames of one cost the delay settles at the wish or at the share, whichever is more."""
    pace = Pace(fps)
    for _ in range(60):
        delay_s = pace.next_delay_s(cost_s)
    wanted = min(max(1 / fps, cost_s / CORE_SHARE), DELAY_MAX_S)
    assert delay_s == pytest.approx(wanted, rel=0.01)


def test_steps_end_where_they_end() -> None:
    """Faster and slower stop at the last step, and come back from it."""
    pace = Pace(10.0)
    for _ in range(20):
        pace.faster(1)
    assert pace.fps == FPS_STEPS[-1]
    for _ in range(20):
        pace.faster(-1)
    assert pace.fps == FPS_STEPS[0]
