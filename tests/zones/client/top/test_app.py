"""`molt top` on a terminal without a terminal: keys, tabs, sizes, and worlds that come and go."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from textual.pilot import Pilot

from Kernel.contract.errors import NoArena
from tests.zones.client.top.made_worlds import later, made_past, made_report, made_sight
from zones.client.top.app import HelpScreen, TopApp
from zones.client.top.kernel_report import KernelReport
from zones.client.top.series import Series
from zones.client.top.view import Sight

pytestmark = pytest.mark.slow
WAITS_MAX = 400


class MadeEyes:
    """Six ticks go by at each look; a test may take the world or the kernel away."""

    def __init__(self, sight: Sight, report: KernelReport | None = None) -> None:
        self.sight: Sight | None = sight
        self.report = report
        self.looks = 0

    def look(self) -> Sight:
        self.looks += 1
        if self.sight is None:
            raise NoArena("cannot find the world of this home", "python manifest.py")
        self.sight = later(self.sight, 6)
        return self.sight

    def tick(self) -> int:
        return self.look().tick

    def ask(self) -> KernelReport | None:
        return self.report

    def remember(self) -> Series:
        return made_past(self.sight) if self.sight else Series()


def run(eyes: MadeEyes, play: Callable[[TopApp, Pilot], Awaitable[None]], size=(120, 36)) -> None:
    """Run the app and play with it once its first picture is there."""

    async def show() -> None:
        app = TopApp(eyes, fps=30)
        app.pace.core_share = 1.0
        async with app.run_test(size=size) as pilot:
            await until(pilot, lambda: eyes.looks > 1 and rows_of(app) != "")
            await play(app, pilot)

    asyncio.run(show())


async def until(pilot: Pilot, holds: Callable[[], bool]) -> None:
    for _ in range(WAITS_MAX):
        if holds():
            return
        await pilot.pause(0.01)
    pytest.fail(f"not so within {WAITS_MAX} waits; the screen:\n{rows_of(pilot.app)}")


def rows_of(app: TopApp) -> str:
    """Everything on the screen as text."""
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())


def test_world_is_shown() -> None:
    """The first tab has map, curves, lineages, deaths, weather and the badge."""

    async def play(app: TopApp, pilot: Pilot) -> None:
        await until(pilot, lambda: "● LIVE" in rows_of(app))
        text = rows_of(app)
        for words in ("300 alive", "POPULATION", "● L12", "starvation", "21.4 °C", "60.1 ticks/s"):
            assert words in text
        assert sum(0x2800 < ord(letter) < 0x2900 for letter in text) > 100

    run(MadeEyes(made_sight(), made_report()), play)


def test_tabs_change_by_number() -> None:
    """Key 2 shows zones with their states and hints, key 1 the world again."""

    async def play(app: TopApp, pilot: Pilot) -> None:
        await pilot.press("2")
        await until(pilot, lambda: "▲ degraded" in rows_of(app) and "3 missed" in rows_of(app))
        text = rows_of(app)
        for words in ("4130", "148 MB", "hint: molt ps", "TICK TIMES", "3 missed", "senses"):
            assert words in text
        assert "POPULATION" not in text
        await pilot.press("1")
        await until(pilot, lambda: "POPULATION" in rows_of(app))

    run(MadeEyes(made_sight(), made_report()), play)


def test_frozen_view_stands_still_and_counts() -> None:
    """Space stops the picture and says how far behind it is; space again goes on."""

    async def play(app: TopApp, pilot: Pilot) -> None:
        await pilot.press("space")
        await until(pilot, lambda: "◆ FROZEN" in rows_of(app))
        assert app.watch_world.picture is not None
        tick = app.watch_world.picture.sight.tick
        await until(pilot, lambda: "◆ FROZEN   18 ticks behind the world   tick" in rows_of(app))
        assert app.watch_world.picture.sight.tick == tick
        await pilot.press("space")
        await until(pilot, lambda: "● LIVE" in rows_of(app))
        await until(pilot, lambda: app.watch_world.picture.sight.tick > tick)

    run(MadeEyes(made_sight(), made_report()), play)


def test_lineages_are_brought_out_in_turn() -> None:
    """] goes to the largest lineage, [ back to all and on to the smallest."""

    async def play(app: TopApp, pilot: Pilot) -> None:
        await pilot.press("right_square_bracket")
        await until(pilot, lambda: "▶ L12" in rows_of(app))
        await pilot.press("left_square_bracket")
        await until(pilot, lambda: "▶" not in rows_of(app))
        await pilot.press("left_square_bracket")
        await until(pilot, lambda: "▶ L18" in rows_of(app))

    run(MadeEyes(made_sight(), made_report()), play)


def test_camera_follows_the_keys() -> None:
    """Key z goes nearer, arrows move, Z goes back, 0 shows the whole world."""

    async def play(app: TopApp, pilot: Pilot) -> None:
        camera = app._world
        await pilot.press("z", "z")
        assert camera.camera.zoom == pytest.approx(2.25)
        x, y = camera.camera.centre_x, camera.camera.centre_y
        await pilot.press("right", "down")
        assert camera.camera.centre_x > x
        assert camera.camera.centre_y > y
        await pilot.press("Z")
        assert camera.camera.zoom == pytest.approx(1.5)
        await pilot.press("0")
        assert (camera.camera.zoom, camera.camera.centre_x) == (1.0, 0.5)

    run(MadeEyes(made_sight(), made_report()), play)


def test_help_opens_and_closes() -> None:
    """? shows the keys over a view that goes on, and any of its keys closes it."""

    async def play(app: TopApp, pilot: Pilot) -> None:
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        looks = eyes.looks
        await until(pilot, lambda: eyes.looks > looks + 2)
        assert "freeze the view" in rows_of(app)
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, HelpScreen))

    eyes = MadeEyes(made_sight(), made_report())
    run(eyes, play)


def test_pace_changes() -> None:
    """+ and - change how many frames a second are wished for."""

    async def play(app: TopApp, pilot: Pilot) -> None:
        await pilot.press("minus", "minus")
        assert app.pace.fps == 15
        await pilot.press("plus")
        assert app.pace.fps == 20

    run(MadeEyes(made_sight(), made_report()), play)


def test_small_terminal_says_so() -> None:
    """Where there is no room the view says what it takes, and comes back with the room."""

    async def play(app: TopApp, pilot: Pilot) -> None:
        await pilot.resize_terminal(40, 10)
        await until(pilot, lambda: "it takes 48 × 14" in rows_of(app))
        await pilot.resize_terminal(60, 20)
        await until(pilot, lambda: "it takes" not in rows_of(app) and "⠁" in rows_of(app))
        assert "POPULATION" not in rows_of(app)  # the map has the width for itself
        await pilot.resize_terminal(140, 44)
        await until(pilot, lambda: "PHASES OF A TICK" in rows_of(app))

    run(MadeEyes(made_sight(3000), made_report()), play)


def test_world_may_go_and_come_back() -> None:
    """While there is no arena the last picture stays with the reason; a new world is shown."""

    async def play(app: TopApp, pilot: Pilot) -> None:
        eyes.sight, eyes.report = None, None
        await until(pilot, lambda: "cannot find the world" in rows_of(app))
        assert "POPULATION" in rows_of(app)
        eyes.sight = made_sight(40, 2, tick=3)
        await until(pilot, lambda: "40 alive" in rows_of(app))
        assert app.watch_world.past.samples[0].tick < 100

    eyes = MadeEyes(made_sight(), made_report())
    run(eyes, play)


def test_common_terminal_has_the_essentials() -> None:
    """80 x 24 cells show map, population, five lineages, deaths, weather, and the first keys."""

    async def play(app: TopApp, pilot: Pilot) -> None:
        await until(pilot, lambda: "… no room for energy, phases" in rows_of(app))
        text = rows_of(app)
        for words in ("POPULATION", "● L16", "collision", "21.4 °C · light 90 %", "? help"):
            assert words in text
        keys = text.splitlines()[-1]
        assert keys.split()[:4] == ["?", "help", "q", "quit"]
        assert "[ ] lineage" in keys and keys.rstrip().endswith("+ - frames  z zoom")
        assert sum(0x2800 < ord(letter) < 0x2900 for letter in text) > 100
        await pilot.press("2")
        await until(pilot, lambda: "more lines" in rows_of(app))

    run(MadeEyes(made_sight(), made_report()), play, size=(80, 24))


@pytest.mark.parametrize("population", [0, 1])
def test_empty_worlds_are_shown(population: int) -> None:
    """A world in which nobody or one lives is shown like any other, without a kernel too."""

    async def play(app: TopApp, pilot: Pilot) -> None:
        await until(pilot, lambda: f"{population} alive" in rows_of(app))
        assert "▲ NO KERNEL" in rows_of(app)
        assert ("extinct" in rows_of(app)) == (population == 0)
        await pilot.press("right_square_bracket", "z", "2")
        await until(pilot, lambda: "no kernel answers" in rows_of(app))

    run(MadeEyes(made_sight(population, population)), play)


def test_no_colour_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    """With NO_COLOR neither map nor column has a colour, and both are there."""

    async def play(app: TopApp, pilot: Pilot) -> None:
        await until(pilot, lambda: "▶ L12" in rows_of(app))
        for strip in app.screen._compositor.render_strips()[3:-1]:
            for segment in strip:
                assert segment.style is None or segment.style.color is None
        assert sum(0x2800 < ord(letter) < 0x2900 for letter in rows_of(app)) > 100

    async def choose(app: TopApp, pilot: Pilot) -> None:
        await pilot.press("right_square_bracket")
        await play(app, pilot)

    monkeypatch.setenv("NO_COLOR", "1")
    run(MadeEyes(made_sight(), made_report()), choose)
