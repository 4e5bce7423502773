"""The headline: a world killed hundreds of times is the world that was never touched."""

import random
import signal
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from Kernel.contract.arena import Header
from tests.chaos.harness import KernelRun, run_alone, send_signal, wait_until
from tests.support.ledger_events import ledger_events, write_inputs

KILLS = 200
SEED = 20261120
SETTINGS = (
    f"world.seed={SEED}",
    "world.tick_rate_ms=2",
    "kernel.zones.stable.backoff_cap_s=0.02",
    "kernel.zones.stable.backoff_base_s=0.02",
    # Faults come from outside here, and no generation is to be given up for them.
    "kernel.zones.stable.failures_max=1000",
)
FAULTS = (signal.SIGKILL, signal.SIGSEGV, signal.SIGSTOP)
WEIGHTS = (70, 25, 5)  # a stopped process costs the watchdog's 250 ms


def hurt(
    kernel: KernelRun,
    chance: random.Random,
    faults: Sequence[signal.Signals] = FAULTS,
    weights: Sequence[int] = WEIGHTS,
) -> int:
    """Kill, fault or stop the active process, its heir, or both; return how many were hit."""
    owner, heir = kernel.word(Header.OWNER), kernel.heir_pid()
    victims = chance.choice([[owner], [owner], [owner], [heir], [owner, heir], [heir, owner]])
    if chance.random() < 0.5:  # wait for the inside of a tick, at most one tick long
        until = time.monotonic() + 0.004
        while not kernel.word(Header.FLIGHT) and time.monotonic() < until:
            pass
        time.sleep(chance.random() * 0.0004)
    return sum(send_signal(pid, chance.choices(faults, weights)[0]) for pid in victims)


@pytest.mark.slow
@pytest.mark.chaos
def test_killed_world_is_the_world_never_touched(home: Path, rounds: int) -> None:
    """After 200 kills at random instants, with inputs in between, the hash is the same.

    A run with one random draw too many a tick must not have that hash, else this proves nothing.
    """
    chance = random.Random(SEED)
    with KernelRun(home, *SETTINGS) as kernel:
        killed = sent = 0
        while killed < KILLS * rounds:
            time.sleep(chance.random() * 0.03)
            killed += hurt(kernel, chance)
            if chance.random() < 0.1:
                value = round(chance.uniform(0.02, 0.08), 4)
                kernel.ask("params", key="resource_spawn_rate", value=value)
                sent += 1
        target = kernel.word(Header.COMMIT) + 200
        held = kernel.ask("pause", at_tick=target)
        assert held["tick"] == target
        wait_until(
            lambda: len(ledger_events(home, "input.applied")) == sent + 1, "all inputs are stored"
        )
        inputs = write_inputs(home, home / "inputs.jsonl")
        assert kernel.word(Header.EPOCH) >= killed // 3, "most kills hit the one who ticks"
        assert kernel.stop() == 0
    alone = run_alone(home, SEED, target, "--inputs", str(inputs))
    assert alone["hash"] == held["hash"], f"{killed} kills, epoch, {sent} inputs, tick {target}"
    canary = run_alone(home, SEED, target, "--inputs", str(inputs), "--canary")
    assert canary["hash"] != held["hash"], "an extra random draw a tick goes unnoticed"
