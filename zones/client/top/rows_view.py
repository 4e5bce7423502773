"""Widgets made of rows that know which of them changed: the map, and blocks of text.

Owns: strips, and redrawing only the rows that differ from those shown. Does not own: what is in
them (`braille.py`, `panels.py`).
Text is what costs in a terminal. Neighbouring cells of one style are one run, a blank cell takes
the front colour of its left neighbour since nobody sees it, and rows go to the compositor as they
are: Textual's own way there, through a cache of borders, padding and filters for each row, took
half of a frame, and its layout after each new text as long again.
"""

from collections.abc import Hashable, Sequence
from typing import Final

import numpy as np
from rich.color import Color
from rich.color_triplet import ColorTriplet
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from zones.client.top.braille import MapPicture
from zones.client.top.palette import INK, U32

STYLES_MAX: Final = 8192
_COLOUR_BITS: Final = 24

Runs = tuple[tuple[str, int], ...]


class RowsView(Widget):
    """Shows rows from its top down, bare ground below and beside them.

    Args:
        ground: packed colour of the bare ground.
        coloured: False on a terminal whose user wants no colour.
    """

    DEFAULT_CSS = "RowsView { width: 1fr; height: 1fr; }"

    def __init__(self, ground: int = INK, *, coloured: bool = True) -> None:
        super().__init__()
        self.coloured = coloured
        self._bare = Style(bgcolor=packed_colour(ground)) if coloured else Style.null()
        self._keys: Sequence[Hashable] = ()
        self._strips: list[Strip] = []

    def put(self, keys: Sequence[Hashable]) -> None:
        """Show rows; only those are drawn again whose key differs from what is shown.

        Args:
            keys: one for each row, everything that `draw_row` needs.
        """
        before = self._keys
        changed = [
            row
            for row in range(max(len(keys), len(before)))
            if row >= len(keys) or row >= len(before) or keys[row] != before[row]
        ]
        fresh = set(changed)
        self._strips = [
            self.draw_row(key) if row in fresh else self._strips[row]
            for row, key in enumerate(keys)
        ]
        self._keys = keys
        if changed:
            self.refresh(*(Region(0, row, self.size.width, 1) for row in changed))

    def draw_row(self, key: Hashable) -> Strip:
        """Return the row that a key stands for; each kind of view has its own."""
        raise NotImplementedError

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return the rows of a part of the widget."""
        width, known = self.size.width, len(self._strips)
        blank = Strip.blank(width, self._bare)
        strips = [
            self._strips[y].adjust_cell_length(width, self._bare) if y < known else blank
            for y in range(crop.y, crop.bottom)
        ]
        if crop.width == width:
            return strips
        return [strip.crop(crop.x, crop.right) for strip in strips]


class LinesView(RowsView):
    """Shows lines of rich text."""

    def __init__(self, ground: int = INK, *, coloured: bool = True) -> None:
        super().__init__(ground, coloured=coloured)
        self._writer = Console(no_color=True, width=1000)
        self._lines: dict[Hashable, Text] = {}

    def show(self, lines: Sequence[Text]) -> None:
        """Show lines in place of those before; what is too long is cut at the right."""
        keys = [(line.plain, str(line.style), tuple(line.spans)) for line in lines]
        self._lines = dict(zip(keys, lines, strict=True))
        self.put(keys)

    def draw_row(self, key: Hashable) -> Strip:
        """Return a line as a strip."""
        line = self._lines[key]
        # Of a text without spans rich leaves its own style out.
        own = line.style if isinstance(line.style, Style) else Style.null()
        bare = self._bare + own
        segments = [
            Segment(text, bare + style if style else bare)
            for text, style, _ in line.render(self._writer, end="")
        ]
        if not self.coloured:
            segments = [
                Segment(text, style.without_color if style else None) for text, style, _ in segments
            ]
        return Strip(segments, line.cell_len)


class MapView(RowsView):
    """Shows one `MapPicture` in its upper left corner."""

    def __init__(self, *, coloured: bool = True) -> None:
        super().__init__(coloured=coloured)
        self._styles: dict[int, Style] = {}

    def show(self, picture: MapPicture) -> None:
        """Show a picture in place of the one before."""
        self.put(runs_of(picture))

    def draw_row(self, key: Hashable) -> Strip:
        """Return the runs of one row as a strip."""
        assert isinstance(key, tuple)
        if not self.coloured:
            text = "".join(part for part, _ in key)
            return Strip([Segment(text)], len(text))
        styles = self._styles
        segments = [
            Segment(part, styles.get(colours) or self._style(colours)) for part, colours in key
        ]
        return Strip(segments, sum(len(part) for part, _ in key))

    def _style(self, colours: int) -> Style:
        """Return the style of front << 24 | ground, and keep it: styles are slow to make."""
        if len(self._styles) >= STYLES_MAX:
            self._styles.clear()
        style = Style(
            color=packed_colour(colours >> _COLOUR_BITS), bgcolor=packed_colour(colours & 0xFFFFFF)
        )
        self._styles[colours] = style
        return style


def runs_of(picture: MapPicture) -> list[Runs]:
    """Return each row as (text, front << 24 | ground) of cells with one style, left to right."""
    rows, cols = picture.bits.shape
    keys = (_fronts(picture).astype(np.uint64) << np.uint64(_COLOUR_BITS)) | picture.ground
    begins = np.ones((rows, cols), np.bool_)
    begins[:, 1:] = keys[:, 1:] != keys[:, :-1]
    found: list[Runs] = []
    for row, line in enumerate(picture.lines()):
        starts = np.flatnonzero(begins[row])
        colours = keys[row, starts].tolist()
        ends = [*starts[1:].tolist(), cols]
        runs = zip(starts.tolist(), ends, colours, strict=True)
        found.append(tuple((line[start:end], colour) for start, end, colour in runs))
    return found


def _fronts(picture: MapPicture) -> U32:
    """Return the front colours, with those of blank cells taken from the left."""
    place = np.where(picture.bits > 0, np.arange(picture.bits.shape[1]), 0)
    seen = np.maximum.accumulate(place, axis=1)
    return np.take_along_axis(picture.front, seen, axis=1)


def packed_colour(packed: int) -> Color:
    """Return a packed colour as rich knows it."""
    return Color.from_triplet(ColorTriplet(packed >> 16 & 255, packed >> 8 & 255, packed & 255))
