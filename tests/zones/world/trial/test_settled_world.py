"""Trials in a world that has traits already: they run in both copies, and can be replaced."""

from dataclasses import replace

import pytest

from Kernel.contract.arena import ArenaWords, check_arena
from Kernel.contract.errors import MoltError
from Kernel.contract.inputs import TraitFacts
from Kernel.contract.parameters import hash_of_values
from tests.zones.world.fake_traits import add
from tests.zones.world.trial.stage import EATER, IDLE, context, image, missing, trial
from tests.zones.world.worlds import make_engine
from zones.runtime.arena_image import copy_committed
from zones.runtime.trait_store import TraitStore
from zones.world.columns import open_world
from zones.world.registry import ACTIVE, STANDBY, read_entries
from zones.world.trait_loading import LoadedTraits
from zones.world.trial import pairs
from zones.world.trial.coordinator import try_trait
from zones.world.trial.copying import found_copy
from zones.world.trial.job import Forecast, Job

pytestmark = pytest.mark.slow
PAINTER = b"""
class Painter(Trait):
    def __init__(self):
        self.met = []

    async def execute(self, entity):
        self.met.append(entity.x)
        entity.move(0.01 * len(self.met), 0.0)
"""


def settle(home, source):
    """Return the context of a world in which a trait is active."""
    missing()
    told = trial(source, home, add=True, trial=False)
    loaded = LoadedTraits()
    list(loaded.load(TraitStore(home), [told["code_hash"]]))
    words = found_copy(memoryview(bytearray(image().buffers().file_bytes)), image())
    add(words, TraitFacts(told["name"], 1, told["code_hash"], told["tier"], told["state"]))
    engine = make_engine(words, library=loaded.library())
    for _ in range(5):
        engine.tick()
    check_arena(words, "a settled world")
    return context(image=copy_committed(words), loaded=loaded)


@pytest.fixture
def settled(tmp_path):
    """Give the context of a world in which the eater is active, and the home it is stored in."""
    return settle(tmp_path, EATER), tmp_path


@pytest.fixture
def left(monkeypatch):
    """Give the registries that the runs of a trial leave, the control's first."""
    found = []
    read_all = pairs.read_all

    def watched(orders, at_once, until_s, read):
        def look(end):
            words = ArenaWords(end.memory)
            check_arena(words, "a run")
            registries[bool(end.origin.code_hash)] = read_entries(open_world(words).committed)
            return read(end)

        registries = {}
        outcomes = read_all(orders, at_once, until_s, look)
        found.extend(registries[each] for each in sorted(registries))
        return outcomes

    monkeypatch.setattr(pairs, "read_all", watched)
    return found


def test_active_traits_run_in_both_copies(settled, left):
    """So an idle candidate still changes nothing at all."""
    given, home = settled
    told = try_trait(Job("stable", home, ticks=60), IDLE, given)
    assert told["accepted"] and told["unchanged"], told
    control, candidate = left
    assert [entry.name for entry in control] == ["Eater"]
    assert [entry.name for entry in candidate] == ["Eater", "Idle"]
    assert control[0].status == candidate[0].status == ACTIVE
    assert control[0].calls == candidate[0].calls > 60 * 100


def test_what_is_in_no_arena_is_in_no_copy(tmp_path):
    """What a volatile trait remembers is lost to both runs, and the verdict says so."""
    given = settle(tmp_path, PAINTER)
    told = try_trait(Job("stable", tmp_path, ticks=20), IDLE, given)
    assert told["accepted"] and told["unchanged"]
    assert told["note"] == "what Painter remembers is in no copy: all runs begin without it"


def test_a_new_version_is_tried_against_the_old_one(settled, left):
    """In its copy it has replaced that one, as it would in the world."""
    given, home = settled
    source = EATER.replace(b"100.0", b"0.5")
    told = try_trait(Job("stable", home, ticks=60), source, given)
    assert told["accepted"] and told["version"] == 2 and not told["unchanged"]
    control, candidate = left
    assert [entry.status for entry in control] == [ACTIVE]
    assert [(entry.version, entry.status) for entry in candidate] == [(1, STANDBY), (2, ACTIVE)]


def test_code_that_is_active_cannot_be_tried(settled):
    """There is nothing to compare it with: the control has it, too."""
    given, home = settled
    told = try_trait(Job("stable", home, ticks=60), EATER, given)
    assert (told["accepted"], told["rule"]) == (False, "active")
    assert told["reason"] == "the same code is active already"


def test_what_a_trait_brings_is_against_a_world_without_it(settled):
    """The candidate is the world as it is; the verdict is about the code that is there."""
    given, home = settled
    job = Job("stable", home, ticks=60, seeds=2, without="Eater")
    told = try_trait(job, b"", given)
    assert told["accepted"] and not told["unchanged"], told
    assert (told["kind"], told["name"], told["version"]) == ("without", "Eater", 1)
    assert told["code_hash"] == TraitStore(home).load(told["code_hash"]).code_hash
    assert told["note"] == ""
    energy = next(each for each in told["effect"] if each["metric"] == "mean_energy")
    assert energy["mean"] != 0 and energy["pairs"] == 2


def test_a_trait_that_does_nothing_brings_nothing(tmp_path):
    """With it and without it the same bodies are there."""
    told = try_trait(Job("stable", tmp_path, ticks=30, without="Idle"), b"", settle(tmp_path, IDLE))
    assert told["accepted"] and told["unchanged"]


def test_what_an_unknown_trait_brings_nobody_can_say(settled):
    """It may have been removed since somebody asked."""
    given, home = settled
    with pytest.raises(MoltError, match="without 'Nobody': the world has no such trait"):
        try_trait(Job("stable", home, without="Nobody"), b"", given)


def test_values_of_parameters_are_tried_beside_the_traits_there_are(settled):
    """Cheaper lives: more energy. It is named by its values, and has no code."""
    given, home = settled
    asked = Forecast("mean_energy", "more", 20, 60.0)
    job = Job("stable", home, ticks=65, seeds=3, params={"cost_base": 0.0}, forecast=asked)
    told = try_trait(job, b"", given)
    assert told["accepted"] and told["kind"] == "params", told
    assert told["code_hash"] == hash_of_values({"cost_base": 0.0})
    energy = next(each for each in told["effect"] if each["metric"] == "mean_energy")
    assert energy["clear"] == "more"
    foretold = told["forecast"]
    assert (foretold["metric"], foretold["seeds"], len(foretold["windows"])) == (
        "mean_energy",
        3,
        3,
    )
    assert all(each["low"] < each["mean"] < each["high"] for each in foretold["windows"])
    worse = replace(job, forecast=replace(asked, better="less"))
    told = try_trait(worse, b"", given)
    assert (told["accepted"], told["stage"], told["rule"]) == (False, "trial", "promise")
    assert told["reason"].startswith("it promises less mean_energy and brings more: +")


@pytest.mark.parametrize(
    ("params", "why"),
    [
        ({"beauty": 1.0}, "the world has no parameter 'beauty'"),
        ({"friction": 2.0}, "cannot set friction to 2"),
        ({"birth_age": 0.5}, "cannot set birth_age to 0.5: it takes a whole number"),
    ],
)
def test_values_that_the_world_does_not_take_are_refused(settled, params, why):
    """Before anything is run."""
    given, home = settled
    told = try_trait(Job("stable", home, params=params), b"", given)
    assert (told["accepted"], told["stage"], told["rule"]) == (False, "validation", "params")
    assert why in told["reason"] and "runs" not in told["seconds"]
