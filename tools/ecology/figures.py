"""The plots of the ecology report, declared with altair and drawn to SVG.

Owns: what is plotted, how it is thinned, colours and style. Does not own: the numbers of the text
(`verdicts.py`), the order of a family's lineages (`family.py`). Dark, as the world is: lineages
have their own colours, which are made for it.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import altair as alt
import numpy as np
import vl_convert

from tools.ecology.chronicle import F64, I64, PERIOD_TICKS
from tools.ecology.family import DRAWN_SHARE, hues, in_family_order
from tools.ecology.verdicts import LIMITS, World, signs_over
from zones.world.columns import GENE_NAMES
from zones.world.parameters import MIN_POPULATION

WIDTH: Final = 760
PANEL, LINE, TEXT, QUIET = "#0c121c", "#1b2534", "#d8e2ee", "#8595a8"
GOOD, WARN, BAD, ACCENT = "#4fd1a5", "#f2b84b", "#f0716b", "#6cb6ff"
FONT: Final = "Inter, system-ui, sans-serif"
THINNED: Final = 5
"""Periods that one point of a curve is the mean of."""
COUNT_THINNED: Final = 2
"""Of populations: they follow the days, of 12 periods, and these must stay to be seen."""
DEATHS_THINNED: Final = 12
"""A day, so that what is left is the season."""
STREAM_THINNED: Final = 4
CAUSES: Final = {"starvation": WARN, "collision": BAD, "age": QUIET}
SIGNS: Final = {
    "starving": ("starved", "share that starves in a period", LIMITS.anomaly_death_threshold),
    "overcrowded": ("growth", "population over its mean before", LIMITS.anomaly_overpop_threshold),
    "monoculture": ("lineages", "effective lineages", LIMITS.anomaly_diversity_threshold),
    "ice-age": ("starved", "share that starves in a period", LIMITS.anomaly_death_threshold),
}
"""Sign, its words and its threshold, by scenario."""

Rows = list[dict[str, Any]]
_LONG: Final = re.compile(r"\d+\.\d{3,}")
"""Numbers finer than a hundredth of a pixel are two thirds of a plot's bytes."""


def draw_all(seeds: Sequence[World], problems: Sequence[World], folder: Path) -> None:
    """Write every plot of the report into `folder` as NAME.svg.

    Args:
        seeds: runs of the default world, at least one; the first is shown in detail.
        problems: one run of each problem scenario.
    """
    charts: dict[str, alt.TopLevelMixin] = {
        "population": population(seeds),
        "windows": windows(seeds),
        "lineages": lineages(seeds[0]),
        "deaths": deaths(seeds),
        "genes": genes(seeds),
        "problems": signs(problems, seeds[0]),
    }
    for name, chart in charts.items():
        (folder / f"{name}.svg").write_text(_svg(chart), encoding="utf-8")


def population(seeds: Sequence[World]) -> alt.TopLevelMixin:
    """Return all populations with their median, above the temperature."""
    counts = np.stack(
        [thinned(world.chronicle.series("entity_count"), COUNT_THINNED) for world in seeds]
    )
    ticks = _ticks(seeds[0], COUNT_THINNED)
    rows = [
        {"tick": tick, "population": round(float(count), 1), "seed": world.settings.seed}
        for world, run in zip(seeds, counts, strict=True)
        for tick, count in zip(ticks, run, strict=True)
    ]
    middle = np.median(counts, axis=0)
    every = _chart(rows).mark_line(strokeWidth=0.6, opacity=0.4, color=ACCENT)
    settings = seeds[0].settings
    bounds = [
        {"at": settings.max_entities, "name": f"max_entities {settings.max_entities}"},
        {
            "at": settings.parameters[MIN_POPULATION],
            "name": f"min_population {settings.parameters[MIN_POPULATION]:.0f}",
        },
    ]
    above = alt.layer(
        every.encode(x=_over_time(), y=alt.Y("population:Q", title="Molbots"), detail="seed:N"),
        _chart(_curve(ticks, middle, "population"))
        .mark_line(strokeWidth=2, color=TEXT)
        .encode(x=_over_time(), y="population:Q"),
        *_limits(bounds, ticks),
    ).properties(width=WIDTH, height=260)
    warm = _curve(_ticks(seeds[0], 1), seeds[0].chronicle.series("temperature"), "temperature")
    below = (
        _chart(warm)
        .mark_line(strokeWidth=1, color=WARN)
        .encode(
            x=_over_time(),
            y=alt.Y("temperature:Q", title="°C", scale=alt.Scale(zero=False), axis=_few(3)),
        )
        .properties(width=WIDTH, height=60)
    )
    return alt.vconcat(above, below, spacing=8)


