"""Trials from source to document, with real processes: who is accepted, who is refused and why."""

import ctypes
import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from Kernel.contract.arena import check_arena
from Kernel.contract.errors import MoltError
from Kernel.contract.inputs import NO_MOOD, REFUSALS
from Kernel.contract.trait_sets import decode_set
from tests.zones.world.trial.stage import DRIFTER, EATER, IDLE, context, image, missing, trial
from tests.zones.world.worlds import make_world
from zones.runtime.arena_image import copy_committed
from zones.runtime.trait_store import PLACE, TraitStore
from zones.traits.verdict import Verdict
from zones.world.trait_loading import interpreted_trait
from zones.world.trial import coordinator, living, pairs, runs
from zones.world.trial.coordinator import limited, try_trait
from zones.world.trial.job import Forecast, Job
from zones.world.trial.judging import Outcome

pytestmark = pytest.mark.slow
OTHER = "5" * 64


@pytest.fixture(autouse=True)
def ready():
    """Load every kernel before the first child."""
    missing()


def stand_in(monkeypatch, after, act):
    """Let machine code that is linked in a run do something in its call number `after`."""

    def link(checked, _code):
        trait = interpreted_trait(checked)
        calls = [0]

        def run(scene, count, parts):
            trait.run(scene, count, parts)
            calls[0] += 1
            if calls[0] == after:
                act(scene)

        return replace(trait, run=run)

    monkeypatch.setattr(living, "link", link)


def test_an_honest_trait_is_accepted_with_its_figures():
    """Native, without a fault, within its fuel; both tick times; an effect on every metric."""
    told = trial(DRIFTER, seeds=2)
    assert told["accepted"] and told["rule" if "rule" in told else "stage"] == ""
    assert (told["tier"], told["name"], told["version"]) == ("native", "Drifter", 1)
    assert (told["ticks"], told["seeds"], told["faults"], told["invariants"]) == (100, 2, {}, [])
    assert told["calls"] == told["fuel"]["calls"] > 0
    assert 1.0 < told["fuel"]["per_call"] < told["fuel"]["per_call_max"] == 2
    assert set(told["tick_us"]) == {"candidate", "control"}
    assert all(each["low"] <= each["mean"] <= each["high"] for each in told["effect"])
    assert {"population", "mean_energy", "starvation"} <= {e["metric"] for e in told["effect"]}
    assert set(told["seconds"]) == {"screen", "compile", "compare", "runs"}
    json.dumps(told)


@pytest.mark.parametrize("memory", ["0", "[]"], ids=["native", "interpreted"])
def test_where_a_misspelt_field_stands_is_told(memory):
    """Line and name come from the interpreter, whichever tier runs in the end."""
    source = (
        "class Typo(Trait):\n    def __init__(self):\n        self.kept = " + memory + "\n"
        "    async def execute(self, entity):\n        entity.colour = '#ff0000'\n"
    )
    told = trial(source.encode())
    assert (told["accepted"], told["rule"], told["line"]) == (False, "faults", 5)
    assert told["reason"].endswith("no such attribute 'colour'")
    assert told["first_faults"] == {"no such attribute": {"line": 5, "name": "colour"}}


def test_an_idle_trait_changes_nothing_at_all():
    """The control is what would have been: every difference is 0, and so are the bodies' bytes."""
    told = trial(IDLE, ticks=300)
    assert told["accepted"] and told["unchanged"]
    assert all(each["mean"] == 0.0 for each in told["effect"])


def test_a_trait_that_helps_is_seen_to():
    """Where food is plenty, who eats more has more, with every seed: the interval excludes 0."""
    job = Job("stable", Path("/nowhere"), ticks=150, seeds=4)
    told = try_trait(job, EATER, context(image=image(resources=6000)))
    energy = next(each for each in told["effect"] if each["metric"] == "mean_energy")
    assert told["accepted"] and not told["unchanged"]
    assert energy["pairs"] == 4 and 0.0 < energy["low"] <= energy["mean"] <= energy["high"]


