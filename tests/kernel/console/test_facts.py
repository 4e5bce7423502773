"""The facts of a kernel as plain data: what is degraded, and what `wait` compares."""

import json
import os
import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from Kernel.console.facts import (
    COUNT_MAX,
    cage_fields,
    degraded_fields,
    status_fields,
    wait_facts,
    world_fields,
    zone_fields,
)
from Kernel.contract.arena import NEVER, PHASES_MAX, SURVEY_TICKS, Header, State
from Kernel.contract.messages import Degraded
from Kernel.contract.policy import Road
from Kernel.contract.zygote_protocol import Unprepared
from Kernel.core import supervisor as sup
from Kernel.ports.meters import Meters
from tests.support.fakes import FakeMachine
from tests.support.paper_kernel import PaperKernel


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[PaperKernel]:
    """Give a kernel with a world and an archive, nothing started yet."""
    machine = FakeMachine()
    kernel = PaperKernel(machine, tmp_path, services=["archive"])
    yield kernel
    machine.processes.close()
    kernel.close()


def test_whatever_the_state_the_facts_are_plain_data(kernel):
    """Status goes out as JSON before, during and after the start of a world."""
    json.dumps(status_fields(kernel.zones, 1.0, Meters()), allow_nan=False)
    kernel.start()
    json.dumps(status_fields(kernel.zones, 1.0, Meters()), allow_nan=False)
    kernel.zones.begin_stop()
    json.dumps(status_fields(kernel.zones, 1.0, Meters()), allow_nan=False)


def test_the_grade_is_that_of_who_serves(kernel):
    """Unknown while the world starts; what is missing is degraded, and so is the worst grade."""

    def grade() -> str:
        return status_fields(kernel.zones, 1.0, Meters())["kernel"]["grade"]

    assert grade() == "-" and cage_fields(kernel.zones)["grade"] == "-"
    kernel.start()
    assert grade() == "A"
    layer = {"layer": "seccomp", "held": False, "why": "no filter", "detail": ""}
    kernel.world.line.facts["cage"] = {"grade": "D", "means": "calls go", "layers": [layer]}
    assert grade() == "D"
    why = {each["what"]: each["why"] for each in degraded_fields(kernel.zones)}
    assert why["cage: seccomp"] == "no filter" and "are refused" in why["cage"]


def test_what_each_zone_takes_and_may_take(kernel):
    """Plain data at any time; where no group holds anything it is told why."""

    def serve() -> None:
        kernel.start()
        kernel.machine.clock.advance(2.0)
        kernel.round()

    for act in (lambda: None, serve):
        act()
        told = json.loads(json.dumps(cage_fields(kernel.zones), allow_nan=False))
        assert [each["name"] for each in told["zones"]] == ["stable", "archive"]
        assert told["groups"]["version"] is None and len(told["groups"]["missing"]) == 3
    assert told["zones"][0]["used"]["processes"] == 2
    assert told["zones"][0]["step"] == "none"


def test_each_zone_that_does_not_serve_is_degraded(kernel):
    """A zone nobody serves is on the list, until it is served."""
    assert [each["what"] for each in degraded_fields(kernel.zones)] == ["stable", "archive"]
    kernel.start()
    assert [each["what"] for each in degraded_fields(kernel.zones)] == ["archive"]


def test_machine_without_room_is_degraded_while_the_world_serves(kernel):
    """No process or descriptor for an heir: why, and the limits to look at, until one is forked."""
    kernel.start()
    keeper = kernel.zones.arenas["stable"]
    keeper.line.learn(sup.NotStarted("cannot fork: Resource temporarily unavailable"))
    (found,) = [each for each in degraded_fields(kernel.zones) if each["what"] == "stable"]
    assert "cannot fork" in found["why"] and found["hint"] == f"cat /proc/{os.getpid()}/limits"


def test_status_says_for_how_long_something_is_degraded(kernel):
    """As far as it is remembered; what is new begins at nothing."""
    kernel.start()
    kernel.world.note("slot", "it is broken", "")
    memory, clock = kernel.machine.memory, kernel.machine.clock
    status = status_fields(kernel.zones, 1.0, Meters())
    assert [each["for_s"] for each in status["degraded"]] == [0.0] * len(status["degraded"])
    memory.put("degraded", "stable: slot", {"why": "it is broken"}, clock.now_s())
    clock.advance(90.0)
    status = status_fields(kernel.zones, 1.0, Meters())
    ages = {each["what"]: each["for_s"] for each in status["degraded"]}
    assert ages["stable: slot"] == 90.0


