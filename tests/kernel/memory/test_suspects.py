"""A suspect outlives its arena, for the very code that was running."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from Kernel.contract.arena import Header
from Kernel.contract.trait_registry import TraitRow
from Kernel.core.blame import SLOT_SHIFT, Suspect
from Kernel.memory.contexts import SUSPECTS, new_memory
from Kernel.memory.suspects import recall_suspect, remember_suspect
from tests.support.arena_stage import Stage
from tests.support.fakes import FakeMachine

HASH = "a" * 64
TRAIT_3 = 1 | 3 << SLOT_SHIFT


@pytest.fixture
def machine() -> Iterator[FakeMachine]:
    """Give the machine that outlives its arenas."""
    machine = FakeMachine()
    yield machine
    machine.processes.close()


def world(machine: FakeMachine, folder: Path) -> tuple[Stage, int, int]:
    """Bring a world up in a new arena; return it with its owner and its heir."""
    machine.arenas.rows = []
    machine.trait_sets.sets.clear()
    folders = [folder / "shm", folder / "data"]
    for each in folders:
        each.mkdir(parents=True)
    stage = Stage(machine, folders)
    active, heir = stage.serve()
    return stage, active, heir


def crash(stage: Stage, pid: int, flight: int = TRAIT_3, code_hash: str = HASH) -> None:
    """Let the owner die in the middle of a tick, at a place, with some code in slot 3."""
    row = TraitRow(3, "Forager", 1, code_hash, "native", "none", "standby")
    stage.machine.arenas.rows = [row]
    stage.words.put(Header.FLIGHT, flight)
    stage.die(pid, number=signal.SIGSEGV)


class TestEntry:
    def test_it_comes_back_for_the_same_code(self):
        """And for no other, nor for another zone."""
        memory = new_memory()
        remember_suspect(memory, "stable", Suspect(120, TRAIT_3, 1), HASH, 0.0)
        assert recall_suspect(memory, "stable", HASH, 1.0) == Suspect(120, TRAIT_3, 1)
        assert recall_suspect(memory, "stable", "b" * 64, 1.0) is None
        assert recall_suspect(memory, "branch", HASH, 1.0) is None

    def test_core_code_is_not_remembered(self):
        """It takes the place of a trait that was suspected before."""
        memory = new_memory()
        remember_suspect(memory, "stable", Suspect(120, TRAIT_3, 1), HASH, 0.0)
        remember_suspect(memory, "stable", Suspect(121, 6, 1), "", 0.0)
        assert len(memory) == 0

    def test_a_file_alone_convicts_nobody(self):
        """Whatever it says, one piece of evidence is missing."""
        memory = new_memory()
        remember_suspect(memory, "stable", Suspect(120, TRAIT_3, 99), HASH, 0.0)
        assert recall_suspect(memory, "stable", HASH, 0.0) == Suspect(120, TRAIT_3, 1)

    @pytest.mark.parametrize(
        "told",
        [
            3,
            {"code_hash": HASH},
            {"code_hash": HASH, "tick": -1, "flight": 0, "times": 1},
            {"code_hash": HASH, "tick": 1, "flight": True, "times": 1},
            {"code_hash": HASH, "tick": 1, "flight": 1, "times": 1.0},
            {"code_hash": HASH, "tick": 2**63, "flight": 1, "times": 1},
        ],
    )
    def test_a_hostile_entry_counts_for_nothing(self, told):
        """Of the wrong type, out of range, or with parts missing."""
        memory = new_memory()
        assert memory.put(SUSPECTS, "stable", told, 0.0)
        assert recall_suspect(memory, "stable", HASH, 0.0) is None


class TestWorlds:
    """One arena after the other: the world was restored, or moved."""

    def test_the_second_fault_convicts_in_a_new_arena(self, machine, tmp_path):
        """The first was in the one before; the new one knows of none."""
        stage, active, _heir = world(machine, tmp_path / "a")
        crash(stage, active)
        stage, active, _heir = world(machine, tmp_path / "b")
        assert stage.words.get(Header.SUSPECT_TIMES) == 0
        crash(stage, active)
        assert [each["verdict"] for each in machine.log.of("zone.evidence")] == ["nobody", "trait"]
        (told,) = machine.log.of("trait.quarantined")
        assert (told["slot"], told["code_hash"]) == (3, HASH)

    def test_other_code_in_the_slot_has_done_nothing_yet(self, machine, tmp_path):
        """It gets its first fault."""
        stage, active, _heir = world(machine, tmp_path / "a")
        crash(stage, active)
        stage, active, _heir = world(machine, tmp_path / "b")
        crash(stage, active, code_hash="b" * 64)
        assert not machine.log.of("trait.quarantined")

    def test_what_names_nobody_leaves_the_suspect(self, machine, tmp_path):
        """A fault between two ticks says nothing, and washes nobody clean."""
        stage, active, heir = world(machine, tmp_path / "a")
        crash(stage, active)
        stage.take_over(heir, ticks=0)
        crash(stage, heir, flight=0)
        assert recall_suspect(machine.memory, "stable", HASH, 0.0) is not None
