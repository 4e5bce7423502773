"""The column beside the map: curves, lineages, deaths, weather and phases as lines of text.

Owns: what is told first where there is little room, words and units. Does not own: the values
(`view.py`), how a value becomes cells (`charts.py`), the terminal. Pure.
"""

from collections.abc import Callable
from math import isfinite
from typing import Final

from rich.text import Text

from zones.client.top.charts import (
    bar,
    both_ends,
    colour_style,
    curve,
    grouped,
    milliseconds,
    short,
    stacked_bar,
)
from zones.client.top.kernel_report import MISSING
from zones.client.top.palette import ACCENT, BAD, GOOD, LINE, OTHERS, QUIET, TEXT, WARN
from zones.client.top.series import PER_TICKS
from zones.client.top.view import Mode, Picture, Weather, finite

Lines = list[Text]

NAME_CELLS: Final = 11
NUMBER_CELLS: Final = 9
CURVE_ROWS_MAX: Final = 4
LINEAGES_MIN: Final = 3
LINEAGES_FEW: Final = 5
ROWS_FEW: Final = 20
"""Of a column from which LINEAGES_FEW have room: that of a terminal of 80 x 24."""
LINEAGES_MAX: Final = 10
PHASES_MIN: Final = 3
BADGES: Final = {
    Mode.LIVE: ("●", GOOD),
    Mode.PAUSED: ("‖", WARN),
    Mode.FROZEN: ("◆", ACCENT),
    Mode.NO_KERNEL: ("▲", BAD),
}
"""Shape and colour of each mode; the word is the mode itself."""


def badge(mode: Mode) -> Text:
    """Return a mode in shape, word and colour."""
    shape, colour = BADGES[mode]
    return Text(f"{shape} {mode.value}", style=colour_style(colour, bold=True), end="")


def side_lines(picture: Picture, width: int, height: int, chosen: int | None = None) -> Lines:
    """Return the column of `width` cells in at most `height` lines.

    Sections keep their order. Room is given out in the order of what one looks at first; where it
    does not do for all, the last line names what is left out.

    Args:
        chosen: rank of the lineage that is brought out.
    """
    rows, left_out = _share_rows(picture, width, height)
    weather = weather_lines(picture, width)
    sections: dict[str, Callable[[], Lines]] = {
        "population": lambda: population_lines(picture, width, rows["population"] - 2),
        "energy": lambda: energy_lines(picture, width, rows["energy"] - 2),
        "lineages": lambda: lineage_lines(picture, width, rows["lineages"] - 2, chosen),
        "deaths": lambda: death_lines(picture, width),
        "weather": lambda: weather if rows["weather"] > 1 else weather_line(picture, width),
        "phases": lambda: phase_lines(picture, width, rows["phases"] - 1),
    }
    lines: Lines = []
    for name, section in sections.items():
        if name in rows:
            lines += [Text(end="")] * bool(lines) + section()
    if left_out and height > 0:
        told = _quiet(f"… no room for {', '.join(left_out)}")
        told.truncate(width, overflow="ellipsis")
        lines.append(told)
    return lines


def _share_rows(picture: Picture, width: int, height: int) -> tuple[dict[str, int], list[str]]:
    """Return how many rows each section gets, and which have none, the most important first."""
    lineages, phases = len(picture.sight.crowd.largest), len(picture.phases)
    weather = len(weather_lines(picture, width))
    few = LINEAGES_FEW if height >= ROWS_FEW else LINEAGES_MIN
    least = {
        "population": 3,
        "lineages": 2 + min(few, lineages),
        "deaths": 5,
        "weather": min(weather, 1),
        "energy": 3,
        "phases": 1 + min(PHASES_MIN, phases) if phases else 0,
    }
    wanted = {name: rows + 1 for name, rows in least.items() if rows}  # with a blank line before
    room = height + 1
    if sum(wanted.values()) > room:
        room -= 1  # for the line that says so
    given: dict[str, int] = {}
    for name, rows in wanted.items():
        if rows > room:
            break
        given[name] = rows - 1
        room -= rows
    if given.get("weather") and room >= weather - 1:
        room -= weather - 1
        given["weather"] = weather
    most = (
        *(("population", 4), ("energy", 4), ("phases", 1 + phases)),
        *(("lineages", 2 + min(lineages, LINEAGES_MAX)),),
        *(("population", 2 + CURVE_ROWS_MAX), ("energy", 2 + CURVE_ROWS_MAX)),
    )
    for name, rows in most:
        if name in given:
            more = max(min(rows - given[name], room), 0)
            given[name] += more
            room -= more
    return given, [name for name in wanted if name not in given]


def cut(lines: Lines, height: int) -> Lines:
    """Return lines in at most `height` rows; the last one says how many had no room."""
    if len(lines) <= height or height < 1:
        return lines[: max(height, 0)]
    return [*lines[: height - 1], _quiet(f"… {len(lines) - height + 1} more lines")]