def test_refused_requests_are_counted_by_road(kernel):
    """Those of the kernel's own roads by who and what, those of the scribe as the archive says."""
    kernel.start()
    refusals, archive = kernel.zones.refusals, kernel.zones.services["archive"]
    for request in ("drain", "drain", "ask.shutdown"):
        refusals.note(Road.BUS, "archive", request, "no", 0.0)
    refusals.note(Road.CONSOLE, "own", "command", "no", 0.0)
    archive.config = replace(archive.config, broker=True)
    archive._turned_away[1] = 4
    refused = status_fields(kernel.zones, 1.0, Meters())["kernel"]["refused"]
    assert {road: refused[road] for road in ("bus", "console", "scribe")} == {
        "bus": 3, "console": 1, "scribe": 4,
    }  # fmt: skip
    assert [(row["who"], row["request"], row["count"]) for row in refused["by"]] == [
        ("archive", "drain", 2), ("archive", "unknown", 1), ("own", "command", 1),
    ]  # fmt: skip


def test_a_memory_that_cannot_be_written_is_degraded(kernel):
    """The next kernel would know nothing of all this."""
    kernel.start()
    kernel.machine.memory.unsaved_why = "No space left on device"
    (found,) = [each for each in degraded_fields(kernel.zones) if each["what"] == "memory"]
    assert "No space left on device" in found["why"]


def test_deleted_arena_is_degraded(kernel):
    """The world goes on in a file without a name: said, with the stop that keeps it."""
    kernel.start()
    keeper = kernel.zones.arenas["stable"]
    keeper.arena.path.unlink()
    (found,) = [each for each in degraded_fields(kernel.zones) if each["what"] == "stable: arena"]
    assert "it was deleted" in found["why"] and found["hint"] == "molt shutdown"


def test_refused_settings_tell_in_the_services_words(kernel):
    """What a service said about its settings is what people read, with its hint."""
    kernel.round()
    said = Unprepared(78, "cannot use world.yaml: seed is -1", "edit config/world.yaml")
    kernel.zygote().say(said)
    kernel.round()
    assert degraded_fields(kernel.zones)[0] == {
        "what": "stable",
        "why": "cannot use world.yaml: seed is -1",
        "hint": "edit config/world.yaml",
    }
    assert kernel.zones.refused_settings() == said


def test_what_a_service_lacks_is_named_with_its_zone(kernel):
    """Entries of a heartbeat carry the zone's name."""
    kernel.start()
    keeper = kernel.zones.services["archive"]
    keeper.degraded = (Degraded("journal", "cannot write: disk full", "df"),)
    assert {"what": "archive: journal", "why": "cannot write: disk full", "hint": "df"} in (
        degraded_fields(kernel.zones)
    )


def test_facts_for_wait(kernel):
    """Zones by their word at any time; the world's numbers once it is there."""
    assert wait_facts(kernel.zones) == {"zone.stable": "starting", "zone.archive": "starting"}
    kernel.start()
    facts = wait_facts(kernel.zones)
    assert facts["zone.stable"] == "ready" and facts["paused"] is False
    assert facts["tick"] == kernel.words.get(Header.COMMIT) and facts["epoch"] == 1


def put_state(kernel: PaperKernel, offset: int, value: int) -> None:
    """Write a word of the committed state block, as a world would."""
    kernel.words.put_state(kernel.words.get(Header.COMMIT), offset, value)


def test_what_the_files_say_and_the_world_has_not(kernel):
    """Status tells it, as no fault; what was set by hand is known to who has set it."""
    kernel.start()
    status = status_fields(kernel.zones, 1.0, Meters())
    assert status["differs"] == []
    world = kernel.world
    world.config = replace(world.config, settings_file="world", settings={"friction": 0.5})
    status = status_fields(kernel.zones, 1.0, Meters())
    assert status["differs"] == [{"key": "world.friction", "file": 0.5, "world": 0.85}]
    assert "friction" not in str(status["degraded"])
    world.by_hand.add("friction")
    assert status_fields(kernel.zones, 1.0, Meters())["differs"] == []


