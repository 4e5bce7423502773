"""The facts of a kernel as plain data: what is degraded, and what `wait` compares."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from Kernel.console.facts import degraded_fields, status_fields, wait_facts, zone_fields
from Kernel.contract.arena import Header
from Kernel.contract.messages import Degraded
from Kernel.contract.zygote_protocol import Unprepared
from Kernel.ports.meters import Meters
from tests.support.fakes import FakeMachine
from tests.support.paper_kernel import PaperKernel


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[PaperKernel]:
    """Give a kernel with a world and an archive, nothing started yet."""
    machine = FakeMachine()
    kernel = PaperKernel(machine, tmp_path, archive=True)
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


def test_each_zone_that_does_not_serve_is_degraded(kernel):
    """A zone nobody serves is on the list, until it is served."""
    assert [each["what"] for each in degraded_fields(kernel.zones)] == ["stable", "archive"]
    kernel.start()
    assert [each["what"] for each in degraded_fields(kernel.zones)] == ["archive"]


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


def test_a_ready_heir_is_shown_and_no_other(kernel):
    """An heir that is not ready yet cannot take over, so it is not shown as one."""
    kernel.start()
    assert zone_fields(kernel.world, Meters())["heir_pid"] == kernel.heir
    kernel.machine.processes.end(kernel.heir, number=9)
    kernel.round()
    kernel.zygote().fork(kernel.machine.processes.new_pid())
    kernel.round()
    assert kernel.world.zone.heir is not None
    assert zone_fields(kernel.world, Meters())["heir_pid"] is None