def heading(title: str, right: Text | str, width: int) -> Text:
    """Return the first line of a section."""
    value = Text(right, end="") if isinstance(right, str) else right
    return both_ends(Text(title, style=colour_style(QUIET, bold=True), end=""), value, width)


def population_lines(picture: Picture, width: int, rows: int) -> Lines:
    """Return population over time."""
    now = _value(grouped(picture.sight.population), " molbots")
    return _curve_lines("POPULATION", now, _points(picture, "population"), width, rows, GOOD, 0)


def energy_lines(picture: Picture, width: int, rows: int) -> Lines:
    """Return mean energy of the living over time."""
    if picture.sight.population:
        mean = finite(picture.sight.mean_energy)
        now = _value(MISSING if mean is None else f"{mean:.1f}", " mean")
    else:
        now = _quiet("nobody lives")
    return _curve_lines("ENERGY", now, _points(picture, "mean_energy"), width, rows, ACCENT, 1)


def _points(picture: Picture, value: str) -> list[tuple[float, float]]:
    """Return what can be drawn: a damaged world's energy may be no number."""
    told = ((each.tick, float(getattr(each, value))) for each in picture.series)
    return [(tick, number) for tick, number in told if isfinite(number)]


def _curve_lines(
    title: str,
    now: Text,
    points: list[tuple[float, float]],
    width: int,
    rows: int,
    colour: int,
    digits: int,
) -> Lines:
    if not points:
        return [heading(title, now, width)]
    low, high = min(y for _, y in points), max(y for _, y in points)
    span = points[-1][0] - points[0][0]
    ends = both_ends(
        _quiet(f"{grouped(low, digits)} – {grouped(high, digits)}"),
        _quiet(f"last {grouped(span)} ticks"),
        width,
    )
    return [heading(title, now, width), *curve(points, width, rows, colour), ends]


def lineage_lines(picture: Picture, width: int, rows: int, chosen: int | None) -> Lines:
    """Return the shares of the lineages as one bar and the largest `rows` as a list."""
    crowd, population = picture.sight.crowd, picture.sight.population
    if not population:
        return [heading("LINEAGES", _quiet("extinct"), width)]
    told = _value(grouped(crowd.lineage_count), f" · {crowd.effective:.1f} effective")
    parts = [(each.members / population, each.colour) for each in crowd.largest]
    parts.append((max(0.0, 1 - sum(share for share, _ in parts)), OTHERS))
    lines = [heading("LINEAGES", told, width), stacked_bar(parts, width)]
    # The chosen one is always in the list: it takes the last place if it is not among the first.
    shown = list(range(min(rows, len(crowd.largest))))
    if chosen is not None and chosen < len(crowd.largest) and shown and chosen not in shown:
        shown[-1] = chosen
    for rank in shown:
        each = crowd.largest[rank]
        mark = "▶ " if rank == chosen else "● "
        name = Text(mark, style=colour_style(each.colour), end="")
        name.append(f"L{each.lineage}", style=colour_style(TEXT, bold=rank == chosen))
        if rank >= len(shown):
            name.append(f" · no. {rank + 1}", style=colour_style(QUIET))
        share = f"{100 * each.members / population:.1f} %"
        right = Text(f"{grouped(each.members)}", style=colour_style(TEXT), end="")
        lines.append(both_ends(name, right.append_text(_quiet(f"{share:>9}")), width))
    return lines


def death_lines(picture: Picture, width: int) -> Lines:
    """Return births and deaths by cause, per PER_TICKS ticks as bars of one scale."""
    told = picture.rates or picture.totals
    rows = (
        ("births", told.births, GOOD),
        ("starvation", told.starvation, WARN),
        ("age", told.age, QUIET),
        ("collision", told.collision, BAD),
    )
    unit = f"per {grouped(PER_TICKS)} ticks" if picture.rates else "since the beginning"
    most = max(1e-9, *(value for _, value, _ in rows))
    lines = [heading("BIRTHS AND DEATHS", _quiet(unit), width)]
    for name, value, colour in rows:
        lines.append(_bar_line(name, value / most, short(value), width, colour))
    return lines


def _bar_line(name: str, share: float, number: str, width: int, colour: int) -> Text:
    """Return name, bar and number on one line."""
    cells = max(width - NAME_CELLS - NUMBER_CELLS, 1)
    line = Text(f"{name[: NAME_CELLS - 1]:<{NAME_CELLS}}", style=colour_style(QUIET), end="")
    line.append_text(bar(share, cells, colour, LINE))
    return line.append(f"{number:>{NUMBER_CELLS}}", style=colour_style(TEXT))


def weather_lines(picture: Picture, width: int) -> Lines:
    """Return temperature and light; nothing for a world without weather."""
    weather = picture.weather
    if weather.temperature_c is None and weather.light is None:
        return []
    lines = [heading("WEATHER", _value(_temperature(weather), ""), width)]
    if weather.light is not None:
        told = f"{100 * weather.light:.0f} %"
        lines.append(_bar_line("light", weather.light, told, width, WARN))
    if weather.day is not None and weather.hour is not None:
        date = _quiet(f"day {grouped(weather.day)} · {_clock(weather.hour)}")
        lines.append(both_ends(_quiet(weather.season or ""), date, width))
    return lines


