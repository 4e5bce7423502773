"""Words of a boot and a stop: spans, rows, and what is said of a world that was not all saved."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from Kernel.console import screen_words as words
from Kernel.contract.places import SHARED_MEMORY
from Kernel.contract.zygote_protocol import Progress
from Kernel.core.stopping import HoldUp, Outcome
from tests.support.fakes import FakeMachine
from tests.support.paper_kernel import FRICTION, PHASES, PaperKernel
from tests.support.toy import service as toy


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[PaperKernel]:
    """Give a kernel whose world has committed tick 1."""
    machine = FakeMachine()
    kernel = PaperKernel(machine, tmp_path)
    kernel.start()
    yield kernel
    machine.processes.close()
    kernel.close()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.84, "0.8 s"), (59.9, "59.9 s"), (245.2, "4 min 5 s"), (8041, "2 h 14 min")],
)
def test_spans(seconds, text):
    """Spans are as people say them."""
    assert words.duration(seconds) == text


@pytest.mark.parametrize(
    ("note", "text"),
    [
        (Progress(0, 24, "carry"), "preparing carry (1 of 24)"),
        (Progress(3, 0, "loading"), "preparing loading"),
        (Progress(0, -5, "x" * 900), "preparing " + "x" * words.WHAT_CHARS_MAX),
    ],
)
def test_step_of_a_zone_that_prepares(tmp_path, note, text):
    """How far it is, where its zygote can tell; whatever it says stays one short line."""
    kernel = PaperKernel(FakeMachine(), tmp_path)
    kernel.zygote().say(note)
    kernel.round()
    assert words.boot_step(kernel.world) == text
    kernel.machine.processes.close()
    kernel.close()


@pytest.mark.parametrize(
    ("inspects", "there", "phase", "text"),
    [
        (True, True, "inspect", "looking at its arena"),
        (True, False, "found", "founding"),
    ],
)
def test_a_world_that_is_there_is_not_founded(tmp_path, inspects, there, phase, text):
    """A founder that looks at an arena which is there is not said to found one."""
    kernel = PaperKernel(FakeMachine(), tmp_path)
    if there:
        (kernel.folders[0] / "stable.arena").write_bytes(b"something")
    facts = {"parameters": [FRICTION], "phases": PHASES, "inspects": inspects}
    kernel.zygote().prepare(toy.Generation({}).facts | facts)
    kernel.round()
    assert (words.boot_phase(kernel.world), words.boot_step(kernel.world)) == (phase, text)
    kernel.machine.processes.close()
    kernel.close()


def test_boot_says_how_a_lost_world_came_back():
    """The snapshot, and what the log added to it."""
    fields = {"from_tick": 300, "tick": 341, "ticks": 41, "inputs": 2, "seconds": 0.123}
    assert words.restored(fields) == [
        "restored from the snapshot of tick 300, 2 inputs and 41 ticks replayed to tick 341 "
        "in 0.1 s"
    ]
    assert words.restored({**fields, "ticks": 0}) == ["restored from the snapshot of tick 300"]
    assert words.restored(None) == []


def test_status_names_the_first_thing_that_is_wrong(kernel):
    """The one line of a service manager has the tick, the first reason, and how many more."""
    assert words.service_status(kernel.zones, []).startswith("tick 1 · ")
    wrong = [{"what": "a", "why": "cannot x\n", "hint": ""}, {"what": "b", "why": "y", "hint": ""}]
    said = words.service_status(kernel.zones, wrong)
    assert said.endswith("0 molbots · degraded: cannot x\\n · and 1 more, see molt status")


def test_who_is_waited_for():
    """Names, what the stage is about, the seconds left and what comes then."""
    holders = [HoldUp("stable", "leaving", 1.6, "it is killed"), HoldUp("b", "leaving", 1.6, "")]
    assert words.held_up(holders) == "waiting for stable, b: leaving, 2 s until it is killed"
    assert words.leaving([]) == "" and words.held_up([]) == "nobody is waited for"


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (Outcome({"stable": 1}, ""), []),
        (Outcome({"stable": 1}, "", ("stable",)), ["stable had to be killed", "is of tick 1."]),
        (Outcome({"stable": 1}, "", killed_services=("archive",)), ["events it had not stored"]),
        (Outcome({"stable": 0}, ""), ["The last snapshot is of tick 0."]),
        (Outcome({}, "no space left"), ["No last snapshot was taken: no space left."]),
    ],
)
def test_nothing_lost_is_said_only_when_it_is_so(kernel, outcome, said):
    """A snapshot of another tick, none, or a kill: each is told, and where the world lies."""
    lines = words.end(kernel.zones, outcome, 3.0)
    assert lines[0].startswith("Stopped at tick 1 after 3.0 s.")
    assert ("Nothing lost." in lines[0]) is (not said)
    for part in said:
        assert any(part in line for line in lines[1:])
    if said:
        assert any("the next boot goes on there" in line for line in lines)


def test_what_a_reboot_costs_is_said_of_shared_memory(kernel):
    """Only a world in shared memory is gone with a reboot."""
    arena = kernel.world.arena
    assert not any("A reboot" in line for line in words.killed(kernel.zones, Outcome({}, "")))
    arena.path = SHARED_MEMORY / "molt-1-x" / "stable.arena"
    lines = words.killed(kernel.zones, Outcome({}, ""))
    assert lines[1] == "Tick 1 is in shared memory; the next boot goes on there."
    assert lines[-1] == "A reboot of the machine would go back to the newest there is."
    assert max(map(len, lines)) < 78, "it fits a narrow terminal"


def test_a_world_that_was_never_up(tmp_path):
    """Ended before there was a world: nothing is claimed of it."""
    machine = FakeMachine()
    kernel = PaperKernel(machine, tmp_path)
    none = Outcome({}, "")
    for lines in (words.end(kernel.zones, none, 1.0), words.killed(kernel.zones, none)):
        assert len(lines) == 1 and lines[0].endswith("before the world was up; it is as it was.")
    assert words.ticking(kernel.zones) == ""
    assert words.service_status(kernel.zones, []) == "no world"
    kernel.close()
