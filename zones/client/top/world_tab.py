"""The World tab: the map and the column beside it.

Owns: how the room is shared and where the camera looks. Does not own: the values, the keys
(`app.py`).
"""

from typing import Final

from textual.app import ComposeResult
from textual.containers import Horizontal

from zones.client.top.braille import draw_map
from zones.client.top.camera import Camera
from zones.client.top.charts import grouped
from zones.client.top.palette import few_shades, food_ramp
from zones.client.top.panels import side_lines
from zones.client.top.rows_view import LinesView, MapView
from zones.client.top.view import Picture

SIDE_CELLS_MIN: Final = 36
SIDE_FROM_CELLS: Final = 72
"""Narrower than this the map has the width for itself."""
GAP_CELLS: Final = 3


class WorldTab(Horizontal):
    """Map and column; shows what it is told to.

    Attributes:
        chosen: rank of the lineage that is brought out, None: all are equal.
        least: Molbots that a dot of the map stands for, at least.
    """

    DEFAULT_CSS = """
    WorldTab { background: $background; }
    WorldTab LinesView { width: 36; margin: 0 1 0 2; }
    """

    def __init__(self, *, coloured: bool = True) -> None:
        super().__init__()
        self.camera = Camera()
        self.chosen: int | None = None
        self._map = MapView(coloured=coloured)
        self._side = LinesView(coloured=coloured)
        self._side_cells = 0
        self.least = 1

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
        few = self.app.console.color_system != "truecolor"
        ramp = few_shades() if few else food_ramp(picture.light)
        drawn = draw_map(sight.crowd, sight.food, window, ramp, self.chosen)
        self.least = drawn.least
        self._map.show(drawn)

    def show_side(self, picture: Picture) -> None:
        """Write the column anew."""
        if self._side.display:
            # Its own size is that of the layout before, when the map has just changed its width.
            width = max(self._side_cells, SIDE_CELLS_MIN)
            self._side.show(side_lines(picture, width, self.size.height, self.chosen))

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
        return f"lineage L{each.lineage}, no. {self.chosen + 1}: {grouped(each.members)} molbots"

    def _map_cells(self) -> tuple[int, int]:
        """Return the room the map may take, in cells."""
        width, height = self.size
        self._side.display = width >= SIDE_FROM_CELLS
        cols = width - (SIDE_CELLS_MIN + GAP_CELLS if self._side.display else 0)
        return max(cols, 1), max(height, 1)

    def _share_room(self, map_cols: int) -> None:
        """Give the column what the map leaves."""
        width = max(self.size.width - map_cols - GAP_CELLS, SIDE_CELLS_MIN)
        if self._side_cells != width:
            self._side_cells = width
            self._side.styles.width = width
