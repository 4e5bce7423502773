"""Small pictures made of characters: filled curves, bars, stacked bars, and numbers beside them.

Owns: how a value becomes cells. Does not own: which values (`panels.py`). Pure; colours are packed
0xRRGGBB and widths are cells.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import floor, log10
from typing import Final

from rich.style import Style
from rich.text import Text

from zones.client.top.palette import INK, mix

THIN_SPACE: Final = "\N{THIN SPACE}"
EIGHTHS: Final = " ▏▎▍▌▋▊▉"
FULL: Final = "█"
TRACK: Final = "─"
DOTS_DOWN: Final = 4
# Bits of one column of dots of a braille cell, from the lowest dot up.
LEFT_DOTS: Final = (0x40, 0x04, 0x02, 0x01)
RIGHT_DOTS: Final = (0x80, 0x20, 0x10, 0x08)


def colour_style(colour: int, *, bold: bool = False) -> Style:
    """Return the style of text in a packed colour."""
    return Style(color=f"#{colour:06x}", bold=bold or None)


def grouped(value: float, digits: int = 0) -> str:
    """Return a number with thin-space thousands."""
    return f"{value:,.{digits}f}".replace(",", THIN_SPACE)


def short(value: float) -> str:
    """Return a number with about three digits that tell something: 0.42, 12.3, 812, 8 221."""
    if value == 0:
        return "0"
    digits = max(0, 2 - floor(log10(abs(value))))
    return grouped(value, min(digits, 3))


def milliseconds(value_ms: float) -> str:
    """Return a time with its unit; microseconds below a tenth of a millisecond."""
    return f"{value_ms * 1000:.0f} µs" if value_ms < 0.1 else f"{value_ms:.2f} ms"


def curve(
    points: Sequence[tuple[float, float]], width: int, height: int, colour: int
) -> list[Text]:
    """Draw a filled curve, its top row bright and its foot dim.

    Args:
        points: (x, y) with x ascending; each x keeps its place, however unevenly they lie.

    Returns:
        `height` lines of `width` cells.
    """
    levels = column_levels(points, width * 2, height * DOTS_DOWN)
    lines = []
    for row in range(height):
        foot = (height - 1 - row) * DOTS_DOWN
        cells = [
            _cell(levels[2 * cell] - foot, levels[2 * cell + 1] - foot) for cell in range(width)
        ]
        shade = mix(colour, INK, 0.55 * row / height)
        lines.append(Text("".join(cells), style=colour_style(shade), no_wrap=True, end=""))
    return lines


def column_levels(points: Sequence[tuple[float, float]], columns: int, levels: int) -> list[int]:
    """Return how many dots, 1 to `levels`, each column of a curve fills; 0 without points.

    The lowest value fills one dot and the highest all, so that the shape is seen; what they are
    is written beside the curve. A column shows the last point at or before its end.
    """
    if not points:
        return [0] * columns
    low, high = min(y for _, y in points), max(y for _, y in points)
    first, last = points[0][0], points[-1][0]
    step = (last - first) / columns
    found, index = [], 0
    for column in range(columns):
        end = first + step * (column + 1)
        while index + 1 < len(points) and points[index + 1][0] <= end + step * 1e-9:
            index += 1
        # Values that hardly differ are a flat line in the middle, not a mountain range.
        share = (points[index][1] - low) / (high - low) if high > low else 0.5
        found.append(1 + round(share * (levels - 1)))
    return found


def _cell(left: int, right: int) -> str:
    bits = sum(LEFT_DOTS[: max(0, min(left, DOTS_DOWN))])
    bits += sum(RIGHT_DOTS[: max(0, min(right, DOTS_DOWN))])
    return chr(0x2800 + bits) if bits else " "


def bar(share: float, width: int, colour: int, track: int | None = None) -> Text:
    """Return a horizontal bar of `width` cells filled by `share` (0 to 1), to an eighth of a cell.

    Args:
        track: colour of the line that goes on where the bar ends; None draws none.
    """
    eighths = round(min(max(share, 0.0), 1.0) * width * 8)
    if share > 0:
        eighths = max(eighths, 1)  # Little is not nothing.
    full, part = divmod(eighths, 8)
    text = Text(FULL * full + (EIGHTHS[part] if part else ""), style=colour_style(colour), end="")
    rest = width - len(text)
    if track is None:
        return text.append(" " * rest)
    return text.append(TRACK * rest, style=colour_style(track))


def stacked_bar(parts: Sequence[tuple[float, int]], width: int) -> Text:
    """Return one bar of `width` cells made of parts.

    Args:
        parts: (share, colour); shares add up to 1 or less. Borders are rounded to cells in a way
            that no part pushes another over the end.
    """
    text = Text(end="")
    borders = [0.0]
    for share, _ in parts:
        borders.append(min(borders[-1] + share, 1.0))
    for (start, end), (_, colour) in zip(pairwise(borders), parts, strict=True):
        cells = round(end * width) - round(start * width)
        text.append(FULL * cells, style=colour_style(colour))
    return text.append(" " * (width - len(text)))


def both_ends(left: Text, right: Text, width: int) -> Text:
    """Return a line with one text at each end; the right one stays whole, the left one is cut."""
    room = max(width - right.cell_len - 1, 0)
    line = left.copy()
    line.truncate(room, overflow="ellipsis")
    line.append(" " * max(width - line.cell_len - right.cell_len, 0))
    return line.append_text(right)
