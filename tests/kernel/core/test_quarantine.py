"""Traits that are put into quarantine by hand, and let out of it, in a world on paper."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from Kernel.contract.errors import Refused
from Kernel.contract.inputs import PAUSE, Input
from Kernel.core.trait_guard import TraitGuard
from Kernel.memory.context_memory import Priority
from tests.support.fakes import FakeMachine
from tests.support.trait_scene import CODE_HASH, Scene


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Give a world that ticks, with a trait."""
    machine = FakeMachine()
    scene = Scene(machine, tmp_path)
    scene.bring_in()
    yield scene
    scene.kernel.close()
    machine.processes.close()


def settle(scene: Scene) -> int:
    """Let a tick pass and return it."""
    tick = scene.kernel.tick()
    scene.kernel.round()
    return tick


def test_it_goes_there_and_comes_out(scene):
    """Both are events with their cause; the mutation has failed, and its source may be tried."""
    guard, log = scene.kernel.zones.guards["stable"], scene.machine.log
    cause = log.info("command.taken", command="quarantine", by_pid=1, args={})
    switch = scene.changes.quarantine(scene.world, "forager", "none", cause)
    assert switch.result() is None
    tick = settle(scene)
    told = switch.result()
    assert (told["name"], told["rollback_to"], told["applied_at_tick"]) == ("Forager", "none", tick)
    (failed,) = [each for each, kind in log.named.items() if kind == "mutation.failed"]
    assert log.why(failed) == ["mutation.failed", "trait.quarantined", "command.taken"]
    assert log.of("trait.quarantined")[0]["code_hash"] == CODE_HASH
    (row,) = guard.quarantine()
    assert (row["name"], row["why"], row["since"]) == ("Forager", "by hand", tick - 1)
    assert not guard.fields(), "it is under guard no more"
    with pytest.raises(Refused, match="is quarantined"):
        scene.changes.quarantine(scene.world, "Forager", "none", cause)
    refused = scene.add()
    with pytest.raises(Refused, match="in quarantine"):
        refused.result()
    release = scene.changes.release(scene.world, "forager", cause)
    settle(scene)
    assert release.result()["versions"] == [1] and not guard.quarantine()
    (released,) = log.of("trait.released")
    assert released == {"name": "Forager", "version": 1, "code_hash": CODE_HASH}
    assert not scene.world.traits.hashes
    with pytest.raises(Refused, match="not in quarantine"):
        scene.changes.release(scene.world, "Forager", cause)
    assert scene.add().result() is None


def test_while_the_world_stands_still_it_waits(scene):
    """The answer says for which tick; it is carried out when the world goes on."""
    scene.world.inbox.post(Input(PAUSE))
    settle(scene)
    switch = scene.changes.quarantine(scene.world, "Forager", "none", b"")
    scene.kernel.round()
    assert switch.result()["pending"] and scene.changes.waiting()[0]["act"] == "quarantine"


def test_the_next_kernel_knows_why(scene):
    """It is in the memory that outlives a kernel."""
    scene.changes.quarantine(scene.world, "Forager", "none", b"")
    settle(scene)
    again = TraitGuard(scene.world, scene.kernel.zones.guards["stable"].rules)
    again.look()
    assert again.quarantine()[0]["why"] == "by hand"


def test_what_an_earlier_version_has_noted_is_taken_over(scene):
    """It kept each in a file beside the notes of guards; one that is torn is thrown away."""
    scene.changes.quarantine(scene.world, "Forager", "none", b"")
    settle(scene)
    told = {"why": "it hung", "mutation_id": "mut_1", "since": 7}
    scene.machine.memory.clear("quarantine")
    scene.machine.guard_notes.keep(f"stable.why.{CODE_HASH}", json.dumps(told).encode())
    scene.machine.guard_notes.keep("stable.why.torn", b"{")
    scene.machine.guard_notes.keep("stable.why.none", b'{"why": 3}')
    again = TraitGuard(scene.world, scene.kernel.zones.guards["stable"].rules)
    again.look()
    (found,) = again.quarantine()
    assert {key: found[key] for key in told} == told
    assert not scene.machine.guard_notes.left()


def test_a_word_of_the_memory_that_is_none_is_not_told(scene):
    """Whoever can write the file of a home cannot break an answer by it."""
    scene.changes.quarantine(scene.world, "Forager", "none", b"")
    settle(scene)
    guard = scene.kernel.zones.guards["stable"]
    for told in (3, {}, {"why": [], "mutation_id": "", "since": 1}):
        scene.machine.memory.put("quarantine", f"stable/{CODE_HASH}", told, 0.0, Priority.HIGH)
        assert guard.quarantine()[0]["why"] == ""
