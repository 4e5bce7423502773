"""The World tab: the map and the column beside it.

Owns: how the room is shared and where the camera looks. Does not own: the values, the keys
(`app.py`).
"""

from typing import Final

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Static

from zones.client.top.braille import draw_map
from zones.client.top.camera import Camera
from zones.client.top.charts import grouped
from zones.client.top.map_view import MapView
from zones.client.top.panels import side_lines
from zones.client.top.view import Picture

SIDE_CELLS_MIN: Final = 36
SIDE_CELLS_MAX: Final = 64
SIDE_FROM_CELLS: Final = 84
"""Narrower than this the map has the width for itself."""
GAP_CELLS: Final = 2


class WorldTab(Horizontal):
    """Map and column; shows what it is told to."""

    DEFAULT_CSS = """
    WorldTab { background: $background; }
    WorldTab #side { width: 36; height: 1fr; padding: 0 1; background: $surface; }
    """

    def __init__(self, *, coloured: bool = True) -> None:
        super().__init__()
        self.camera = Camera()
        self.chosen: int | None = None
        self._map = MapView(coloured=coloured)
        self._side = Static(id="side")

    def compose(self) -> ComposeResult:
        """Lay out map and column."""
        yield self._map
        yield self._side

    def show_map(self, picture: Picture) -> None:
        """Draw the world anew."""
        cols, rows = self._map_cells()
        sight = picture.sight
        window = self.camera.window(sight.width, sight.height, cols, rows)
        self._share_room(window.cols)
        self._map.show(draw_map(sight.crowd, sight.food, window, picture.light, self.chosen))

    def show_side(self, picture: Picture) -> None:
        """Write the column anew."""
        if self._side.display:
            width, height = self._side.content_size
            self._side.update(
                Text("\n").join(side_lines(picture, max(width, 1), height, self.chosen))
            )

    def choose(self, steps: int, picture: Picture) -> str:
        """Bring out the next lineage (`steps` 1) or the one before (-1); beyond the ends: none.

        Returns:
            what is brought out now, for people.
        """
        count = len(picture.sight.crowd.largest)
        places = [None, *range(count)]
        now = places.index(self.chosen) if self.chosen in places else 0
        self.chosen = places[(now + steps) % len(places)]
        if self.chosen is None:
            return "all lineages"
        each = picture.sight.crowd.largest[self.chosen]
        return f"lineage L{each.lineage}: {grouped(each.members)} molbots"

    def _map_cells(self) -> tuple[int, int]:
        """Return the room the map may take, in cells."""
        width, height = self.size
        self._side.display = width >= SIDE_FROM_CELLS
        cols = width - (SIDE_CELLS_MIN if self._side.display else 0)
        return max(cols, 1), max(height, 1)

    def _share_room(self, map_cols: int) -> None:
        """Give the column what the map leaves, within reason."""
        left = self.size.width - map_cols - GAP_CELLS
        width = min(max(left, SIDE_CELLS_MIN), SIDE_CELLS_MAX)
        if self._side.styles.width is None or self._side.styles.width.value != width:
            self._side.styles.width = width
