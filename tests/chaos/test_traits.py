"""A world with thirty traits, killed hundreds of times, is the world that was never touched."""

import json
import random
import signal
import subprocess
import sys
import time
from base64 import b64encode
from itertools import zip_longest
from pathlib import Path

import pytest

from Kernel.contract.arena import Header
from tests.chaos.harness import KernelRun, run_alone, wait_until
from tests.chaos.test_headline import SEED, SETTINGS, hurt
from tests.structure.sources import ROOT
from tests.support.ledger_events import ledger_events, write_inputs

CORPUS = ROOT / "tests" / "corpus" / "honest"
FEW, MANY = (2, 8), (30, 200)
"""Traits, and kills of each round; `make kills` takes many."""
SMALL = {"max_entities": 120, "entities": 80}


def choose_traits(chance: random.Random, wanted: int) -> list[Path]:
    """Return so many honest traits whose state outlives a process, of all sorts in turn."""
    files = sorted(map(str, CORPUS.glob("*.py")))
    done = subprocess.run(
        [sys.executable, "-m", "zones.traits", "validate", "--json", *files],
        cwd=ROOT, capture_output=True, check=True, timeout=60,
    )  # fmt: skip
    sorts: dict[tuple[str, str], list[Path]] = {}
    for verdict in json.loads(done.stdout)["verdicts"]:
        if verdict["state"] != "volatile":
            sort = verdict["tier"], verdict["state"]
            sorts.setdefault(sort, []).append(Path(verdict["file"]))
    for each in sorts.values():
        chance.shuffle(each)
    assert {"native", "interpreted"} == {tier for tier, _ in sorts}
    # Carried ones have to fit into the trait memory, beside each other.
    sorts["native", "carried"] = sorts["native", "carried"][:8]
    turns = zip_longest(*(sorts[sort] for sort in sorted(sorts)))
    return [path for turn in turns for path in turn if path is not None][:wanted]


@pytest.mark.slow
@pytest.mark.chaos
def test_killed_world_with_traits_is_the_world_never_touched(home: Path, rounds: int) -> None:
    """With native and interpreted traits active, kills at random instants change no bit."""
    chance = random.Random(SEED)
    traits, kills = FEW if rounds == 1 else MANY
    more = [f"world.{key}={value}" for key, value in SMALL.items()]
    with KernelRun(home, *SETTINGS, *more) as kernel:
        for path in choose_traits(chance, traits):
            source = b64encode(path.read_bytes()).decode()
            assert kernel.ask("trait add", source=source)["applied_at_tick"], path.name
        killed = 0
        while killed < kills * max(1, rounds - 1):
            time.sleep(chance.random() * 0.03)
            # No fault signal: twice in one trait it convicts that, wherever it has come from.
            killed += hurt(kernel, chance, (signal.SIGKILL, signal.SIGSTOP), (97, 3))
        try:
            wait_until(lambda: count_active(kernel) == traits, "every trait is active")
        except AssertionError as error:
            raise AssertionError(f"{statuses(kernel)}\n{kernel.log()}") from error
        target = kernel.word(Header.COMMIT) + 200
        held = kernel.ask("pause", at_tick=target)
        assert held["tick"] == target and count_active(kernel) == traits
        wait_until(lambda: is_stored(home, target), "all inputs are stored")
        inputs = write_inputs(home, home / "inputs.jsonl")
        epoch = kernel.word(Header.EPOCH)
        assert epoch >= killed // 3, "most kills hit the one who ticks"
        assert kernel.stop() == 0
    words = [word for key, value in SMALL.items() for word in ("--set", f"{key}={value}")]
    words += ["--inputs", str(inputs), "--home", str(home)]
    alone = run_alone(home, SEED, target, *words)
    told = f"{killed} kills, {traits} traits, epoch {epoch}, tick {target}, seed {SEED}"
    assert alone["hash"] == held["hash"], told
    if rounds > 1:  # test_headline shows it at each run
        canary = run_alone(home, SEED, target, *words, "--canary")
        assert canary["hash"] != held["hash"], "an extra random draw a tick goes unnoticed"
    print(told)


def statuses(kernel: KernelRun) -> list[str]:
    """Return the status of each trait of the world."""
    return [each["status"] for each in kernel.ask("trait list")["traits"]]


def count_active(kernel: KernelRun) -> int:
    """Return how many traits of the world run."""
    return statuses(kernel).count("active")


def is_stored(home: Path, tick: int) -> bool:
    """Tell whether the pause at a tick, the last input, is in the ledger."""
    return any(
        event["payload"]["input"]["kind"] == "world.pause" and event["payload"]["tick"] == tick
        for event in ledger_events(home, "input.applied")
    )
