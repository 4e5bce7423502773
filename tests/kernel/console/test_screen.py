"""What the kernel shows: for people on a terminal, as log lines in a pipe."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from Kernel.console.screen import HOLD_UP_S, PIPE_REFRESH_S, REFRESH_S, RESUMED, Screen
from Kernel.console.status_line import StatusLine
from Kernel.contract.zygote_protocol import Progress
from Kernel.core.stopping import DOING, Stage
from Kernel.memory.contexts import DEGRADED
from Kernel.ports.face import Face, Reader
from tests.support.fakes import FakeMachine
from tests.support.paper_archive import PaperArchive
from tests.support.paper_kernel import PaperKernel

ERASE = "\r\x1b[K"
TERMINAL = Face(Reader.PEOPLE, moving=True)
DUMB = Face(Reader.PEOPLE)
PIPE = Face(Reader.PROGRAM)
JOURNAL = Face(Reader.JOURNAL)


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[PaperKernel]:
    """Give a kernel whose world ticks."""
    machine = FakeMachine()
    kernel = PaperKernel(machine, tmp_path)
    kernel.start()
    yield kernel
    machine.processes.close()
    kernel.close()


@pytest.fixture
def young(tmp_path: Path) -> Iterator[PaperKernel]:
    """Give a kernel with a bus zone whose zones have just been started."""
    machine = FakeMachine()
    kernel = PaperKernel(machine, tmp_path, services=["chronos"])
    kernel.round()
    yield kernel
    machine.processes.close()
    kernel.close()


def screen_on(kernel: PaperKernel, stream: io.StringIO, face: Face = TERMINAL) -> Screen:
    """Return a screen on a stream, for a boot that begins now."""
    machine = kernel.machine
    began_s = machine.clock.now_s()
    return Screen(
        StatusLine(stream, face), face, machine.log, machine.clock, began_s, machine.memory
    )


def test_terminal_from_banner_to_end(kernel):
    """A terminal gets a banner, the zones, a line that moves, and where the world stands."""
    stream = io.StringIO()
    screen = screen_on(kernel, stream)
    screen.banner(Path("/somewhere"))
    assert len(stream.getvalue().splitlines()) <= 8
    kernel.machine.clock.advance(0.4)
    screen.ready(kernel.zones, 0.42)
    shown = stream.getvalue()
    assert "◉ molt" in shown and "/somewhere" in shown
    assert "    stable     ready       0.4 s   founded · tick 1 · 0 molbots\n" in shown
    assert "Up in 0.4 s" in shown
    kernel.machine.clock.advance(REFRESH_S)
    screen.refresh(kernel.zones)
    assert f"{ERASE}  tick 1 ·" in stream.getvalue()
    kernel.zones.begin_stop()
    screen.stopping()
    screen.stopping()
    assert stream.getvalue().count("Stopping") == 1
    kernel.machine.processes.end(kernel.active, code=0)
    kernel.machine.clock.advance(1.2)
    kernel.round()
    screen.stopped(kernel.zones)
    last = stream.getvalue()
    assert (
        "    stable     stopped     1.2 s\n" in last
        and "  Stopped at tick 1 after 2.1 s.\n" in last
    )
    assert "Nothing lost" not in last, "there is no archive, so no last snapshot"


def test_zones_are_shown_as_they_come_up(kernel):
    """A zone's row appears in the round in which it serves, once, with what it found."""
    stream = io.StringIO()
    screen = screen_on(kernel, stream)
    screen.refresh(kernel.zones)
    screen.refresh(kernel.zones)
    screen.ready(kernel.zones, 0.1)
    assert stream.getvalue().count("    stable     ready") == 1


def test_what_chronos_found_is_shown(young):
    """Its row counts the snapshots."""
    young.start()
    chronos = PaperArchive(young, "chronos")
    chronos.serve()
    stream = io.StringIO()
    screen_on(young, stream).ready(young.zones, 0.1)
    assert "    chronos    ready       0.0 s   3 snapshots\n" in stream.getvalue()
    chronos.close()


def test_a_boot_that_compiles_says_where_it_is(young):
    """The moving line names each zone that is not ready, its step, and the seconds so far."""
    stream = io.StringIO()
    screen = screen_on(young, stream)
    young.zygote().say(Progress(4, 24, "behave\x1b[2J"))
    young.round()
    young.machine.clock.advance(12.0)
    screen.refresh(young.zones)
    assert stream.getvalue() == (
        f"{ERASE}  stable preparing behave\\x1b[2J (5 of 24) · chronos waits for stable · 12 s"
    )