def weather_line(picture: Picture, width: int) -> Lines:
    """Return the weather in one line, for where there is little room."""
    weather = picture.weather
    told = [_temperature(weather)] if weather.temperature_c is not None else []
    if weather.light is not None:
        told.append(f"light {100 * weather.light:.0f} %")
    if weather.hour is not None:
        told.append(_clock(weather.hour))
    return [heading("WEATHER", _value(" · ".join(told), ""), width)]


def _temperature(weather: Weather) -> str:
    return "" if weather.temperature_c is None else f"{weather.temperature_c:.1f} °C"


def _clock(hour: float) -> str:
    return f"{int(hour):02d}:{int(hour * 60) % 60:02d}"


def phase_lines(picture: Picture, width: int, rows: int) -> Lines:
    """Return how long each phase of a tick takes, in their order.

    Where `rows` do not do for all, the last one tells of the shorter ones together.
    """
    phases = picture.phases
    whole_ms = sum(phase.ms for phase in phases)
    by_length = sorted(phases, key=lambda phase: -phase.ms)
    shown = rows if len(phases) <= rows else max(rows - 1, 0)
    longest, others = by_length[:shown], by_length[shown:]
    told = f"{milliseconds(whole_ms)} of {short(picture.ticks.period_ms)} ms"
    lines = [heading("PHASES OF A TICK", _quiet(told), width)]
    top_ms = max((phase.ms for phase in phases), default=1.0)
    for phase in phases:
        if phase in longest:
            took = milliseconds(phase.ms)
            lines.append(_bar_line(phase.name, phase.ms / top_ms, took, width, ACCENT))
    if others:
        took = milliseconds(sum(phase.ms for phase in others))
        lines.append(both_ends(_quiet(f"… {len(others)} shorter ones"), _quiet(took), width))
    return lines


def tick_time_lines(picture: Picture, width: int) -> Lines:
    """Return the spread of the last tick times as bars, with what they mean for the beat."""
    ticks = picture.ticks
    missed = _value(grouped(ticks.missed), " missed")
    missed.stylize(colour_style(GOOD if ticks.missed == 0 else WARN))
    lines = [heading("TICK TIMES", missed, width)]
    if ticks.p50_ms is None or ticks.p99_ms is None or ticks.max_ms is None:
        return [*lines, _quiet("no tick was run yet")]
    times = (("p50", ticks.p50_ms), ("p99", ticks.p99_ms), ("max", ticks.max_ms))
    facts = _joined([f"{name} {milliseconds(ms)}" for name, ms in times], " · ", width)
    beat = [f"of the last {ticks.counted} ticks", f"one is due every {short(ticks.period_ms)} ms"]
    lines += [_quiet(fact) for fact in (*facts, *_joined(beat, "; ", width))]
    top = max(ticks.bins)
    for edge_ms, share in zip(ticks.bin_edges_ms, ticks.bins, strict=True):
        colour = GOOD if edge_ms < ticks.period_ms else BAD
        told = f"{100 * share:.1f} %" if share else ""
        lines.append(_bar_line(milliseconds(edge_ms), share / top, told, width, colour))
    return lines


def _joined(facts: list[str], between: str, width: int) -> list[str]:
    """Return facts in as few lines as they fit in; a line breaks between facts, never inside."""
    lines = facts[:1]
    for fact in facts[1:]:
        joined = lines[-1] + between + fact
        lines[-1:] = [joined] if len(joined) <= width else [lines[-1], fact]
    return lines


def degraded_lines(picture: Picture, width: int) -> Lines:
    """Return what does not work as it should, each with the command that helps."""
    lines: Lines = []
    if picture.trouble:
        lines.append(_marked("▲ the past: ", picture.trouble, WARN))
    if picture.kernel is None:
        lines.append(_marked("▲ no kernel answers: ", "the world is shown as it was left", BAD))
        return [*lines, _quiet("  hint: python manifest.py")]
    if not picture.degraded:
        return lines or [_marked("● ", "nothing is degraded", GOOD)]
    for each in picture.degraded:
        line = _marked(f"▲ {each.what}: ", each.why, WARN)
        line.truncate(width, overflow="ellipsis")
        lines += [line] + ([_quiet(f"  hint: {each.hint}")] if each.hint else [])
    return lines


def _marked(mark: str, words: str, colour: int) -> Text:
    text = Text(mark, style=colour_style(colour), end="")
    return text.append(words, style=colour_style(TEXT))


def _value(number: str, unit: str) -> Text:
    return Text(number, style=colour_style(TEXT, bold=True), end="").append(
        unit, style=colour_style(QUIET)
    )


def _quiet(words: str) -> Text:
    return Text(words, style=colour_style(QUIET), end="")
