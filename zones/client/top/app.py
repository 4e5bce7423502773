"""The full screen of `molt top`: a status line, two tabs, keys.

Owns: what a key does, which tab is renewed, and when. Does not own: reading (`source.py`), what
is shown (`view.py`, `panels.py`, `braille.py`). Only the visible tab is renewed, and no more often
than `pace.py` allows: whoever watches must not slow down what is watched.
Model: Erlang's `observer`, which refreshes only the tab one looks at.
"""

import time
from typing import ClassVar, Final

from rich.text import Text
from textual import work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Center, Middle
from textual.events import Resize
from textual.screen import ModalScreen
from textual.theme import Theme
from textual.widgets import Footer, Static, TabbedContent, TabPane, Tabs

from zones.client.top import palette
from zones.client.top.charts import both_ends, colour_style
from zones.client.top.kernel_report import KernelReport
from zones.client.top.pace import Pace
from zones.client.top.palette import hex_of
from zones.client.top.panels import badge
from zones.client.top.rows_view import LinesView
from zones.client.top.snapshot import facts_text, status_line
from zones.client.top.view import Mode
from zones.client.top.watch import Eyes, Watch
from zones.client.top.world_tab import WorldTab
from zones.client.top.zones_tab import ZonesTab

COLS_MIN: Final = 48
ROWS_MIN: Final = 14
SLOW_S: Final = 0.4
"""Text beside the map is renewed no more often: numbers that flicker cannot be read."""
ASK_S: Final = 1.0
ZOOM_STEP: Final = 1.5
HELP: Final = """\
[b]molt top[/b]  an aquarium: it reads, and never touches the world

[b]1 2[/b]      World, Zones
[b]space[/b]    freeze the view; the world goes on
[b]\\[ ][/b]      bring out the lineage before, the next one
[b]+ -[/b]      more, fewer frames a second
[b]z Z[/b]      nearer, farther     [b]0[/b]  the whole world
[b]arrows[/b]   move
[b]?[/b]        this      [b]q[/b]  leave

A dot is a Molbot with its tail; of a dense world it is many, the
upper right corner tells how many. Colour is lineage, dim ones starve;
there are 128 colours, so those of two lineages may be the same.
The ground is teal where food grows and dark where it does not.
"48.7 effective": as diverse as 48.7 lineages of equal size would be.
Frames are as many as 9 % of one core pay for, and no more than wished.
"""

THEME: Final = Theme(
    name="molt",
    primary=hex_of(palette.ACCENT),
    secondary=hex_of(palette.GOOD),
    accent=hex_of(palette.ACCENT),
    success=hex_of(palette.GOOD),
    warning=hex_of(palette.WARN),
    error=hex_of(palette.BAD),
    foreground=hex_of(palette.TEXT),
    background=hex_of(palette.INK),
    surface=hex_of(palette.PANEL),
    panel=hex_of(palette.LINE),
    dark=True,
)