def test_lineages_and_phases_of_the_world(kernel):
    """Status tells lineages and each named phase in ms; the time between ticks is none."""
    kernel.start()
    put_state(kernel, State.LINEAGES, 7)
    assert world_fields(kernel.world)["lineages"] is None, "nobody has counted them yet"
    kernel.words.put(Header.COMMIT, SURVEY_TICKS)
    put_state(kernel, State.LINEAGES, 7)
    means_ns = struct.pack(f"<{PHASES_MAX}I", 9_000_000, 400_000, 1_200_500, 77, *range(4, 32))
    kernel.words.put_bytes(Header.PHASE_NS, means_ns)
    world = world_fields(kernel.world)
    assert world["lineages"] == wait_facts(kernel.zones)["lineages"] == 7
    assert world["phases"] == [
        {"name": "index", "ms": 0.4},
        {"name": "behave", "ms": 1.2005},
        {"name": "account", "ms": 4e-6},
    ]
    assert world["checks_failed"] == 0


@pytest.mark.parametrize(
    ("failed", "said"), [(1, "1 check of"), (3, "3 checks of"), (NEVER, f"{COUNT_MAX} checks of")]
)
def test_failed_checks_of_the_world_are_degraded(kernel, failed, said):
    """A world that breaks an invariant is not well, and the hint examines it."""
    kernel.start()
    before = degraded_fields(kernel.zones)
    put_state(kernel, State.CHECKS_FAILED, failed)
    (added,) = [each for each in degraded_fields(kernel.zones) if each not in before]
    why = f"{said} the world's invariants failed"
    assert added == {"what": "world", "why": why, "hint": "molt doctor world"}


def test_lives_that_no_event_tells_of_are_degraded(kernel):
    """A record with a hole in it is said to have one."""
    kernel.start()
    before = degraded_fields(kernel.zones)
    put_state(kernel, State.LIVES_UNTOLD, 7)
    (added,) = [each for each in degraded_fields(kernel.zones) if each not in before]
    assert added["what"] == "world" and added["why"].startswith("7 births and deaths")


def test_an_archive_that_is_behind_is_degraded(kernel):
    """When three quarters of the outbox wait no input is taken: said, with how much is left out."""
    kernel.start()
    before = degraded_fields(kernel.zones)
    size = len(kernel.words.outbox())
    put_state(kernel, State.OUTBOX_HEAD, size * 3 // 4 - 8)
    assert degraded_fields(kernel.zones) == before
    put_state(kernel, State.OUTBOX_HEAD, size * 3 // 4)
    put_state(kernel, State.EVENTS_THINNED, 12)
    (added,) = [each for each in degraded_fields(kernel.zones) if each not in before]
    assert added["what"] == "stable: outbox" and added["hint"] == "molt logs archive"
    assert "cannot take inputs: 768 KiB" in added["why"] and "12 events" in added["why"]
    world = world_fields(kernel.world)
    assert (world["events_waiting_bytes"], world["events_thinned"]) == (size * 3 // 4, 12)


def test_words_of_a_damaged_world_are_bounded(kernel):
    """Whatever a world writes, counts stay numbers that every reader of JSON keeps."""
    kernel.start()
    tick = SURVEY_TICKS
    kernel.words.put(Header.COMMIT, tick)
    for offset in range(State.POPULATION, State.INBOX_APPLIED, 8):
        kernel.words.put_state(tick, offset, NEVER)
    kernel.words.put_bytes(Header.PHASE_NS, b"\xff" * 4 * PHASES_MAX)
    world = world_fields(kernel.world)
    counts = [world["population"], world["lineages"], world["births"], world["checks_failed"]]
    assert {*counts, *world["deaths"].values()} == {COUNT_MAX}
    assert all(phase["ms"] < 4295 for phase in world["phases"])
    assert wait_facts(kernel.zones)["population"] == COUNT_MAX
    json.dumps(status_fields(kernel.zones, 1.0, Meters()), allow_nan=False)


def test_a_ready_heir_is_shown_and_no_other(kernel):
    """An heir that is not ready yet cannot take over, so it is not shown as one."""
    kernel.start()
    assert zone_fields(kernel.world, Meters())["heir_pid"] == kernel.heir
    kernel.machine.processes.end(kernel.heir, number=9)
    kernel.round()
    kernel.zygote().fork(kernel.machine.processes.new_pid())
    kernel.round()
    assert kernel.world.state.heir is not None
    assert zone_fields(kernel.world, Meters())["heir_pid"] is None