def windows(seeds: Sequence[World]) -> alt.TopLevelMixin:
    """Return births and deaths per window of 10k ticks, least to most of the seeds."""
    rows: Rows = []
    for name in ("births", "deaths"):
        counts = np.array([[w[name] for w in world.report["windows"]] for world in seeds])
        for place, window in enumerate(seeds[0].report["windows"]):
            values = counts[:, place]
            spread = {"least": values.min(), "middle": np.median(values), "most": values.max()}
            rows.append(
                {"tick": window["tick"], "of": name} | {k: float(v) for k, v in spread.items()}
            )
    colour = _coloured("of", {"births": GOOD, "deaths": BAD})
    base = _chart(rows).encode(x=_over_time(), color=colour)
    # Zero is the bound that must not be met, so the axis begins there.
    count = alt.Y("least:Q", title="in 10 000 ticks", scale=alt.Scale(zero=True))
    chart: alt.LayerChart | alt.FacetChart = alt.layer(
        base.mark_area(opacity=0.18).encode(y=count, y2="most:Q"),
        base.mark_line(strokeWidth=2).encode(y="middle:Q"),
        base.mark_line(strokeWidth=1, strokeDash=[3, 3]).encode(y="least:Q"),
    ).properties(width=WIDTH, height=180)
    return chart


def lineages(world: World) -> alt.TopLevelMixin:
    """Return the lineages of one world as streams around a middle line."""
    chronicle = world.chronicle
    every = np.arange(0, chronicle.sizes.shape[1], STREAM_THINNED)
    sizes = chronicle.sizes[:, every]
    total = np.maximum(sizes.sum(axis=0), 1)
    highest = (chronicle.sizes / np.maximum(chronicle.sizes.sum(axis=0), 1)).max(axis=1)
    order = in_family_order(chronicle.ancestor)
    drawn = [number for number in order if highest[number] >= DRAWN_SHARE]
    colours = hues(chronicle.ancestor, world.settings.entities)
    rest = total - sizes[drawn].sum(axis=0)
    low = -total / 2.0
    rows = _stream(every, low, rest, "others")
    low = low + rest
    for number in drawn:
        rows += _stream(every, low, sizes[number], str(number))
        low = low + sizes[number]
    palette = {"others": LINE} | {str(number): colours[number] for number in drawn}
    chart: alt.Chart = (
        _chart(rows)
        .mark_area(stroke=PANEL, strokeWidth=0.4)
        .encode(
            x=_over_time(),
            y=alt.Y("low:Q", axis=None, scale=alt.Scale(nice=False)),
            y2="high:Q",
            color=_coloured("lineage", palette, legend=False),
        )
        .properties(width=WIDTH, height=340)
    )
    return chart


def deaths(seeds: Sequence[World]) -> alt.TopLevelMixin:
    """Return deaths by cause in every 1000 ticks, mean of the seeds, upon each other."""
    ticks = _ticks(seeds[0], DEATHS_THINNED)
    rows: Rows = []
    low = np.zeros(len(ticks))
    for cause in CAUSES:
        told = np.mean([world.chronicle.series(f"death_{cause}") for world in seeds], axis=0)
        high = low + thinned(told, DEATHS_THINNED) * (1000 / PERIOD_TICKS)
        for place, tick in enumerate(ticks):
            span = {"low": round(float(low[place]), 1), "high": round(float(high[place]), 1)}
            rows.append({"tick": tick, "cause": cause} | span)
        low = high
    chart: alt.Chart = (
        _chart(rows)
        .mark_area(interpolate="monotone", opacity=0.85)
        .encode(
            x=_over_time(),
            y=alt.Y("low:Q", title="deaths in 1000 ticks"),
            y2="high:Q",
            color=_coloured("cause", CAUSES),
        )
        .properties(width=WIDTH, height=180)
    )
    return chart


def genes(seeds: Sequence[World]) -> alt.TopLevelMixin:
    """Return one small plot a gene: median of the seeds within the least and the most."""
    means = np.stack([world.chronicle.genes() for world in seeds])
    ticks = _ticks(seeds[0], THINNED)
    panels = []
    for place, gene in enumerate(GENE_NAMES):
        run = np.stack([thinned(means[seed, :, place]) for seed in range(len(seeds))])
        spread = np.stack([run.min(axis=0), np.median(run, axis=0), run.max(axis=0)])
        rows = [
            {"tick": tick, "least": values[0], "middle": values[1], "most": values[2]}
            for tick, values in zip(ticks, spread.T.round(3).tolist(), strict=True)
        ]
        mean = alt.Y("least:Q", title=None, scale=alt.Scale(domain=[0, 1]), axis=_few(3))
        base = _chart(rows).encode(x=_over_time(few=True))
        panels.append(
            alt.layer(
                base.mark_area(opacity=0.25, color=ACCENT).encode(y=mean, y2="most:Q"),
                base.mark_line(strokeWidth=1.5, color=TEXT).encode(y="middle:Q"),
            ).properties(width=WIDTH / 4 - 42, height=90, title=gene)
        )
    return alt.concat(*panels, columns=4, spacing=18)