class HelpScreen(ModalScreen[None]):
    """The keys; any of them closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q,space,enter", "dismiss", "close")
    ]
    DEFAULT_CSS = """
    HelpScreen { background: $background 50%; }
    HelpScreen Static { width: auto; padding: 1 3; background: $surface; border: round $panel; }
    """

    def compose(self) -> ComposeResult:
        """Show the text in the middle."""
        with Middle(), Center():
            yield Static(HELP)


class TopApp(App[None]):
    """`molt top` on a terminal."""

    ENABLE_COMMAND_PALETTE = False
    AUTO_FOCUS = None  # It would find the table of zones and turn to its tab.
    CSS = """
    #status { height: 1; }
    #small { width: 1fr; height: 1fr; content-align: center middle; }
    TabbedContent, ContentSwitcher, TabPane { height: 1fr; padding: 0; }
    Screen { overflow: hidden; background: $background; }
    Footer { background: $surface; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        # The first ones are seen on the narrowest terminal, too.
        Binding("question_mark", "help", "help", key_display="?"),
        Binding("q", "quit", "quit"),
        Binding("1", "tab('world')", "world"),
        Binding("2", "tab('zones')", "zones"),
        Binding("space", "freeze", "freeze", priority=True),
        Binding("left_square_bracket", "choose(-1)", "lineage", key_display="[ ]"),
        Binding("right_square_bracket", "choose(1)", show=False),
        Binding("plus,equals_sign", "pace(1)", "frames", key_display="+ -"),
        Binding("minus", "pace(-1)", show=False),
        Binding("z", "zoom(1)", "zoom"),
        Binding("Z,upper_z", "zoom(-1)", "farther", show=False),
        Binding("0", "zoom(0)", "whole", show=False),
        Binding("left", "pan(-1, 0)", show=False),
        Binding("right", "pan(1, 0)", show=False),
        Binding("up", "pan(0, -1)", show=False),
        Binding("down", "pan(0, 1)", show=False),
        Binding("ctrl+c", "quit", show=False, priority=True),
    ]

    def __init__(self, eyes: Eyes, fps: float) -> None:
        super().__init__()
        self.register_theme(THEME)
        self.theme = THEME.name
        self.watch_world = Watch(eyes, eyes.remember())
        self.pace = Pace(fps)
        self.frozen = False
        self._world = WorldTab(coloured=not self.no_color)
        self._zones = ZonesTab(coloured=not self.no_color)
        self._status = LinesView(palette.PANEL, coloured=not self.no_color)
        self._status.id = "status"
        self._small = Static(id="small")
        self._small.display = False
        self._tabs = TabbedContent(initial="world")
        self._spent_s = 0.0
        self._slow_at_s = 0.0
        self._delay_s = 1 / fps

    def compose(self) -> ComposeResult:
        """Lay out status line, tabs and keys."""
        yield self._status
        yield self._small
        with self._tabs:
            with TabPane("World", id="world"):
                yield self._world
            with TabPane("Zones", id="zones"):
                yield self._zones
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Begin to look and to ask."""
        # With the focus on them the tabs would take the arrow keys, which move the map.
        self.query_one(Tabs).can_focus = False
        self.set_interval(ASK_S, self._ask)
        self._ask()
        self.call_after_refresh(self._begin)

    def on_resize(self, event: Resize) -> None:
        """Say so where there is no room; everything else finds its new size at the next frame."""
        cols, rows = event.size
        cramped = cols < COLS_MIN or rows < ROWS_MIN
        self._small.display, self._tabs.display = cramped, not cramped
        self._small.update(
            f"cannot show the world in {cols} × {rows} cells:\nit takes {COLS_MIN} × {ROWS_MIN}"
        )
        self.call_after_refresh(self._hurry)

    @work(thread=True, exclusive=True, group="ask")
    def _ask(self) -> None:
        report = self.watch_world.eyes.ask()
        self.call_from_thread(self._heard, report)

    def _heard(self, report: KernelReport | None) -> None:
        self.watch_world.report = report

    def _begin(self) -> None:
        self._spent_s = time.process_time()  # what starting took is no frame's cost
        self._frame()

    def _frame(self) -> None:
        """Look, show, and come back when it is time."""
        if not self.screen_stack:  # A timer may still fire while the screen is taken down.
            return
        now_s, spent_s = time.monotonic(), time.process_time()
        self._delay_s = self.pace.next_delay_s(spent_s - self._spent_s)
        self._spent_s = spent_s
        if not self.frozen:
            self.watch_world.look(now_s)
        self.renew(now_s)
        self.set_timer(self._delay_s, self._frame)

    def renew(self, now_s: float) -> None:
        """Show the picture there is: the map each time, text when SLOW_S have passed."""
        slow = now_s >= self._slow_at_s
        if slow:
            self._slow_at_s = now_s + SLOW_S
            self._show_status()
        picture = self.watch_world.picture
        if picture is None or self._small.display:
            return
        if self._tabs.active == "zones":
            if slow:
                self._zones.show(picture)
            return
        if not self.frozen or slow:
            self._world.show_map(picture)
        if slow:
            self._world.show_side(picture)

    def _show_status(self) -> None:
        width = max(self._status.size.width, 1)
        picture, trouble = self.watch_world.picture, self.watch_world.trouble
        if trouble is not None or picture is None:
            words = trouble.message if trouble else "looking for the world"
            line = badge(Mode.NO_KERNEL).append_text(facts_text([words]))
            self._status.show([line])
            return
        dots = f"a dot is {self._world.least} or more   " if self._world.least > 1 else ""
        right = Text(f"{dots}{1 / self._delay_s:.0f} fps", style=colour_style(palette.QUIET))
        line = status_line(picture, self.watch_world.behind_ticks() if self.frozen else None)
        self._status.show([both_ends(line, right, width)])

    def action_tab(self, name: str) -> None:
        """Show a tab."""
        self._tabs.active = name
        self.set_focus(self._zones.table if name == "zones" else None)
        self.call_after_refresh(self._hurry)  # its blocks know their sizes only then

    def action_freeze(self) -> None:
        """Stop the view or let it go on; the world never notices."""
        self.frozen = not self.frozen
        self._hurry()

    def action_choose(self, steps: int) -> None:
        """Bring out another lineage."""
        if self.watch_world.picture is not None:
            self.notify(self._world.choose(steps, self.watch_world.picture), timeout=2)
            self._hurry()

    def action_pace(self, steps: int) -> None:
        """Wish for more or fewer frames a second."""
        self.pace.faster(steps)
        self.notify(f"up to {self.pace.fps:g} frames a second", timeout=2)

    def action_zoom(self, way: int) -> None:
        """Go nearer (1), farther (-1) or back to the whole world (0)."""
        camera = self._world.camera
        factor = ZOOM_STEP**way if way else 1 / camera.zoom
        self._world.camera = camera.zoomed(factor).panned(0, 0)
        self._hurry()

    def action_pan(self, right: int, down: int) -> None:
        """Move over the world."""
        self._world.camera = self._world.camera.panned(right, down)
        self._hurry()

    def action_help(self) -> None:
        """Show the keys."""
        self.push_screen(HelpScreen())

    def _hurry(self) -> None:
        """Show at once what a key has changed."""
        self._slow_at_s = 0.0
        if self.screen_stack:
            self.renew(time.monotonic())