def test_a_multiple_of_the_population_is_tried_too():
    """Its figures stand apart: they are of another world."""
    told = trial(DRIFTER, scale=3)
    scale = told["scale"]
    assert (scale["factor"], scale["population"]) == (3, 3 * told["population"])
    assert told["accepted"] and scale["faults"] == 0 and scale["calls"] > 2 * told["calls"]


def test_every_call_a_fault_is_a_reason():
    """A field that is misspelt keeps the rules, and fails in every call."""
    told = trial(IDLE.replace(b"pass", b"entity.colour = 1"))
    assert (told["accepted"], told["stage"], told["rule"]) == (False, "trial", "faults")
    assert "calls had a fault: no such attribute" in told["reason"]
    assert told["faults"] == {"no such attribute": told["calls"]}


def test_a_world_without_anybody_tries_nothing_and_that_is_said():
    """Nothing speaks against a trait that was never called, and nothing for it."""
    words = make_world(entities=0, min_population=0, max_entities=16, resources=10)
    check_arena(words, "an empty world")
    job = Job("stable", Path("/nowhere"), ticks=5)
    faulty = IDLE.replace(b"pass", b"entity.colour = 1")
    told = try_trait(job, faulty, context(image=copy_committed(words)))
    assert told["accepted"] and told["calls"] == 0
    assert "nothing of it was run" in told["note"]


def test_a_rule_that_is_broken_is_told_with_its_line():
    """Nothing of it is run or compiled."""
    told = trial(IDLE.replace(b"pass", b"open('x')"))
    assert (told["stage"], told["rule"], told["line"]) == ("validation", "name", 3)
    assert set(told["seconds"]) == {"screen"}


def test_a_module_that_cannot_be_loaded_is_an_import():
    """Its body fails, behind the seal."""
    told = trial(b"class B:\n    x = 1 // 0\n\n" + IDLE)
    assert (told["accepted"], told["stage"]) == (False, "import")
    assert "ZeroDivisionError" in told["reason"]


def test_a_full_world_says_what_is_full():
    """Names of states, slots, memory: in the words of the world."""
    lines = [f'        entity.state = "m{each}"' for each in range(64)]
    source = b"class M(Trait):\n    async def execute(self, entity):\n" + "\n".join(lines).encode()
    told = trial(source)
    assert (told["accepted"], told["rule"], told["reason"]) == (False, "room", REFUSALS[NO_MOOD])


def test_machine_code_that_crashes_in_a_run_is_told_with_its_tick(monkeypatch):
    """The tier comparison was too short to see it; the flight word names its slot."""
    stand_in(monkeypatch, 20, lambda _scene: ctypes.string_at(0))
    told = trial(DRIFTER)
    assert (told["accepted"], told["stage"], told["rule"]) == (False, "trial", "died")
    assert told["reason"].endswith("died by signal 11 (SIGSEGV) in tick 60, trait slot 1")


def test_machine_code_that_hangs_in_a_run_is_ended(monkeypatch):
    """By its own processor time, not by the clock on the wall."""

    def spin(_scene):
        while True:
            pass

    monkeypatch.setattr(runs, "HANG_CPU_S", 0.3)
    stand_in(monkeypatch, 20, spin)
    told = trial(DRIFTER)
    assert told["rule"] == "hung" and "in tick 60, trait slot 1" in told["reason"]


def scribble_ids(scene):
    scene.arrays["id"][:] = 7


def scribble_energy(scene):
    scene.arrays["new_energy"][:] += np.float32(1)


def scribble_all(scene):
    address = scene.arrays["id"].ctypes.data & ~0xFFF
    for page in range(-100, 100):
        ctypes.memset(address + page * 4096, 0xA5, 4096)


@pytest.mark.parametrize(
    ("act", "rules"),
    [
        (scribble_ids, {"lied"}),
        (scribble_energy, {"invariant", "lied"}),
        (scribble_all, {"lied", "died", "invariant"}),
    ],
)
def test_who_scribbles_over_the_world_is_found_out(monkeypatch, act, rules):
    """What it leaves contradicts itself; reading it harms nobody."""
    stand_in(monkeypatch, 99, act)
    told = trial(DRIFTER)
    assert not told["accepted"] and told["rule"] in rules and told["reason"]


