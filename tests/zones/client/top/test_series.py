"""The remembered past: bounded, in order, and its rates are differences of totals."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zones.client.top.series import SAMPLES_MAX, STEP_TICKS, Sample, Series, Totals, series_of


def sample(tick: int, births: int = 0) -> Sample:
    return Sample(tick, 100, 50.0, Totals(births, births // 2, 0, 0, 0))


@given(st.lists(st.integers(1, 400), min_size=1, max_size=2000))
def test_series_is_bounded_and_in_order(steps: list[int]) -> None:
    """However long it goes on, few samples are kept, ticks rise, and the newest is near."""
    past, tick = Series(), 0
    for step in steps:
        tick += step
        past.add(sample(tick))
    ticks = [each.tick for each in past.samples]
    assert len(ticks) <= SAMPLES_MAX
    assert ticks == sorted(set(ticks))
    assert tick - ticks[-1] < past._step_ticks


def test_thinning_keeps_the_whole_span() -> None:
    """A list that is full loses every other sample, not its begin."""
    past = Series()
    for index in range(4 * SAMPLES_MAX):
        past.add(sample(STEP_TICKS * index))
    assert past.samples[0].tick < STEP_TICKS * 8
    assert past.samples[-1].tick > STEP_TICKS * (4 * SAMPLES_MAX - 8)


def test_earlier_tick_is_another_world() -> None:
    """When ticks go back, what was remembered of the other world is gone."""
    past = Series(recorded=None)
    past.add(sample(9000))
    past.add(sample(3))
    assert [each.tick for each in past.samples] == [3]


def test_rates_are_per_thousand_ticks() -> None:
    """A birth every 50 ticks is 20 births in 1000 ticks, whatever was long ago."""
    past = Series()
    for tick in range(0, 20_000, 50):
        past.add(sample(tick, 5 * tick if tick < 10_000 else 50_000 + (tick - 10_000) // 50))
    rates = past.rates()
    assert rates is not None
    assert rates.births == pytest.approx(20, rel=0.02)
    assert rates.starvation == pytest.approx(10, rel=0.02)


def test_one_sample_tells_no_rate() -> None:
    """Without a second sample nothing is said of rates."""
    past = Series()
    assert past.rates() is None
    past.add(sample(7))
    assert past.rates() is None


def test_damaged_telemetry_is_left_out() -> None:
    """Events without the numbers of a sample are no samples, the others are."""
    good = {"tick": 300, "entity_count": 12, "avg_energy": 40.0}
    past = series_of([{"tick": "x"}, good, {}, good | {"tick": 600, "entity_count": None}])
    assert [(each.tick, each.population) for each in past.samples] == [(300, 12)]