@pytest.mark.parametrize("face", [DUMB, PIPE, JOURNAL])
def test_phases_of_a_boot_are_log_lines_where_nothing_moves(young, face):
    """Each phase is told at its start and its end, what takes long from time to time between."""
    stream = io.StringIO()
    screen = screen_on(young, stream, face)
    screen.refresh(young.zones)
    log = young.machine.log
    begun = {"zone": "stable", "phase": "prepare", "at": "start"}
    assert begun in log.of("boot.phase") and len(log.of("boot.phase")) == 2
    young.zygote().say(Progress(4, 24, "behave"))
    young.round()
    young.machine.clock.advance(PIPE_REFRESH_S)
    screen.refresh(young.zones)
    screen.refresh(young.zones)
    told = {"zone": "stable", "phase": "prepare", "done": 4, "total": 24, "what": "behave"}
    assert log.of("boot.progress") == [told]
    young.start()
    screen.refresh(young.zones)
    ended = {"zone": "stable", "phase": "prepare", "at": "end", "took_s": PIPE_REFRESH_S}
    assert ended in log.of("boot.phase")
    assert [each["at"] for each in log.of("boot.phase") if each["zone"] == "stable"].count(
        "start"
    ) == [each["at"] for each in log.of("boot.phase") if each["zone"] == "stable"].count("end")


def test_a_zygote_that_tells_no_progress(young):
    """An older generation says nothing on its way: the line has the phase alone."""
    stream = io.StringIO()
    screen = screen_on(young, stream)
    young.machine.clock.advance(3.0)
    screen.refresh(young.zones)
    assert stream.getvalue() == f"{ERASE}  stable preparing · chronos waits for stable · 3 s"


def test_moving_line_moves_no_faster_than_people_read(kernel):
    """Between two refreshes lies REFRESH_S, however often the kernel looks."""
    stream = io.StringIO()
    screen = screen_on(kernel, stream)
    screen.ready(kernel.zones, 0.1)
    before = stream.getvalue()
    for _ in range(10):
        kernel.machine.clock.advance(REFRESH_S / 20)
        screen.refresh(kernel.zones)
    assert stream.getvalue() == before


def test_who_holds_a_stop_up_is_named(kernel):
    """A stop that takes long says whom it waits for, what that does, and for how long it may."""
    stream = io.StringIO()
    screen = screen_on(kernel, stream)
    screen.ready(kernel.zones, 0.1)
    kernel.zones.begin_stop()
    screen.stopping()
    kernel.machine.clock.advance(HOLD_UP_S - 0.1)
    screen.refresh(kernel.zones)
    assert "waiting" not in stream.getvalue()
    kernel.machine.clock.advance(0.2)
    screen.refresh(kernel.zones)
    line = "waiting for stable: leaving at a tick boundary, 0 s until it is killed"
    assert stream.getvalue().endswith(f"{ERASE}  {line}")


def test_who_holds_a_stop_up_in_a_pipe(kernel):
    """Without a moving line it is a log line every HOLD_UP_S, with the phases of the stop."""
    screen = screen_on(kernel, io.StringIO(), PIPE)
    screen.ready(kernel.zones, 0.1)
    kernel.zones.begin_stop()
    screen.stopping()
    for _ in range(22):
        screen.refresh(kernel.zones)
        kernel.machine.clock.advance(HOLD_UP_S / 10)
    log = kernel.machine.log
    held = log.of("stop.held_up")
    assert [(each["zone"], each["doing"]) for each in held] == [("stable", DOING[Stage.WORLDS])] * 2
    assert held[0]["left_s"] >= held[1]["left_s"] == 0.0
    assert log.of("stop.phase") == [{"zone": "kernel", "phase": "worlds", "at": "start"}]


def test_a_boot_that_is_refused_ends_with_the_reason(kernel):
    """The reason stands last, below the moving line and not in it; a pipe has its log line."""
    stream = io.StringIO()
    screen = screen_on(kernel, stream)
    StatusLine.show(screen._stream, "moving")
    screen.refused("cannot use world.yaml: x", "edit it")
    assert stream.getvalue().endswith(f"{ERASE}\n  cannot use world.yaml: x\n  hint: edit it\n\n")
    screen_on(kernel, piped := io.StringIO(), PIPE).refused("cannot use world.yaml: x", "")
    assert piped.getvalue() == ""