def test_a_kill_from_outside_is_no_evidence(monkeypatch):
    """A run that SIGKILL ended is lived again; what repeats is the trait's own."""
    lived = []
    read_all = pairs.read_all

    def killed_once(orders, at_once, until_s, read):
        lived.append(len(orders))
        outcomes = read_all(orders, at_once, until_s, read)
        if len(lived) == 1:
            outcomes[0] = Outcome(runs.How.DIED, "was killed", signal=9)
        return outcomes

    monkeypatch.setattr(pairs, "read_all", killed_once)
    assert trial(DRIFTER)["accepted"] and lived == [2, 1]


def test_pairs_that_time_does_not_allow_are_left_out_and_that_is_said(monkeypatch):
    """One is always lived, and the multiple before more seeds."""
    read_all, lived = pairs.read_all, []

    def hurried(orders, *more):
        lived.append(orders)
        if len(lived) == 2:  # from now on no pair fits into the time
            monkeypatch.setattr(pairs, "SAFETY", 1e9)
        return read_all(orders, *more)

    monkeypatch.setattr(pairs, "read_all", hurried)
    job = Job("stable", Path("/nowhere"), ticks=20, seeds=40, scale=2)
    told = try_trait(job, IDLE, context(until_s=time.monotonic() + 3600.0))
    assert told["accepted"] and (told["seeds"], told["scale"]["factor"]) == (1, 2)
    assert told["note"] == "39 pairs were left out: the time was up"


def test_a_pair_that_is_not_done_in_time_is_no_verdict():
    """It got on all the while: nothing is said of the source."""
    job = Job("stable", Path("/nowhere"), ticks=100_000)
    with pytest.raises(MoltError, match="not done in time, though they got on"):
        try_trait(job, IDLE, context(until_s=time.monotonic() + 1.0))


def test_what_is_added_is_kept_and_loaded_next(tmp_path, monkeypatch):
    """And tried again another time, but not compiled again."""
    told = trial(DRIFTER, tmp_path, add=True, hashes=(OTHER,))
    stored = TraitStore(tmp_path).load(told["code_hash"])
    assert told["accepted"] and stored.source == DRIFTER and stored.has_native
    assert told["file_path"] == "mutations/trait_drifter_v1.py", "the Patcher will write it there"
    assert decode_set((tmp_path / PLACE / "stable.json").read_bytes()) == [
        OTHER, told["code_hash"],
    ]  # fmt: skip
    monkeypatch.setattr(coordinator, "compile_apart", None)
    monkeypatch.setattr(coordinator, "screen", None)
    again = trial(DRIFTER, tmp_path, add=True)
    assert again["accepted"] and again["calls"] > 0 and again["version"] == 1
    assert again["tier"] == "native" and set(again["seconds"]) == {"runs"}


def test_without_a_trial_it_is_checked_and_compared_all_the_same(tmp_path):
    """No run, no effect; what breaks a rule is refused."""
    told = trial(DRIFTER, tmp_path, add=True, trial=False)
    assert told["accepted"] and "effect" not in told and "runs" not in told["seconds"]
    assert not trial(IDLE.replace(b"pass", b"open('x')"), tmp_path, trial=False)["accepted"]


@pytest.mark.parametrize("source", [IDLE.replace(b"pass", b"entity.colour = 1"), b"import os"])
def test_what_is_refused_leaves_nothing(tmp_path, source):
    """Not even an empty folder."""
    assert not trial(source, tmp_path, add=True)["accepted"]
    assert list(tmp_path.iterdir()) == []


def test_a_try_leaves_nothing(tmp_path):
    """It is for looking."""
    assert trial(DRIFTER, tmp_path)["accepted"] and list(tmp_path.iterdir()) == []


def test_names_must_fit_the_world():
    """What the registry has no room for is refused before anything is compiled."""
    good = Verdict(True, name="Drifter", moods=("hungry",))
    assert limited(good) is good
    assert limited(Verdict(True, name="D" * 33)).rule == "name"
    assert limited(Verdict(True, name="D", moods=("x" * 17,))).rule == "state"


