"""The picture without a screen: one JSON document, or plain text for a pipe.

Owns: the keys of `molt top --json` and the layout of the text. Does not own: the values
(`view.py`). Pure.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from rich.text import Text

from zones.client.top.braille import draw_map
from zones.client.top.camera import Camera
from zones.client.top.charts import colour_style, grouped
from zones.client.top.palette import TEXT, food_ramp, hex_of
from zones.client.top.panels import badge, degraded_lines, side_lines
from zones.client.top.series import PER_TICKS, Rates
from zones.client.top.view import Mode, Picture, finite

VERSION: Final = 1
GAP: Final = "  "
SIDE_CELLS: Final = 38


def picture_fields(picture: Picture) -> dict[str, Any]:
    """Return the picture as one JSON document; null where something is not known."""
    sight, crowd, kernel = picture.sight, picture.sight.crowd, picture.kernel
    return {
        "v": VERSION,
        "state": picture.mode.value.lower().replace(" ", "_"),
        "kernel": kernel and {"state": kernel.state, "pid": kernel.pid},
        "tick": sight.tick,
        "seed": sight.seed,
        "ticks_per_s": picture.ticks_per_s,
        "population": sight.population,
        "max_entities": sight.capacity,
        "mean_energy": finite(sight.mean_energy) if sight.population else None,
        "lineages": {
            "count": crowd.lineage_count,
            "effective": crowd.effective,
            "top": [
                {
                    "lineage": each.lineage,
                    "colour": hex_of(each.colour),
                    "members": each.members,
                    "share": each.members / sight.population,
                }
                for each in crowd.largest
            ],
        },
        "births": picture.totals.births,
        "seeded": picture.totals.seeded,
        "deaths": {
            "starvation": picture.totals.starvation,
            "age": picture.totals.age,
            "collision": picture.totals.collision,
        },
        "rates": picture.rates and _rate_fields(picture.rates),
        "weather": asdict(picture.weather),
        "zones": [asdict(zone) for zone in picture.zones],
        "degraded": [asdict(each) for each in picture.degraded],
        "phases": [asdict(phase) for phase in picture.phases],
        "tick_times": {
            "p50_ms": picture.ticks.p50_ms,
            "p99_ms": picture.ticks.p99_ms,
            "max_ms": picture.ticks.max_ms,
            "period_ms": picture.ticks.period_ms,
        },
        "missed_ticks": picture.ticks.missed,
        "epoch": sight.pulse.epoch,
        "series": [
            {
                "tick": each.tick,
                "population": each.population,
                "mean_energy": finite(each.mean_energy),
            }
            for each in picture.series
        ],
    }


def _rate_fields(rates: Rates) -> dict[str, float]:
    return {
        "over_ticks": rates.ticks,
        "per_ticks": PER_TICKS,
        "births": rates.births,
        "starvation": rates.starvation,
        "age": rates.age,
        "collision": rates.collision,
    }


def status_line(picture: Picture, behind_ticks: int | None = None) -> Text:
    """Return what stands above everything: badge, tick, how many live, how fast time goes.

    Args:
        behind_ticks: of a view that is frozen: how far the world has gone on meanwhile.
    """
    sight = picture.sight
    words = [
        f"tick {grouped(sight.tick)}",
        f"{grouped(sight.population)} alive",
        f"{grouped(sight.crowd.lineage_count)} lineages",
    ]
    if picture.ticks_per_s is not None:
        words.append(f"{picture.ticks_per_s:.1f} ticks/s")
    head = badge(picture.mode)
    if behind_ticks is not None:
        words.insert(0, f"{grouped(behind_ticks)} ticks behind the world")
        head = badge(Mode.FROZEN)
    return head.append_text(facts_text(words))


def facts_text(facts: Sequence[str]) -> Text:
    """Return facts beside each other, apart from what stands before them."""
    return Text("".join(f"   {fact}" for fact in facts), style=colour_style(TEXT), end="")


def picture_text(picture: Picture, width: int, height: int) -> str:
    """Return the picture as plain text without any escape sequence.

    Args:
        width, height: cells to fill; the text may end earlier, lines never go over `width`.
    """
    rows = height - 3
    cols = max(width - SIDE_CELLS - len(GAP), 1)
    sight = picture.sight
    window = Camera().window(sight.width, sight.height, cols, rows)
    drawn = draw_map(sight.crowd, sight.food, window, food_ramp(picture.light)).lines()
    side = side_lines(picture, SIDE_CELLS, rows)
    blank = " " * window.cols
    lines = [status_line(picture).plain.rstrip(), ""]
    for row in range(max(len(drawn), len(side))):
        left = drawn[row] if row < len(drawn) else blank
        right = side[row].plain if row < len(side) else ""
        lines.append(f"{left}{GAP}{right}".rstrip())
    lines += ["", *(line.plain for line in degraded_lines(picture, width))]
    return "\n".join(lines) + "\n"
