"""The tier of a trait: what differs or crashes as machine code is found by comparing."""

import ctypes
import os
from dataclasses import replace

import pytest

from Kernel.contract.inputs import TraitFacts
from tests.zones.world.trial.stage import DRIFTER, image, missing
from zones.traits.contract import INTERPRETED, NATIVE
from zones.traits.native.compiling import Compiled, compile_checked
from zones.traits.reading import check_source
from zones.world.trait_loading import LoadedTraits, interpreted_trait
from zones.world.trial import living, tiers
from zones.world.trial.tiers import compare, compile_apart
from zones.world.trial.walls import Walls

pytestmark = pytest.mark.slow


@pytest.fixture
def walls():
    """Give the cages of this machine; every kernel is loaded."""
    return Walls(missing())


def compared(source, walls, compiled):
    """Return the tier of a source."""
    checked = check_source(source)
    facts = TraitFacts(
        checked.name, 1, checked.code_hash, NATIVE, checked.state, len(checked.attributes)
    )
    return compare(image(), source, facts, compiled, LoadedTraits(), walls.seal_child)


def crash(checked, _code):
    """Stand for machine code that reads at address 0."""
    return replace(interpreted_trait(checked), run=lambda *_: ctypes.string_at(0))


def differ(checked, _code):
    """Stand for machine code that does something else."""
    other = DRIFTER.replace(b"0.25", b"0.26")
    return replace(interpreted_trait(check_source(other)), hash=checked.code_hash)


def test_what_is_compiled_comes_back_whole(walls):
    """The very bytes, though the child had no file to write them to."""
    compiled, note = compile_apart(DRIFTER, walls.seal_compiler)
    assert note == "" and compiled == compile_checked(check_source(DRIFTER))


def test_what_cannot_be_compiled_says_why(walls):
    """With the line of the source."""
    source = DRIFTER.replace(b"self.calls = 0", b"self.calls = {}").replace(b"self.calls += 1", b"")
    compiled, note = compile_apart(source.replace(b" * self.calls", b""), walls.seal_compiler)
    assert compiled is None and note.startswith("no machine code: making it failed: ")


@pytest.mark.parametrize(
    "told",
    [b"", b"[]", b'{"name": "x", "text": -1, "code": 5}', b'{"name": "x", "text": 0, "code": 1e99}',
     b'{"name": "x", "text": 0, "code": 99999999999}',
     b'{"name": "x", "text": 0, "code": 5, "sha256": "0"}'],
)  # fmt: skip
def test_what_the_compiler_returns_is_not_trusted(walls, monkeypatch, told):
    """It has had a foreign source in its hands."""
    monkeypatch.setattr(tiers, "_compile", lambda *_: told)
    compiled, note = compile_apart(DRIFTER, walls.seal_compiler)
    assert compiled is None and note.startswith("no machine code: the compiler returned")


def test_a_trait_that_means_the_same_in_both_tiers_is_native(walls):
    """Every hash and every status was equal."""
    compiled = compile_checked(check_source(DRIFTER))
    tiered = compared(DRIFTER, walls, compiled)
    assert (tiered.tier, tiered.note, tiered.compiled) == (NATIVE, "", compiled)


@pytest.mark.parametrize(
    ("stand_in", "note"),
    [
        (crash, "tried on a copy, its machine code crashed by signal 11"),
        (differ, "machine code and interpreter differ in tick 1 of the trial"),
    ],
)
def test_bad_machine_code_stays_interpreted(walls, monkeypatch, stand_in, note):
    """The note says what was wrong with it."""
    monkeypatch.setattr(living, "link", stand_in)
    tiered = compared(DRIFTER, walls, Compiled("kernel", "", b"code"))
    assert tiered.tier == INTERPRETED and note in tiered.note and tiered.compiled is None


def test_what_ends_the_interpreter_is_refused(walls, monkeypatch):
    """There is no tier left for it."""
    monkeypatch.setattr(living, "interpreted_trait", lambda checked: crash(checked, b""))
    tiered = compared(DRIFTER, walls, None)
    assert tiered.stage == "execution" and "crashed by signal 11" in tiered.refused


def crash_at_load(checked):
    """Stand for a body of a module that asks for what nobody sealed gets."""
    os.fork()


def test_the_body_of_a_module_runs_behind_the_seal(walls, monkeypatch):
    """It is the first that runs of a source, and it runs nowhere else."""
    monkeypatch.setattr(living, "interpreted_trait", crash_at_load)
    assert "a system call that its cage does not allow" in compared(DRIFTER, walls, None).refused


def test_an_interpreted_trait_has_no_code(walls):
    """And nothing speaks against it."""
    assert compared(DRIFTER, walls, None) == tiers.Tiered(INTERPRETED)
