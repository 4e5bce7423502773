"""The bench of the function cache has every way for every file, and a goal for what is kept."""

import pytest

from tests.bench.functioncache import HIT_TIMES, first_us, measure, measure_source, sources


def test_every_way_is_measured() -> None:
    """Warm for all; cold for the ways by which a cell could come to its code."""
    name, source = sources()[0]
    rows, times = measure_source(name, source, 2, 1)
    ways = {row["way"]: row for row in rows}
    assert [*ways] == ["compile", "marshal", "cloudpickle", "found in the cache", "run its body"]
    assert all(row["warm_us"] > 0 for row in rows) and times > 0
    assert [way for way, row in ways.items() if row["cold_us"]] == [*ways][:3]
    assert ways["compile"]["bytes"] == len(source)


def test_a_first_time_is_another_process() -> None:
    """What it makes is not here afterwards."""
    made: list[int] = []
    assert first_us(lambda: made.append(1)) > 0 and made == []


@pytest.mark.slow
def test_a_quick_round_has_a_goal_for_each_file_that_is_kept() -> None:
    """A hit is held against compiling the same file; one of a few lines is not kept."""
    report = measure(peers=False, quick=True)
    assert len(report.rows) == 5 * len(sources())
    assert [goal.goal for goal in report.goals] == [HIT_TIMES] * (len(sources()) - 1)
