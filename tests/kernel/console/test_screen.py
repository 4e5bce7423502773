"""What the kernel shows: for people on a terminal, as log lines in a pipe."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from Kernel.console.screen import HOLD_UP_S, PIPE_REFRESH_S, REFRESH_S, RESUMED, Screen
from Kernel.console.status_line import StatusLine
from tests.support.fakes import FakeMachine
from tests.support.paper_kernel import PaperKernel

ERASE = "\r\x1b[K"


class Terminal(io.StringIO):
    """A stream somebody looks at."""

    def isatty(self) -> bool:
        """Yes."""
        return True


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[PaperKernel]:
    """Give a kernel whose world ticks."""
    machine = FakeMachine()
    kernel = PaperKernel(machine, tmp_path)
    kernel.start()
    yield kernel
    machine.processes.close()
    kernel.close()


def screen_on(kernel: PaperKernel, stream: io.StringIO) -> Screen:
    """Return a screen on a stream."""
    return Screen(StatusLine(stream, stream.isatty()), kernel.machine.log, kernel.machine.clock)


def test_terminal_from_banner_to_end(kernel):
    """A terminal gets a banner, the zones, a line that moves, and where the world stands."""
    stream = Terminal()
    screen = screen_on(kernel, stream)
    screen.banner(Path("/somewhere"))
    screen.ready(kernel.zones, 0.42)
    shown = stream.getvalue()
    assert "◉ molt" in shown and "/somewhere" in shown
    assert "stable" in shown and "ready" in shown and "Up in 0.4 s" in shown
    kernel.machine.clock.advance(REFRESH_S)
    screen.refresh(kernel.zones)
    assert f"{ERASE}  tick 1 ·" in stream.getvalue()
    screen.stopping()
    screen.stopping()
    assert stream.getvalue().count("Stopping") == 1
    screen.stopped(kernel.zones)
    assert stream.getvalue().endswith("Stopped at tick 1. Nothing lost.\n\n")


def test_moving_line_moves_no_faster_than_people_read(kernel):
    """Between two refreshes lies REFRESH_S, however often the kernel looks."""
    stream = Terminal()
    screen = screen_on(kernel, stream)
    screen.ready(kernel.zones, 0.1)
    before = stream.getvalue()
    for _ in range(10):
        kernel.machine.clock.advance(REFRESH_S / 20)
        screen.refresh(kernel.zones)
    assert stream.getvalue() == before


def test_who_holds_a_stop_up_is_named(kernel):
    """A stop that takes long says whom it waits for."""
    stream = Terminal()
    screen = screen_on(kernel, stream)
    screen.ready(kernel.zones, 0.1)
    screen.stopping()
    kernel.machine.clock.advance(HOLD_UP_S + 0.1)
    screen.refresh(kernel.zones)
    assert stream.getvalue().endswith(f"{ERASE}  waiting for stable")


def test_degraded_is_shown_with_its_hint(kernel):
    """What does not work is said on the way up, with the command that helps."""
    kernel.world.note("arena", "cannot use /dev/shm: it is full", "df -h")
    stream = Terminal()
    screen_on(kernel, stream).ready(kernel.zones, 0.1)
    assert "▲ stable: arena: cannot use /dev/shm: it is full   hint: df -h" in stream.getvalue()


def test_scenario_that_was_founded_is_shown(kernel):
    """A new world says which scenario it is, and one without a scenario says nothing of it."""
    stream = Terminal()
    screen_on(kernel, stream).ready(kernel.zones, 0.1, "ice-age")
    assert "founded · tick 1 · 0 molbots · scenario ice-age\n" in stream.getvalue()
    screen_on(kernel, stream).ready(kernel.zones, 0.1)
    assert stream.getvalue().count("scenario") == 1 and "▲" not in stream.getvalue()


def test_scenario_meets_a_world_that_is_there(kernel):
    """A resumed world is none of the scenario's: one line says so, with where it could be."""
    kernel.world.resumed_tick = 5000
    stream = Terminal()
    screen_on(kernel, stream).ready(kernel.zones, 0.1, "ice-age")
    shown = stream.getvalue()
    assert shown.count("ice-age") == 2 and "goes on at tick 1 · 0 molbots\n" in shown
    assert "founded ·" not in shown and max(map(len, shown.splitlines())) <= 100
    assert (
        "    ▲ scenario ice-age: not founded, the world that is there goes on with its own"
        " parameters\n      hint: python manifest.py --home OTHER --scenario ice-age\n"
    ) in shown


def test_pipe_tells_of_the_scenario(kernel):
    """In a pipe the fate of a scenario is one log line, a warning when it was not founded."""
    screen = screen_on(kernel, io.StringIO())
    screen.ready(kernel.zones, 0.1, "ice-age")
    kernel.world.resumed_tick = 0
    screen.ready(kernel.zones, 0.1, "ice-age")
    log = kernel.machine.log
    assert log.of("scenario.founded") == [{"scenario": "ice-age"}]
    (said,) = log.of("scenario.not_founded")
    assert said == {"scenario": "ice-age", "tick": 0, "why": RESUMED}


def test_pipe_gets_log_lines_alone(kernel):
    """Nothing but log lines goes into a pipe: no banner, no escape, no moving line."""
    stream = io.StringIO()
    screen = screen_on(kernel, stream)
    screen.banner(Path("/somewhere"))
    screen.ready(kernel.zones, 0.42)
    kernel.machine.clock.advance(PIPE_REFRESH_S)
    screen.refresh(kernel.zones)
    screen.stopping()
    screen.stopped(kernel.zones)
    assert stream.getvalue() == ""
    log = kernel.machine.log
    assert log.of("kernel.started")[0]["home"] == "/somewhere"
    assert log.of("kernel.ready") == [{"boot_s": 0.42, "degraded": []}]
    assert log.of("world.ticking")[0]["tick"] == 1
    assert log.of("kernel.stopping") == [{}] and log.of("kernel.stopped") == [{"tick": 1}]