@pytest.mark.parametrize("face", [TERMINAL, PIPE])
def test_all_is_saved(young, face):
    """With a last snapshot of the last tick the last line says so, and only then."""
    young.start()
    chronos = PaperArchive(young, "chronos")
    chronos.serve()
    stream = io.StringIO()
    screen = screen_on(young, stream, face)
    young.zones.begin_stop()
    screen.stopping()
    young.machine.processes.end(young.active, code=0)
    chronos.answer_snapshot(young.world.tick())
    chronos.leave()
    screen.stopped(young.zones)
    text = "Stopped at tick 1 after 0.0 s. Nothing lost."
    if face is TERMINAL:
        assert stream.getvalue().endswith(f"  {text}\n\n")
    else:
        assert young.machine.log.of("kernel.stopped") == [{"text": text, "tick": 1}]
        ended = [each["zone"] for each in young.machine.log.of("zone.stopped")]
        assert ended == ["stable", "chronos"]
    chronos.close()


def test_the_second_interrupt_says_what_is_left(kernel):
    """Killed: the tick the world is at, where it lies, and that nothing was saved beside it."""
    stream = io.StringIO()
    screen = screen_on(kernel, stream)
    screen.killed(kernel.zones)
    shown = stream.getvalue()
    where = kernel.world.arena.path
    assert f"  Killed.\n  Tick 1 is in {where}; the next boot goes on there.\n" in shown
    assert "  No last snapshot was taken.\n" in shown
    screen_on(kernel, stream, PIPE).killed(kernel.zones)
    assert kernel.machine.log.of("kernel.killed")[0]["tick"] == 1


def test_what_fails_later_is_logged_once(kernel):
    """A condition that comes up while the world runs is a warning; its end is told as well."""
    screen = screen_on(kernel, io.StringIO())
    screen.ready(kernel.zones, 0.1)
    log = kernel.machine.log
    kernel.world.note("arena", "cannot use /dev/shm: it is full", "df -h")
    for _ in range(3):
        kernel.machine.clock.advance(REFRESH_S)
        screen.refresh(kernel.zones)
    assert [each["what"] for each in log.of("kernel.degraded")] == ["stable: arena"]
    kernel.world.notes.clear()
    kernel.machine.clock.advance(REFRESH_S)
    screen.refresh(kernel.zones)
    assert log.of("kernel.mended") == [{"what": "stable: arena"}]


def test_the_next_kernel_tells_what_works_again(kernel):
    """What was told of before it was killed gets its end, and what goes on keeps its age."""
    memory, clock = kernel.machine.memory, kernel.machine.clock
    for what in ("arena", "slot"):
        kernel.world.note(what, "it is broken", "")
    screen_on(kernel, io.StringIO()).ready(kernel.zones, 0.1)
    began_s = clock.now_s()
    assert set(memory.entries(DEGRADED, began_s)) == {"stable: arena", "stable: slot"}
    clock.advance(100.0)
    kernel.world.unnote("slot")
    log = kernel.machine.log
    following = screen_on(kernel, io.StringIO())
    following.ready(kernel.zones, 0.1)
    assert log.of("kernel.mended") == [{"what": "stable: slot"}]
    (entry,) = memory.entries(DEGRADED, clock.now_s()).values()
    assert entry.first_s == began_s
    kernel.world.unnote("arena")
    clock.advance(REFRESH_S)
    following.refresh(kernel.zones)
    assert len(log.of("kernel.mended")) == 2 and not memory.entries(DEGRADED, clock.now_s())


def test_degraded_is_shown_with_its_hint(kernel):
    """What does not work is said on the way up, with the command that helps."""
    kernel.world.note("arena", "cannot use /dev/shm: it is full", "df -h")
    stream = io.StringIO()
    screen_on(kernel, stream).ready(kernel.zones, 0.1)
    assert "▲ stable: arena: cannot use /dev/shm: it is full   hint: df -h" in stream.getvalue()


def test_scenario_that_was_founded_is_shown(kernel):
    """A new world says which scenario it is, and one without a scenario says nothing of it."""
    stream = io.StringIO()
    screen_on(kernel, stream).ready(kernel.zones, 0.1, "ice-age")
    assert "founded · tick 1 · 0 molbots\n" in stream.getvalue()
    assert "    founded by scenario ice-age\n" in stream.getvalue()
    screen_on(kernel, stream).ready(kernel.zones, 0.1)
    assert stream.getvalue().count("scenario") == 1 and "▲" not in stream.getvalue()


def test_scenario_meets_a_world_that_is_there(kernel):
    """A resumed world is none of the scenario's: one line says so, with where it could be."""
    kernel.world.resumed_tick = 5000
    stream = io.StringIO()
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
    screen = screen_on(kernel, io.StringIO(), PIPE)
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
    screen = screen_on(kernel, stream, PIPE)
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
    assert log.of("kernel.stopping") == [{}] and log.of("kernel.stopped")[0]["tick"] == 1
