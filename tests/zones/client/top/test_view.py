"""What a sight, a kernel's report and the past come to."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.zones.client.top.made_worlds import (
    PHASES,
    made_past,
    made_picture,
    made_report,
    made_sight,
    made_status,
)
from zones.client.top.kernel_report import parse_status
from zones.client.top.panels import degraded_lines, side_lines
from zones.client.top.series import Series
from zones.client.top.snapshot import picture_fields, picture_text
from zones.client.top.view import Mode, Picture, build_picture, tell_weather
from zones.client.top.zones_tab import COLUMNS, zone_cells

PICTURE = made_picture()
anything = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=12,
)


def picture_with(times_us: list[int], period_ms: float = 16.0) -> Picture:
    sight = made_sight()
    pulse = replace(sight.pulse, tick_times_us=np.array(times_us, np.uint32), period_ms=period_ms)
    return made_picture(replace(sight, pulse=pulse))


@pytest.mark.parametrize(
    ("holding", "kernel", "mode"),
    [
        (False, {}, Mode.LIVE),
        (True, {}, Mode.PAUSED),
        (False, {"paused": True}, Mode.PAUSED),
        (False, None, Mode.NO_KERNEL),
        (True, None, Mode.NO_KERNEL),
    ],
)
def test_mode(holding: bool, kernel: dict | None, mode: Mode) -> None:
    """The badge follows who holds the world and whether a kernel answers."""
    report = None if kernel is None else made_report(**kernel)
    assert made_picture(made_sight(holding=holding), report).mode is mode


@pytest.mark.slow
@given(st.lists(st.integers(1, 10_000_000), min_size=1, max_size=256))
def test_tick_times_are_all_counted(times_us: list[int]) -> None:
    """The bins hold every time once, p50 and p99 are among them, in order."""
    ticks = picture_with(times_us).ticks
    assert sum(ticks.bins) == pytest.approx(1)
    assert ticks.counted == len(times_us)
    assert ticks.bin_edges_ms[0] <= min(times_us) / 1000 + 1e-9
    assert ticks.p50_ms is not None
    assert ticks.p99_ms is not None
    assert min(times_us) / 1000 <= ticks.p50_ms <= ticks.p99_ms <= max(times_us) / 1000


def test_world_that_has_not_ticked_has_no_times() -> None:
    """Before the first tick there are no tick times, and nothing fails for it."""
    picture = picture_with([])
    assert (picture.ticks.p50_ms, picture.ticks.bins) == (None, ())
    assert picture_fields(picture)["tick_times"]["p99_ms"] is None


def test_phases_have_the_names_of_the_kernel() -> None:
    """With a kernel phases have names, without one the numbers of the header."""
    sight = made_sight()
    named = made_picture(sight, made_report()).phases
    numbered = made_picture(sight).phases
    assert [(each.name, each.ms) for each in named] == list(PHASES)
    assert [each.name for each in numbered] == [f"phase {number}" for number in range(1, 8)]
    assert [each.ms for each in numbered] == pytest.approx([each.ms for each in named])


@pytest.mark.parametrize(
    ("tick", "day", "hour", "season"),
    [
        (0, 1, 6.0, "spring"),
        (900, 1, 12.0, "spring"),
        (3599, 1, pytest.approx(6, abs=0.01), "spring"),
        (3600 * 3, 4, 6.0, "summer"),
        (3600 * 9 + 1800, 10, 18.0, "winter"),
        (3600 * 10, 11, 6.0, "spring"),
    ],
)
def test_time_of_day_and_season(tick: int, day: int, hour: float, season: str) -> None:
    """Days begin with dawn at 6, noon is a quarter later, and years begin with spring."""
    weather = tell_weather(tick, {}, {"day_ticks": 3600.0, "year_days": 10.0})
    assert (weather.day, weather.hour, weather.season) == (day, hour, season)
    assert tell_weather(tick, {}, {}).hour is None


def test_series_ends_now() -> None:
    """The last point of the curves is the tick that is shown, and stands there once."""
    sight = made_sight()
    past = made_past(sight)
    for picture in (build_picture(sight, None, past, None), made_picture(sight)):
        ticks = [each.tick for each in picture.series]
        assert ticks[-1] == sight.tick
        assert len(set(ticks)) == len(ticks)


def test_json_is_one_document_with_all_of_it() -> None:
    """The snapshot survives JSON and its parts agree with each other."""
    told = json.loads(json.dumps(picture_fields(made_picture(report=made_report()))))
    assert told["state"] == "live"
    assert told["population"] == sum(each["members"] for each in told["lineages"]["top"]) == 300
    assert sum(each["share"] for each in told["lineages"]["top"]) == pytest.approx(1)
    assert told["lineages"]["top"][0]["colour"] == "#6fd3b8"
    assert set(told["rates"]) >= {"births", "starvation", "age", "collision", "over_ticks"}
    assert [zone["name"] for zone in told["zones"]] == ["stable", "archive"]
    assert [phase["name"] for phase in told["phases"]] == [name for name, _ in PHASES]
    assert told["series"][-1]["population"] == 300
    assert (told["missed_ticks"], told["ticks_per_s"]) == (3, 60.1)


@pytest.mark.parametrize(("population", "lineages"), [(0, 0), (1, 1), (300, 1), (40_000, 200)])
def test_any_world_has_a_snapshot(population: int, lineages: int) -> None:
    """Extinct, lonely, uniform and crowded worlds give a document and a text of its size."""
    sight = made_sight(population, lineages)
    picture = build_picture(sight, None, Series(), None)
    json.dumps(picture_fields(picture), allow_nan=False)
    lines = picture_text(picture, 100, 30).splitlines()
    assert len(lines) <= 33
    assert max(map(len, lines)) <= 100
    assert ("extinct" in "".join(lines)) == (population == 0)


@pytest.mark.slow
@settings(max_examples=40)
@given(st.dictionaries(st.sampled_from(list(made_status())), anything))
def test_any_answer_of_a_kernel_can_be_read(answer: dict) -> None:
    """What another process says never makes the view fail, nor steers the terminal."""
    report = parse_status(made_status() | answer)
    for degraded in report.degraded:
        assert (degraded.what + degraded.why + degraded.hint).isprintable()
    picture = replace(PICTURE, kernel=report)
    for line in [*side_lines(picture, 40, 40), *degraded_lines(picture, 80)]:
        assert "\x1b" not in line.plain
    assert all(len(zone_cells(zone)) == len(COLUMNS) for zone in picture.zones)


def test_terminal_is_not_steered() -> None:
    """Control characters in a zone's words are made visible."""
    status = made_status()
    status["degraded"] = [{"what": "a\x1b[2J", "why": "b\x07\n", "hint": None}]
    (degraded,) = parse_status(status).degraded
    assert (degraded.what, degraded.why, degraded.hint) == ("a·[2J", "b··", "")
