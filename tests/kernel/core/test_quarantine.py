"""Traits that are put into quarantine by hand, and let out of it, in a world on paper."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from Kernel.contract.errors import Refused
from Kernel.contract.inputs import PAUSE, Input
from Kernel.core.trait_guard import TraitGuard
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
    """It is kept beside the notes of guards, and thrown away when it is torn."""
    scene.changes.quarantine(scene.world, "Forager", "none", b"")
    settle(scene)
    scene.machine.guard_notes.keep("stable.why.torn", b"{")
    again = TraitGuard(scene.world, scene.kernel.zones.guards["stable"].rules)
    again.look()
    assert again.quarantine()[0]["why"] == "by hand"
    assert "stable.why.torn" not in scene.machine.guard_notes.left()