def signs(problems: Sequence[World], usual: World) -> alt.TopLevelMixin:
    """Return the sign of each scenario's problem, its threshold and the default world's sign."""
    panels = []
    for world in problems:
        name, words, threshold = SIGNS[world.scenario]
        found = signs_over(world.chronicle)[name]
        beside = signs_over(usual.chronicle)[name][: len(found)]
        # Founders have hundreds of lineages, a monoculture one: only decades show both.
        decades = name == "lineages"
        axis = alt.Axis(values=[1, 10, 100]) if decades else _few(4)
        scale = alt.Scale(type="log") if decades else alt.Scale(zero=True)
        value = alt.Y("value:Q", title=None, scale=scale, axis=axis)
        ticks = _ticks(world, 1)
        panels.append(
            alt.layer(
                _chart(_curve(ticks, beside, "value"))
                .mark_line(strokeWidth=1, color=QUIET, opacity=0.7)
                .encode(x=_over_time(few=True), y=value),
                _chart(_curve(ticks, found, "value"))
                .mark_line(strokeWidth=1.5, color=BAD)
                .encode(x=_over_time(few=True), y=value),
                *_limits([{"at": threshold, "name": f"threshold {threshold:.2f}"}], ticks),
            ).properties(
                width=WIDTH / 2 - 50,
                height=130,
                title=alt.TitleParams(world.scenario, subtitle=words),
            )
        )
    return alt.concat(*panels, columns=2, spacing=24)


def thinned(values: F64, by: int = THINNED) -> F64:
    """Return the means of every `by` values; what is over at the end is left out."""
    whole = len(values) // by * by
    means: F64 = values[:whole].reshape(-1, by).mean(axis=1)
    return means


def _ticks(world: World, by: int) -> list[float]:
    """Return the tick in the middle of every `by` periods; of single ones, their end."""
    periods = len(world.chronicle.telemetry) // by
    late = by / 2 if by > 1 else 1.0
    return [(place * by + late) * PERIOD_TICKS for place in range(periods)]


def _curve(ticks: Sequence[float], values: F64, name: str) -> Rows:
    return [
        {"tick": tick, name: round(float(value), 3)}
        for tick, value in zip(ticks, values, strict=False)
    ]


def _stream(periods: I64, low: F64, size: I64, lineage: str) -> Rows:
    """Return the band of one lineage while it lives, with the points where it has no width."""
    lives = size > 0
    near = lives | np.append(lives[1:], False) | np.append(False, lives[:-1])
    return [
        {
            "tick": int(periods[place]) * PERIOD_TICKS,
            "low": float(low[place]),
            "high": float(low[place] + size[place]),
            "lineage": lineage,
        }
        for place in np.flatnonzero(near)
    ]


def _limits(bounds: Rows, ticks: Sequence[float]) -> tuple[alt.Chart, alt.Chart]:
    """Return dashed lines at bounds {at, name}, and their names."""
    last = {"tick": ticks[-1]}
    rows = [bound | last for bound in bounds]
    rule = _chart(rows).mark_rule(strokeDash=[4, 4], color=WARN, opacity=0.8).encode(y="at:Q")
    name = (
        _chart(rows)
        .mark_text(align="right", baseline="bottom", dy=-3, color=WARN, fontSize=10)
        .encode(x="tick:Q", y="at:Q", text="name:N")
    )
    return rule, name


def _chart(rows: Rows) -> alt.Chart:
    return alt.Chart({"values": rows})


def _over_time(few: bool = False) -> alt.X:
    axis = alt.Axis(labelExpr="datum.value / 1000 + 'k'", tickCount=3 if few else 10, grid=False)
    return alt.X("tick:Q", title=None, axis=axis, scale=alt.Scale(nice=False))


def _few(count: int) -> alt.Axis:
    return alt.Axis(tickCount=count)


def _coloured(field: str, palette: dict[str, str], legend: bool = True) -> alt.Color:
    scale = alt.Scale(domain=list(palette), range=list(palette.values()))
    shown = alt.Legend(title=None, orient="top") if legend else None
    return alt.Color(f"{field}:N", scale=scale, legend=shown)


def _svg(chart: alt.TopLevelMixin) -> str:
    axis = {"domainColor": LINE, "gridColor": LINE, "tickColor": LINE, "labelColor": QUIET}
    words = {"labelFont": FONT, "titleFont": FONT, "labelFontSize": 10, "titleFontSize": 11}
    title = {"color": TEXT, "font": FONT, "fontSize": 12, "anchor": "start"}
    subtitle = {"subtitleColor": QUIET, "subtitleFont": FONT, "subtitleFontSize": 11}
    styled = chart.configure(
        background=PANEL,
        padding=16,
        font=FONT,
        axis=axis | words | {"titleColor": QUIET, "titleFontWeight": "normal"},
        legend={"labelColor": TEXT, "labelFont": FONT, "symbolOpacity": 1},
        title=title | subtitle,
        view={"stroke": None},
    )
    # Rows are thinned by intent above; the warning of altair is for data put in unseen.
    with alt.data_transformers.disable_max_rows():
        svg: str = vl_convert.vegalite_to_svg(styled.to_dict(), vl_version="v6.4")
    return _LONG.sub(lambda found: f"{float(found.group()):.2f}", svg)
