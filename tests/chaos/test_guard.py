"""Real kernels: a mutation that turns bad once it is in, and a guard that outlives its kernel."""

import os
import signal
from base64 import b64encode
from pathlib import Path

import pytest

from Kernel.contract.arena import Header
from tests.chaos.harness import KernelRun, wait_until
from tests.support.ledger_events import ledger_events

SETTINGS = ("world.seed=11", "world.entities=60", "world.max_entities=100")
TURNCOAT = b"""
class Turncoat(Trait):
    def __init__(self):
        super().__init__()
        self.seen = 0

    async def execute(self, entity):
        self.seen += 1
        if self.seen > 150:
            entity.vx = 1.0 / (self.seen - self.seen)
"""
HONEST = b"""
class Honest(Trait):
    async def execute(self, entity):
        entity.vx = entity.vx * 0.99
"""
PATIENCE_S = 60.0
pytestmark = [pytest.mark.slow, pytest.mark.chaos]


def add(kernel: KernelRun, source: bytes) -> dict[str, object]:
    """Bring a trait in without a trial, which would find it out."""
    return kernel.ask("trait add", source=b64encode(source).decode(), no_trial=True)


def test_a_trait_that_fails_later_is_taken_back(home: Path) -> None:
    """Told with a whole chain, listed, released, and the same source can be tried again."""
    with KernelRun(home, *SETTINGS) as kernel:
        assert add(kernel, TURNCOAT)["applied_at_tick"]
        (guarded,) = kernel.ask("status")["guarded"]
        assert guarded["trait_name"] == "Turncoat" and guarded["ticks_left"] > 0
        wait_until(lambda: kernel.ask("quarantine")["quarantine"], "it is taken back", PATIENCE_S)
        (row,) = kernel.ask("quarantine")["quarantine"]
        assert row["why"] and row["mutation_id"].startswith("mut_")
        assert not kernel.ask("status")["guarded"]
        assert kernel.ask("release", name="turncoat")["applied_at_tick"]
        assert not kernel.ask("quarantine")["quarantine"]
        assert add(kernel, TURNCOAT)["applied_at_tick"]
        assert kernel.ask("quarantine", name="Turncoat")["rollback_to"] == "none"
        assert kernel.stop() == 0
    events = {
        kind: ledger_events(home, kind)[0]
        for kind in ("mutation.applied", "guard.begun", "guard.tripped", "mutation.failed")
    }
    chain = list(events.values())
    assert [each["cause"] for each in chain[1:]] == [each["id"] for each in chain[:-1]]
    told = events["mutation.failed"]["payload"]
    assert (told["stage"], told["rollback_to"]) == ("guard", "none")
    assert told["tick"] - events["guard.tripped"]["payload"]["tick"] <= 2
    assert len(ledger_events(home, "trait.released")) == 1
    assert ledger_events(home, "mutation.failed")[-1]["payload"]["stage"] == "execution"


def test_the_next_kernel_goes_on_with_a_guard(home: Path) -> None:
    """Killed in the middle of a period: it is taken up with what was left, and ends in its time."""
    period = "kernel.guard.ticks=400"
    with KernelRun(home, *SETTINGS, period) as kernel:
        applied = add(kernel, HONEST)["applied_at_tick"]
        wait_until(lambda: kernel.word(Header.COMMIT) > applied + 60, "some ticks", PATIENCE_S)
        os.kill(kernel.process.pid, signal.SIGKILL)
        kernel.process.wait()
    with KernelRun(home, *SETTINGS, period) as kernel:
        wait_until(
            lambda: (
                kernel.word(Header.COMMIT) > applied + 420 and not kernel.ask("status")["guarded"]
            ),
            "the period is over",
            PATIENCE_S,
        )
        assert kernel.stop() == 0
    (begun,), (resumed,), (kept,) = (
        ledger_events(home, kind) for kind in ("guard.begun", "guard.resumed", "mutation.kept")
    )
    assert resumed["cause"] == begun["id"] and kept["cause"] == resumed["id"]
    assert 0 < resumed["payload"]["ticks_left"] <= 340
    assert 400 <= kept["payload"]["ticks"] <= 430


def test_a_kernel_killed_while_a_trait_waits_for_its_tick(home: Path) -> None:
    """The next one tells that it came in and guards it, though another kernel had sent it."""
    with KernelRun(home, *SETTINGS) as kernel:
        kernel.ask("pause")
        assert add(kernel, HONEST)["applied_at_tick"] is None
        os.kill(kernel.process.pid, signal.SIGKILL)
        kernel.process.wait()
    with KernelRun(home, *SETTINGS) as kernel:
        assert not kernel.ask("status")["guarded"]
        kernel.ask("resume")
        wait_until(lambda: kernel.ask("status")["guarded"], "it is under guard", PATIENCE_S)
        (row,) = kernel.ask("trait list")["traits"]
        assert kernel.stop() == 0
    (ready,), (applied,), (begun,) = (
        ledger_events(home, kind) for kind in ("mutation.ready", "mutation.applied", "guard.begun")
    )
    assert applied["payload"]["mutation_id"] == ready["payload"]["mutation_id"]
    assert applied["payload"]["tick"] == row["applied_at_tick"] and begun["cause"] == applied["id"]
    assert applied["cause"]
