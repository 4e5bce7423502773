"""The kernel under faults from one seed: fixed seeds, those that once failed, and fresh ones.

What it can find is tested, too: planted bugs, and that every fault of the limits occurs.
"""

import functools
import os
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace

import pytest

from tests.sim.__main__ import keep_seed, kept_seeds, replay
from tests.sim.canaries import CANARIES, planted
from tests.sim.faults import RATES, Limits
from tests.sim.simulation import Summary, run_seed
from tests.structure.sources import ROOT

FIXED_SEEDS = range(1, 13)
FIXED_HOURS = 0.1
FRESH_HOURS = 0.07
FRESH_S = 3.0
"""Fresh seeds are begun for this long."""
CANARY_SEEDS = (19, 22, *range(1, 13))
CANARY_HOURS = 0.1

FAULTS_BY_NAME = {
    "exit_code": "exit",
    "stop_other": "stop",
    "starve_process": "starve",
    "disk_full": "disk full",
}


def expect_sound(summary: Summary, hours: float) -> None:
    """Fail with the command that shows what happened."""
    assert not summary.violation, f"{replay(summary.seed, hours)}\n{summary.violation}"


@functools.cache
def fixed(seed: int) -> Summary:
    """Return what comes of a fixed seed; several tests look at it."""
    return run_seed(seed, FIXED_HOURS)


@pytest.mark.slow
class TestSeeds:
    @pytest.mark.parametrize("seed", FIXED_SEEDS)
    def test_fixed_seed_is_sound(self, seed):
        """Nothing that must never happen does, and after each storm all is well in time."""
        summary = fixed(seed)
        expect_sound(summary, FIXED_HOURS)
        assert summary.simulated_s >= FIXED_HOURS * 3600 and summary.counts["takeover"]

    def test_trials_end_in_many_ways(self):
        """They are begun, accepted and refused, die, are killed, given up and kept from it."""
        counts = sum((Counter(fixed(seed).counts) for seed in FIXED_SEEDS), Counter())
        ends = ("accepted", "name", "died", "killed", "hung", "lied", "failed", "given up")
        missing = [how for how in ends if not counts[f"trial {how}"]]
        assert len(missing) <= 2, f"no trial is {missing}: {counts}"

    def test_zygotes_are_forked_from_each_other(self):
        """New generations and lost zygotes come by a fork where that is the same."""
        assert sum(fixed(seed).counts["zygote forked"] for seed in FIXED_SEEDS) > 5

    def test_seeds_that_once_failed_are_sound(self):
        """What was found stays mended."""
        for seed, hours in kept_seeds():
            expect_sound(run_seed(seed, hours), hours)

    def test_fresh_seeds_are_sound(self):
        """Each run tries some that nobody has tried; one that fails is kept in seeds.txt."""
        end_s = time.monotonic() + FRESH_S
        seed = time.time_ns() // 1000 % 1_000_000_000
        while time.monotonic() < end_s:
            summary = run_seed(seed, FRESH_HOURS)
            if summary.violation:
                keep_seed(seed, FRESH_HOURS, summary.violation)
            expect_sound(summary, FRESH_HOURS)
            seed += 1

    def test_long_run_is_sound(self, rounds):
        """`make kills` makes a whole day of it, with twenty rounds."""
        hours = 1.2 * rounds if rounds > 1 else 0.5
        expect_sound(run_seed(77, hours), hours)


def calm_but(**rates: float) -> Limits:
    """Return limits within which only these faults happen."""
    return replace(Limits(), **(dict.fromkeys(RATES, 0.0) | rates), changeable=False)


@pytest.mark.slow
class TestOneFault:
    """One fault alone, often: what comes of it cannot be excused by another."""

    def test_zygotes_killed_from_outside_convict_no_generation(self):
        """However often somebody kills zygotes, the checkout goes on serving."""
        summary = run_seed(40, 0.1, limits=calm_but(kill_zygote=2000.0))
        expect_sound(summary, 0.1)
        assert summary.counts["fault kill zygote"] > 20

    def test_many_generations_leave_nothing_behind(self):
        """Tables of the kernel stay small however often its code is renewed."""
        summary = run_seed(50, 0.2, limits=calm_but(renew=6000.0, go_back=400.0))
        expect_sound(summary, 0.2)
        assert summary.counts["log generation.begun"] > 40


@pytest.mark.slow
class TestReplay:
    def test_one_seed_gives_one_trace(self):
        """Two runs agree in everything that happened, and another seed differs."""
        assert fixed(5) == run_seed(5, FIXED_HOURS) and fixed(5).digest != fixed(6).digest

    def test_another_process_gives_the_same_trace(self):
        """Neither the process nor how it hashes texts counts."""
        here = run_seed(9, FRESH_HOURS)
        command = [sys.executable, "-m", "tests.sim", "--seed", "9", "--hours", f"{FRESH_HOURS}"]
        said = subprocess.run(
            [*command, "--no-keep"],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": "123"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert said.split()[-1] == here.digest

    def test_no_real_clock_is_read(self, monkeypatch):
        """The kernel and its machine ask nobody else what time it is, and end no real process."""

        def refuse(*_):
            raise AssertionError("a simulation has a clock and processes of its own")

        for name in ("time", "time_ns", "monotonic", "monotonic_ns", "sleep"):
            monkeypatch.setattr(time, name, refuse)
        monkeypatch.setattr(os, "kill", refuse)
        summary = run_seed(3, FRESH_HOURS)
        monkeypatch.undo()
        expect_sound(summary, FRESH_HOURS)


@pytest.mark.slow
class TestPower:
    @pytest.mark.parametrize("name", CANARIES)
    def test_planted_bug_is_found(self, name):
        """A bug that is known to be there is found within a few seeds."""
        for seed in CANARY_SEEDS:
            with planted(name):
                violation = run_seed(seed, CANARY_HOURS).violation
            if violation:
                return
        raise AssertionError(f"{len(CANARY_SEEDS)} seeds do not find {name}")

    def test_every_fault_happens(self):
        """A limit that no seed ever reaches would test nothing."""
        happened = {
            what.removeprefix("fault ")
            for seed in FIXED_SEEDS
            for what in fixed(seed).counts
            if what.startswith("fault ")
        }
        names = [FAULTS_BY_NAME.get(name, name.replace("_", " ")) for name in RATES]
        missing = [name for name in names if not any(name in what for what in happened)]
        assert not missing, f"happened: {sorted(happened)}"
