"""Which part of the world the map shows, and how long one dot is.

Owns: zoom, pan and the shape of the map in cells. Does not own: drawing (`braille.py`). Pure.
A braille cell is 2 dots wide and 4 high, and a terminal's cell is about twice as high as wide:
a dot is a square, so one length per dot serves both directions and a round world stays round.
"""

from dataclasses import dataclass, replace
from math import ceil
from typing import Final

DOTS_ACROSS: Final = 2
DOTS_DOWN: Final = 4
ZOOM_MAX: Final = 64.0
PAN_SHARE: Final = 0.2
"""Part of the window by which one key press moves it."""


@dataclass(frozen=True, slots=True)
class Window:
    """A rectangle of the world and the cells it is drawn in.

    Args:
        left, top: world coordinates of the upper left corner, length.
        dot: length of one dot, above 0.
        cols, rows: cells of the map.
    """

    left: float
    top: float
    dot: float
    cols: int
    rows: int

    @property
    def width(self) -> float:
        """Length the window spans from left to right."""
        return self.dot * self.cols * DOTS_ACROSS

    @property
    def height(self) -> float:
        """Length the window spans from top to bottom."""
        return self.dot * self.rows * DOTS_DOWN


@dataclass(frozen=True, slots=True)
class Camera:
    """Where one looks: `zoom` 1 shows the whole world; the centre is in parts of the world."""

    zoom: float = 1.0
    centre_x: float = 0.5
    centre_y: float = 0.5

    def window(self, width: float, height: float, cols: int, rows: int) -> Window:
        """Return what is seen of a `width` x `height` world in at most `cols` x `rows` cells.

        The map takes no more cells than the world fills, and never looks past the world's walls.
        """
        assert width > 0 and height > 0 and cols > 0 and rows > 0
        fit = max(width / (cols * DOTS_ACROSS), height / (rows * DOTS_DOWN))
        dot = fit / self.zoom
        cols = min(cols, ceil(width / (dot * DOTS_ACROSS) - 1e-9))
        rows = min(rows, ceil(height / (dot * DOTS_DOWN) - 1e-9))
        return Window(
            left=_inside(self.centre_x * width, dot * cols * DOTS_ACROSS, width),
            top=_inside(self.centre_y * height, dot * rows * DOTS_DOWN, height),
            dot=dot,
            cols=cols,
            rows=rows,
        )

    def zoomed(self, factor: float) -> "Camera":
        """Return a camera `factor` times as near, between the whole world and ZOOM_MAX."""
        return replace(self, zoom=min(max(self.zoom * factor, 1.0), ZOOM_MAX))

    def panned(self, right: int, down: int) -> "Camera":
        """Return a camera moved by that many steps of PAN_SHARE of what it sees."""
        step = PAN_SHARE / self.zoom
        # Half a window from the wall there is nothing more to see: a centre beyond would only
        # have to be walked back.
        low = 0.5 / self.zoom
        return replace(
            self,
            centre_x=min(max(self.centre_x + right * step, low), 1 - low),
            centre_y=min(max(self.centre_y + down * step, low), 1 - low),
        )


def _inside(centre: float, span: float, whole: float) -> float:
    """Return where a stretch of `span` around `centre` begins without leaving 0 to `whole`."""
    return min(max(centre - span / 2, 0.0), max(whole - span, 0.0))
