"""Lines and bars: whatever is shown fits where it is shown, and its lengths mean its values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.zones.client.top.made_worlds import made_picture, made_report, made_sight
from zones.client.top.charts import bar, both_ends, column_levels, curve, short, stacked_bar
from zones.client.top.panels import (
    BADGES,
    badge,
    degraded_lines,
    lineage_lines,
    phase_lines,
    side_lines,
    tick_time_lines,
)
from zones.client.top.series import Series
from zones.client.top.view import Mode, build_picture

PICTURES = [
    made_picture(report=made_report()),
    made_picture(made_sight(0, 0)),
    made_picture(made_sight(40_000, 300)),
    build_picture(made_sight(1, 1), None, Series(trouble="cannot read it"), None),
]
worlds = st.integers(0, len(PICTURES) - 1)
points = st.lists(st.tuples(st.integers(1, 500), st.floats(-1e6, 1e6)), min_size=1).map(
    lambda found: [(sum(x for x, _ in found[: n + 1]), y) for n, (_, y) in enumerate(found)]
)


@pytest.mark.slow
@given(worlds, st.integers(34, 120), st.integers(1, 70), st.integers(-1, 23))
def test_column_fits(world: int, width: int, height: int, chosen: int) -> None:
    """The column is never wider or higher than its room, whatever it tells of."""
    lines = side_lines(PICTURES[world], width, height, None if chosen < 0 else chosen)
    assert len(lines) <= height
    assert all(line.cell_len <= width for line in lines)


@pytest.mark.slow
@given(worlds, st.integers(30, 120))
def test_zones_blocks_fit(world: int, width: int) -> None:
    """Facts and bars of tick times and phases are never wider than their room."""
    picture = PICTURES[world]
    for line in [*tick_time_lines(picture, width)[1:], *phase_lines(picture, width, 16)]:
        assert line.cell_len <= width


def test_tall_column_tells_everything() -> None:
    """With room enough every section is there, in its order."""
    text = "\n".join(line.plain for line in side_lines(PICTURES[0], 40, 60))
    titles = ("POPULATION", "ENERGY", "LINEAGES", "BIRTHS AND DEATHS", "WEATHER", "PHASES")
    places = [text.find(title) for title in titles]
    assert -1 not in places
    assert places == sorted(places)


def test_what_has_no_room_is_named() -> None:
    """However low the column, each section is there or among those that had no room."""
    names = ("population", "energy", "lineages", "deaths", "weather", "phases")
    for height in range(2, 60):
        lines = [line.plain for line in side_lines(PICTURES[0], 90, height)]
        told = "\n".join(lines[:-1]) + ("" if lines[-1].startswith("…") else lines[-1])
        for name in names:
            assert (name.upper() in told) != (lines[-1].startswith("…") and name in lines[-1])


def test_shorter_phases_are_told_together() -> None:
    """Where not all phases have room the last line has the number and sum of the others."""
    lines = [line.plain for line in phase_lines(PICTURES[0], 40, 4)]
    assert [line.split()[0] for line in lines[1:]] == ["senses", "motion", "contacts", "…"]
    assert lines[-1].startswith("… 4 shorter ones") and lines[-1].endswith("0.32 ms")


def test_chosen_lineage_is_always_listed() -> None:
    """A lineage that is brought out is in the list, even where only three have room."""
    lines = lineage_lines(PICTURES[0], 40, 3, 6)
    assert "· no. 7" in lines[-1].plain and "no." not in lines[-2].plain
    assert [line.plain[:5].rstrip() for line in lines[2:]] == ["● L12", "● L13", "▶ L18"]


def test_modes_differ_without_colour() -> None:
    """Each mode has a word and a shape of its own."""
    assert len({shape for shape, _ in BADGES.values()}) == len(Mode)
    assert len({badge(mode).plain for mode in Mode}) == len(Mode)


def test_degraded_states_have_hints() -> None:
    """What is degraded is named with why and what helps; so are a kernel and a past not there."""
    told = "\n".join(line.plain for line in degraded_lines(PICTURES[0], 80))
    assert "▲ archive: no room" in told
    assert "hint: molt ps" in told
    told = "\n".join(line.plain for line in degraded_lines(PICTURES[3], 80))
    assert "▲ the past: cannot read it" in told
    assert "hint: python manifest.py" in told


@given(points, st.integers(1, 60), st.integers(1, 6))
def test_curve_fills_its_box(found: list[tuple[float, float]], width: int, height: int) -> None:
    """A curve has its width and height, its lowest value one dot and its highest all."""
    lines = curve(found, width, height, 0xFFFFFF)
    assert [line.cell_len for line in lines] == [width] * height
    levels = column_levels(found, 2 * width, 4 * height)
    assert all(1 <= level <= 4 * height for level in levels)


def test_curve_keeps_uneven_places() -> None:
    """Points far apart in time are far apart in the curve, however many lie elsewhere."""
    levels = column_levels([(0, 0.0), (90, 0.0), (95, 0.0), (100, 10.0)], 10, 4)
    assert levels == [1] * 9 + [4]
    assert column_levels([(0, 10.0), (50, 0.0), (100, 10.0)], 4, 9) == [10 - 1, 1, 1, 9]


@given(st.floats(-1, 2), st.integers(1, 50))
def test_bar_is_as_long_as_its_share(share: float, width: int) -> None:
    """A bar takes its width, and its filled part is its share to an eighth of a cell."""
    text = bar(share, width, 0xFFFFFF)
    assert text.cell_len == width
    filled = sum("▏▎▍▌▋▊▉█".find(letter) + 1 for letter in text.plain) / 8
    wanted = min(max(share, 0), 1) * width
    assert abs(filled - wanted) <= 1 / 8


@given(st.lists(st.floats(0, 1), max_size=30), st.integers(1, 80))
def test_stacked_bar_never_runs_over(shares: list[float], width: int) -> None:
    """However many parts there are, the bar has its width; each is right to a cell."""
    total = sum(shares) or 1.0
    parts = [(share / total, index) for index, share in enumerate(shares)]
    text = stacked_bar(parts, width)
    assert text.cell_len == width
    for share, index in parts:
        cells = sum(
            len(text.plain[span.start : span.end].strip())
            for span in text.spans
            if str(span.style) == f"#{index:06x}"
        )
        assert abs(cells - share * width) <= 1


@pytest.mark.parametrize(
    ("value", "told"),
    [(0, "0"), (0.042, "0.042"), (0.42, "0.420"), (12.34, "12.3"), (8221.4, "8\u2009221")],
)
def test_numbers_are_short(value: float, told: str) -> None:
    """A number has about three digits that tell something, and thin spaces between thousands."""
    assert short(value) == told


def test_right_end_stays_whole() -> None:
    """Where two texts do not fit, the left one is cut."""
    left, right = badge(Mode.LIVE), badge(Mode.NO_KERNEL)
    assert both_ends(left, right, 15).plain == "● … ▲ NO KERNEL"
