"""The column beside the map: curves, lineages, deaths, weather and phases as lines of text.

Owns: what is told first where there is little room, words and units. Does not own: the values
(`view.py`), how a value becomes cells (`charts.py`), the terminal. Pure.
"""

from collections.abc import Sequence
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
from zones.client.top.view import Mode, Picture, finite

Lines = list[Text]

NAME_CELLS: Final = 11
NUMBER_CELLS: Final = 9
CURVE_ROWS_MAX: Final = 4
LINEAGES_MIN: Final = 3
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

    Sections keep this order. Room is given out in the order of what one looks at first; a section
    that does not fit is left out as a whole, and the Zones tab has the phases anyway.

    Args:
        chosen: rank of the lineage that is brought out.
    """
    lineages, phases = len(picture.sight.crowd.largest), len(picture.phases)
    weather = weather_lines(picture, width)
    fixed = 2 + 2 + len(weather) + 5 + 4  # headings, weather, deaths, blank lines between
    room = height - fixed
    curve_rows = min(max(room // 7, 1), CURVE_ROWS_MAX)
    room -= 2 * curve_rows + 2
    lineage_rows = min(max(room // 2, LINEAGES_MIN), LINEAGES_MAX, lineages)
    room -= lineage_rows
    sections: list[Lines] = [
        population_lines(picture, width, curve_rows),
        energy_lines(picture, width, curve_rows),
        lineage_lines(picture, width, lineage_rows, chosen),
        death_lines(picture, width),
        weather,
    ]
    if phases and room >= PHASES_MIN + 2:
        sections.append(phase_lines(picture, width, room - 2))
    return stack(sections, height)


def stack(sections: Sequence[Lines], height: int) -> Lines:
    """Return sections under each other with a blank line between; the last that fit stay whole."""
    lines: Lines = []
    for section in sections:
        gap: Lines = [Text(end="")] if lines else []
        if section and len(lines) + len(gap) + len(section) <= height:
            lines += gap + section
    return lines


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
    told: list[str] = []
    if weather.temperature_c is not None:
        told.append(f"{weather.temperature_c:.1f} °C")
    if weather.light is not None:
        told.append(f"light {100 * weather.light:.0f} %")
    if not told:
        return []
    lines = [heading("WEATHER", _value(" · ".join(told), ""), width)]
    if weather.light is not None:
        lines.append(bar(weather.light, width, WARN, LINE))
    if weather.day is not None and weather.hour is not None:
        clock = f"{int(weather.hour):02d}:{int(weather.hour * 60) % 60:02d}"
        date = _quiet(f"day {grouped(weather.day)} · {clock}")
        lines.append(both_ends(_quiet(weather.season or ""), date, width))
    return lines


def phase_lines(picture: Picture, width: int, rows: int) -> Lines:
    """Return how long each phase of a tick takes: in their order, the `rows` longest of them."""
    phases = picture.phases
    whole_ms = sum(phase.ms for phase in phases)
    longest = sorted(phases, key=lambda phase: -phase.ms)[:rows]
    told = f"{milliseconds(whole_ms)} of {short(picture.ticks.period_ms)} ms"
    lines = [heading("PHASES OF A TICK", _quiet(told), width)]
    top_ms = max((phase.ms for phase in phases), default=1.0)
    for phase in phases:
        if phase in longest:
            took = milliseconds(phase.ms)
            lines.append(_bar_line(phase.name, phase.ms / top_ms, took, width, ACCENT))
    return lines


def tick_time_lines(picture: Picture, width: int) -> Lines:
    """Return the spread of the last tick times as bars, with what they mean for the beat."""
    ticks = picture.ticks
    missed = _value(grouped(ticks.missed), " missed")
    missed.stylize(colour_style(GOOD if ticks.missed == 0 else WARN))
    lines = [heading("TICK TIMES", missed, width)]
    if ticks.p50_ms is None or ticks.p99_ms is None or ticks.max_ms is None:
        return [*lines, _quiet("no tick was run yet")]
    facts = (
        f"p50 {milliseconds(ticks.p50_ms)} · p99 {milliseconds(ticks.p99_ms)} · "
        f"max {milliseconds(ticks.max_ms)}",
        f"of the last {ticks.counted} ticks; one is due every {short(ticks.period_ms)} ms",
    )
    lines += [_quiet(fact) for fact in facts]
    top = max(ticks.bins)
    for edge_ms, share in zip(ticks.bin_edges_ms, ticks.bins, strict=True):
        colour = GOOD if edge_ms < ticks.period_ms else BAD
        told = f"{100 * share:.1f} %" if share else ""
        lines.append(_bar_line(milliseconds(edge_ms), share / top, told, width, colour))
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
