"""Missed ticks are shared out among what was done when they were missed."""

from tests.bench.late_ticks import Late, Span, share_out

SWAPS = [Span(100, 200), Span(1000, 1100)]
TRIALS = [Span(50, 150), Span(500, 900)]


def test_each_is_counted_once_in_the_first_part_it_falls_into():
    """A swap within a trial is a swap; a look comes a little later than the tick it tells of."""
    seen = [Late(120, 2), Late(60, 1), Late(600, 4), Late(1110, 8), Late(1500, 16)]
    parts = {"swaps": SWAPS, "trials": TRIALS}
    assert share_out(seen, parts) == {"swaps": 10, "trials": 5, "else": 16}


def test_nothing_missed_is_zero_everywhere():
    """Each part is told of, so that a row has the same keys every time."""
    assert share_out([], {"swaps": SWAPS}) == {"swaps": 0, "else": 0}
