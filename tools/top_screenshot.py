"""Draw `molt top` as it stands on a home's world into an SVG: `python tools/top_screenshot.py`.

Owns: the drawing. Does not own: the view (`zones/client/top`). Textual's own export leaves braille
to the fonts of whoever looks, most of which have none of the right width, and links to fonts on
other people's servers: here dots are circles, blocks are rectangles, and only letters are text.
"""

import argparse
import asyncio
from collections import defaultdict
from collections.abc import Iterable
from html import escape
from pathlib import Path

from rich.segment import Segment
from rich.style import Style

from zones.client.top.app import TopApp
from zones.client.top.palette import INK, TEXT, hex_of
from zones.client.top.source import HomeEyes
from zones.client.top.watch import Eyes

CELL_W, CELL_H = 9.0, 18.0
FONT_PX = 14.5
EDGE = 10.0
EIGHTHS = " ▏▎▍▌▋▊▉█"
DOTS = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))
DOT_RADIUS = 1.55


async def picture_of(
    eyes: Eyes, cols: int, rows: int, seconds: float, keys: Iterable[str]
) -> list[list[Segment]]:
    """Return the rows of the screen after it ran for a while and these keys were pressed."""
    app = TopApp(eyes, fps=10)
    async with app.run_test(size=(cols, rows)) as pilot:
        await pilot.pause(seconds)
        for key in keys:
            await pilot.press(key)
            await pilot.pause(0.5)
        # What Textual's own export draws from; there is no public name for it.
        strips = app.screen._compositor.render_strips()
        return [list(strip) for strip in strips]


def draw(rows: list[list[Segment]]) -> str:
    """Return an SVG of the rows."""
    cols = max(sum(segment.cell_length for segment in row) for row in rows)
    width, height = cols * CELL_W + 2 * EDGE, len(rows) * CELL_H + 2 * EDGE
    grounds: list[str] = []
    marks: dict[str, list[str]] = defaultdict(list)
    words: list[str] = []
    for number, row in enumerate(rows):
        x, y = EDGE, EDGE + number * CELL_H
        for segment in row:
            style = segment.style or Style.null()
            span = segment.cell_length * CELL_W
            ground = _hex((style.reverse and style.color) or style.bgcolor, INK)
            front = _hex((style.reverse and style.bgcolor) or style.color, TEXT)
            if ground != hex_of(INK):
                grounds.append(_box(x, y, span, CELL_H, ground))
            _draw_text(segment.text, x, y, front, bool(style.bold), marks, words)
            x += span
    paths = [f'<path fill="{colour}" d="{"".join(parts)}"/>' for colour, parts in marks.items()]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
            f'width="{width:g}" height="{height:g}">',
            "<title>molt top</title>",
            f'<rect width="{width:g}" height="{height:g}" rx="8" fill="{hex_of(INK)}"/>',
            '<g shape-rendering="crispEdges">',
            *grounds,
            "</g>",
            *paths,
            f'<g font-family="ui-monospace, Menlo, Consolas, DejaVu Sans Mono, monospace" '
            f'font-size="{FONT_PX}" xml:space="preserve">',
            *words,
            "</g>",
            "</svg>",
            "",
        ]
    )


def _draw_text(
    text: str,
    x: float,
    y: float,
    colour: str,
    bold: bool,
    marks: dict[str, list[str]],
    words: list[str],
) -> None:
    """Add one run of cells: shapes to `marks` by colour, letters to `words`."""
    run, begun = "", x
    for place, letter in enumerate(text):
        left = x + place * CELL_W
        code = ord(letter)
        is_shape = 0x2800 < code < 0x2900 or letter in EIGHTHS
        if is_shape and letter != " ":
            marks[colour].append(_shape(letter, left, y))
        if is_shape or letter.isspace():
            words += _letters(run, begun, y, colour, bold)
            run = ""
            continue
        begun = begun if run else left
        run += letter
    words += _letters(run, begun, y, colour, bold)


def _shape(letter: str, left: float, top: float) -> str:
    """Return a braille cell or a bar as path data."""
    if letter in EIGHTHS:
        span = CELL_W * EIGHTHS.index(letter) / 8
        return f"M{left:g} {top + 3:g}h{span:g}v{CELL_H - 6:g}h{-span:g}z"
    data, r = "", DOT_RADIUS
    for bit, (column, row) in enumerate(DOTS):
        if (ord(letter) - 0x2800) >> bit & 1:
            x = left + CELL_W * (column + 0.5) / 2 - r
            y = top + CELL_H * (row + 0.5) / 4
            data += f"M{x:.1f} {y:.1f}a{r} {r} 0 1 0 {2 * r} 0a{r} {r} 0 1 0 {-2 * r} 0z"
    return data


def _letters(run: str, left: float, top: float, colour: str, bold: bool) -> list[str]:
    if not run:
        return []
    weight = ' font-weight="bold"' if bold else ""
    return [
        f'<text x="{left:g}" y="{top + CELL_H * 0.74:g}" fill="{colour}"{weight} '
        f'textLength="{len(run) * CELL_W:g}" lengthAdjust="spacingAndGlyphs">{escape(run)}</text>'
    ]


def _box(x: float, y: float, width: float, height: float, colour: str) -> str:
    return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" fill="{colour}"/>'


def _hex(colour: object, default: int) -> str:
    triplet = getattr(colour, "triplet", None)
    return triplet.hex if triplet is not None else hex_of(default)


def main() -> None:
    """Read the options and write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--out", type=Path, default=Path("docs/top.svg"))
    parser.add_argument("--cols", type=int, default=150)
    parser.add_argument("--rows", type=int, default=44)
    parser.add_argument("--seconds", type=float, default=5.0, help="how long it runs before")
    parser.add_argument("--keys", default="", help="pressed then, with commas between")
    options = parser.parse_args()
    keys = [key for key in options.keys.split(",") if key]
    rows = asyncio.run(
        picture_of(HomeEyes(options.home), options.cols, options.rows, options.seconds, keys)
    )
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(draw(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
