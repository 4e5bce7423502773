"""The widget that shows the map: from cells to as few runs of text as will do.

Owns: strips, and redrawing only the rows that changed. Does not own: the picture (`braille.py`).
Text is what costs in a terminal: neighbouring cells of one style are one run, and a blank cell
takes the front colour of its left neighbour, since nobody sees it.
"""

from typing import Final

import numpy as np
from rich.color import Color
from rich.color_triplet import ColorTriplet
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from zones.client.top.braille import MapPicture
from zones.client.top.palette import INK, U32

STYLES_MAX: Final = 8192
_COLOUR_BITS: Final = 24

Runs = tuple[tuple[str, int], ...]


class MapView(Widget):
    """Shows one `MapPicture` in its upper left corner, dark ground around it."""

    DEFAULT_CSS = "MapView { width: 1fr; height: 1fr; }"

    def __init__(self, *, coloured: bool = True) -> None:
        super().__init__()
        self._coloured = coloured
        self._rows: list[Runs] = []
        self._strips: list[Strip] = []
        self._styles: dict[int, Style] = {}

    def show(self, picture: MapPicture) -> None:
        """Show a picture; only rows that differ from what is shown are drawn again."""
        rows = runs_of(picture)
        before = self._rows
        changed = [
            row
            for row in range(max(len(rows), len(before)))
            if row >= len(rows) or row >= len(before) or rows[row] != before[row]
        ]
        kept = self._strips
        fresh = set(changed)
        self._strips = [
            self._strip(runs) if row in fresh else kept[row] for row, runs in enumerate(rows)
        ]
        self._rows = rows
        if changed:
            self.refresh(*(Region(0, row, self.size.width, 1) for row in changed))

    def render_line(self, y: int) -> Strip:
        """Return row `y` as wide as the widget."""
        width = self.size.width
        empty = Style.null() if not self._coloured else self._style(INK << _COLOUR_BITS | INK)
        if y >= len(self._strips):
            return Strip.blank(width, empty)
        return self._strips[y].adjust_cell_length(width, empty)

    def _strip(self, runs: Runs) -> Strip:
        if not self._coloured:
            text = "".join(part for part, _ in runs)
            return Strip([Segment(text)], len(text))
        segments = [Segment(part, self._style(key)) for part, key in runs]
        return Strip(segments, sum(len(part) for part, _ in runs))

    def _style(self, key: int) -> Style:
        style = self._styles.get(key)
        if style is None:
            if len(self._styles) >= STYLES_MAX:
                self._styles.clear()
            style = Style(color=_colour(key >> _COLOUR_BITS), bgcolor=_colour(key & 0xFFFFFF))
            self._styles[key] = style
        return style


def runs_of(picture: MapPicture) -> list[Runs]:
    """Return each row as (text, front << 24 | ground) of cells with one style, left to right."""
    rows, cols = picture.bits.shape
    keys = (_fronts(picture).astype(np.uint64) << np.uint64(_COLOUR_BITS)) | picture.ground
    begins = np.ones((rows, cols), np.bool_)
    begins[:, 1:] = keys[:, 1:] != keys[:, :-1]
    lines = picture.lines()
    found: list[Runs] = []
    for row in range(rows):
        starts = np.flatnonzero(begins[row])
        ends = [*starts[1:].tolist(), cols]
        line = lines[row]
        found.append(
            tuple(
                (line[start:end], key)
                for start, end, key in zip(
                    starts.tolist(), ends, keys[row, starts].tolist(), strict=True
                )
            )
        )
    return found


def _fronts(picture: MapPicture) -> U32:
    """Return the front colours, with those of blank cells taken from the left."""
    place = np.where(picture.bits > 0, np.arange(picture.bits.shape[1]), 0)
    seen = np.maximum.accumulate(place, axis=1)
    return np.take_along_axis(picture.front, seen, axis=1)


def _colour(packed: int) -> Color:
    return Color.from_triplet(ColorTriplet(packed >> 16 & 255, packed >> 8 & 255, packed & 255))