def test_a_world_that_is_not_the_zones_is_told_of():
    """It was a small world that was founded for it."""
    told = try_trait(
        Job("stable", Path("/nowhere"), ticks=10), DRIFTER, context(world_note="no arena")
    )
    assert told["accepted"] and told["note"] == "no arena"


UNCHECKED = [
    (b"import socket\nsocket.socket()", "died", "SIGSYS"),
    (b"import os\nos.fork()", "died", "SIGSYS"),
    (b"import subprocess\nsubprocess.run(['true'])", "died", "SIGSYS"),
    (b"import threading\nthreading.Thread(target=print).start()", "died", "SIGSYS"),
    (b"import ctypes\nctypes.string_at(0)", "died", "SIGSEGV"),
    (b"import os\nos._exit(0)", "died", "left with exit code 0"),
    (b"open('/etc/passwd').read()", "faults", "exception"),
    (b"while True: print('x' * 1000, flush=True)", "flooded", "printed more than"),
    (b"while True: pass", "hung", "of the processor for one tick"),
    (b"import os\nos.write(3, b'{}')", "lied", "what is no report"),
    (b"raise SystemExit", "faults", "exception"),
    (IDLE.replace(b"pass", b"1 // 0"), "faults", "exception"),
    (IDLE.replace(b"pass", b"import socket; socket.socket()"), "died", "tick 42, trait slot 63"),
    (IDLE, "", ""),
]


@pytest.mark.parametrize(("source", "rule", "reason"), UNCHECKED)
def test_an_unchecked_source_ends_contained(monkeypatch, source, rule, reason):
    """It is plain Python with everything at hand, and comes as far as the OS."""
    monkeypatch.setattr(runs, "HANG_CPU_S", 0.5)
    told = trial(source, unchecked=True, ticks=20)
    assert (told["rule"], told["accepted"]) == (rule, not rule), told
    assert reason in told["reason"] and told["name"] == "unchecked"


def test_what_is_slow_only_where_many_are_is_refused(monkeypatch):
    """The larger world is lived for a shorter time, and says so."""

    def link(checked, _code):
        trait = interpreted_trait(checked)

        def run(scene, count, parts):
            trait.run(scene, count, parts)
            until_s = time.thread_time() + (0.02 if count > 1000 else 0.0)
            while time.thread_time() < until_s:
                pass

        return replace(trait, run=run)

    monkeypatch.setattr(living, "link", link)
    told = trial(IDLE, ticks=20, scale=10, scale_ticks=7, seeds=2)
    assert (told["accepted"], told["stage"], told["rule"]) == (False, "trial", "slow"), told
    assert "without it at 10 times the population" in told["reason"]
    assert told["scale"]["factor"] == 10 and told["ticks"] == 20
    assert trial(IDLE, ticks=20, seeds=2)["accepted"]


def test_a_larger_world_than_can_be_is_made_smaller(monkeypatch):
    """Where nobody has asked for just so many times; else that is said."""
    monkeypatch.setattr(pairs, "SLOTS_MAX", 3 * 400)
    assert trial(IDLE, ticks=5, scale=10, scale_ticks=5)["scale"]["factor"] == 3
    monkeypatch.setattr(pairs, "SLOTS_MAX", 400)
    assert "scale" not in trial(IDLE, ticks=5, scale=10, scale_ticks=5)


def test_a_forecast_has_more_runs_than_controls():
    """The effect is of pairs, the bands are of all who carry it; controls note no windows."""
    asked = Forecast("population", "more", 10, 60.0)
    told = trial(DRIFTER, ticks=35, seeds=4, controls=2, forecast=asked)
    assert told["accepted"] and told["seeds"] == 4, told
    assert {each["pairs"] for each in told["effect"]} == {2}
    foretold = told["forecast"]
    assert (foretold["seeds"], len(foretold["windows"]), foretold["degraded"]) == (4, 3, "")
    assert all(each["low"] <= each["mean"] <= each["high"] for each in foretold["windows"])
