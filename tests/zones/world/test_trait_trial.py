"""The trial of a trait on a copy of a world: what differs or crashes as machine code is found."""

import ctypes
import re
from dataclasses import replace
from pathlib import Path

import pytest

from Kernel.contract.inputs import NO_MOOD, REFUSALS
from zones.traits.contract import INTERPRETED, NATIVE
from zones.traits.native.compiling import compile_trait
from zones.traits.reading import check_source
from zones.world import trait_trial
from zones.world.trait_library import LoadedTrait
from zones.world.trait_loading import interpreted_trait
from zones.world.trait_trial import copy_of_world, faults_of, try_trait
from zones.world.warm_up import prepare

pytestmark = pytest.mark.slow
SOURCE = b"""
class Drifter(Trait):
    def __init__(self):
        self.calls = 0

    async def execute(self, entity):
        self.calls += 1
        entity.move(0.25, 0.125 * self.calls)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give the folder of a trait in no store."""
    return tmp_path / "trait"


@pytest.fixture(scope="module")
def words():
    """Give a copy of a world: of a home without one a small world that was just founded."""
    prepare(1)  # a child can compile nothing
    return copy_of_world(Path("/nowhere"), "stable")


def crash(_checked: object, _folder: Path) -> LoadedTrait:
    """Stand for machine code that reads at address 0."""
    return replace(interpreted_trait(check_source(SOURCE)), run=lambda *_: ctypes.string_at(0))


def loop(_checked: object, _folder: Path) -> LoadedTrait:
    """Stand for machine code that does something else."""
    other = SOURCE.replace(b"0.25", b"0.26")
    return replace(interpreted_trait(check_source(other)), hash=check_source(SOURCE).code_hash)


def test_faults_of_the_trial_are_told(words, folder):
    """A field that is misspelt breaks no rule; that every call failed is said."""
    source = SOURCE.replace(b"entity.move(0.25, 0.125 * self.calls)", b"entity.colour = 'red'")
    told = try_trait(words, source, folder, INTERPRETED)
    assert re.fullmatch(
        r"tried on a copy, (\d+) of \1 calls had a fault: no such attribute", told["faults"]
    )


def test_the_most_frequent_fault_is_named():
    """Of all that are no success; nothing where there was none."""
    assert faults_of({"0": 7}) == "" == faults_of({})
    assert faults_of({"0": 5, "2": 1, "8": 3}) == (
        "tried on a copy, 4 of 9 calls had a fault: out of fuel"
    )


def test_a_trait_that_means_the_same_in_both_tiers_is_native(words, folder):
    """It is compiled into its folder; the copy of the world is as it was."""
    tick = words.get(512)
    told = try_trait(words, SOURCE, folder, NATIVE)
    assert told == {"tier": NATIVE, "note": "", "faults": ""}
    assert list(folder.glob("kernel-*.o")) and words.get(512) == tick


@pytest.mark.parametrize(
    ("stand_in", "note"),
    [
        (crash, "tried on a copy, its machine code crashed by signal 11"),
        (loop, "machine code and interpreter differ in tick 1 of the trial"),
    ],
)
def test_bad_machine_code_stays_interpreted(words, folder, monkeypatch, stand_in, note):
    """The verdict says what was wrong with it."""
    compile_trait(check_source(SOURCE), folder)
    monkeypatch.setattr(trait_trial, "native_trait", stand_in)
    told = try_trait(words, SOURCE, folder, NATIVE)
    assert told["tier"] == INTERPRETED and note in told["note"]


def test_what_ends_the_interpreter_is_refused(words, folder, monkeypatch):
    """There is no tier left for it."""
    stand_in = replace(interpreted_trait(check_source(SOURCE)), run=lambda *_: ctypes.string_at(0))
    monkeypatch.setattr(trait_trial, "interpreted_trait", lambda _checked: stand_in)
    assert "crashed by signal 11" in try_trait(words, SOURCE, folder, INTERPRETED)["refused"]


def test_what_cannot_be_compiled_stays_interpreted(words, folder):
    """With the line and what keeps it from the native tier."""
    source = SOURCE.replace(b"self.calls = 0", b"self.calls = {}").replace(b"self.calls += 1", b"")
    source = source.replace(b" * self.calls", b"")
    told = try_trait(words, source, folder, NATIVE)
    assert told["tier"] == INTERPRETED and told["note"].startswith("no machine code")


def test_a_full_world_says_what_is_full(words, folder):
    """Names of states, slots, memory: in the words of the world, not as a failure of the trial."""
    lines = [f'        entity.state = "m{each}"' for each in range(64)]
    source = b"class M(Trait):\n    async def execute(self, entity):\n" + "\n".join(lines).encode()
    told = try_trait(words, source, folder, INTERPRETED)
    assert told == {"refused": REFUSALS[NO_MOOD], "rule": "room"}
