"""The Zones tab: what the kernel says of its zones, how ticks keep time, what is degraded.

Owns: the table and the blocks below it. Does not own: the values (`view.py`), their words
(`panels.py`).
"""

from typing import Final

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import DataTable

from zones.client.top.charts import colour_style, grouped
from zones.client.top.kernel_report import MISSING, Zone
from zones.client.top.palette import BAD, GOOD, QUIET, WARN
from zones.client.top.panels import cut, degraded_lines, phase_lines, tick_time_lines
from zones.client.top.rows_view import LinesView
from zones.client.top.view import Picture

COLUMNS: Final = ("zone", "state", "pid", "heir", "restarts", "memory", "cpu", "doing")
MARKS: Final = {
    "ready": ("●", GOOD),
    "degraded": ("▲", WARN),
    "starting": ("○", QUIET),
    "stopped": ("○", QUIET),
    "failed": ("✕", BAD),
}
OTHER_MARK: Final = ("▲", WARN)


class ZonesTab(Vertical):
    """Table of zones, tick times, phases, degraded states."""

    DEFAULT_CSS = """
    ZonesTab { background: $background; padding: 0 1; }
    ZonesTab DataTable { height: auto; max-height: 40%; background: $background; }
    ZonesTab #degraded { height: 2; margin: 1 1; max-height: 30%; }
    ZonesTab .block { margin: 0 2 0 1; }
    """

    def __init__(self, *, coloured: bool = True) -> None:
        super().__init__()
        self.table: DataTable[Text] = DataTable(cursor_type="row", zebra_stripes=False)
        self._ticks = LinesView(coloured=coloured)
        self._phases = LinesView(coloured=coloured)
        self._degraded = LinesView(coloured=coloured)
        self._degraded.id = "degraded"
        for block in (self._ticks, self._phases):
            block.add_class("block")
        self._degraded_rows = 0
        self._shown: tuple[Zone, ...] | None = None

    def compose(self) -> ComposeResult:
        """Lay out table and blocks."""
        yield self.table
        yield self._degraded
        with Horizontal():
            yield self._ticks
            yield self._phases

    def on_mount(self) -> None:
        """Name the columns once."""
        self.table.add_columns(*COLUMNS)

    def show(self, picture: Picture) -> None:
        """Write everything anew; the table only where a zone changed, so that a cursor stays."""
        if picture.zones != self._shown:
            self._fill(picture.zones)
        ticks, phases = self._ticks.size, self._phases.size
        self._ticks.show(cut(tick_time_lines(picture, max(ticks.width, 1)), ticks.height))
        self._phases.show(phase_lines(picture, max(phases.width, 1), max(phases.height - 1, 1)))
        degraded = degraded_lines(picture, max(self._degraded.size.width, 1))
        if self._degraded_rows != len(degraded):
            self._degraded_rows = len(degraded)
            self._degraded.styles.height = len(degraded)
        self._degraded.show(cut(degraded, self._degraded.size.height or len(degraded)))

    def _fill(self, zones: tuple[Zone, ...]) -> None:
        row = self.table.cursor_row
        self.table.clear()
        for zone in zones:
            self.table.add_row(*zone_cells(zone))
        self.table.move_cursor(row=min(row, max(len(zones) - 1, 0)))
        self._shown = zones


def zone_cells(zone: Zone) -> tuple[Text, ...]:
    """Return one zone as the cells of its row: shape, word and colour; numbers to the right."""
    shape, colour = MARKS.get(zone.state, OTHER_MARK)
    memory = None if zone.memory_mb is None else f"{grouped(zone.memory_mb)} MB"
    cpu = None if zone.cpu_percent is None else f"{zone.cpu_percent:.0f} %"
    return (
        Text(zone.name, style="bold"),
        Text(f"{shape} {zone.state}", style=colour_style(colour)),
        _number(zone.pid),
        _number(zone.heir_pid),
        _number(zone.restarts),
        _number(memory),
        _number(cpu),
        Text(zone.doing or zone.why, style=colour_style(QUIET)),
    )


def _number(value: int | str | None) -> Text:
    return Text(MISSING if value is None else str(value), justify="right")
