"""Agents of a real kernel, with an author of few words: a mission from end to end, and a kill."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.harness import KernelRun, wait_until
from tests.support.ledger_events import ledger_events
from tests.support.quiet import ON

SETTINGS = (
    ON, "kernel.zones.sandbox.service=tests.support.fake_sandbox", "world.entities=60",
    "world.max_entities=100", "agents.evolution=false",
)  # fmt: skip
APPLIED_S = 90.0


def told(home: Path, kind: str) -> list[dict[str, Any]]:
    """Return the payloads of a kind, as the log has them."""
    return [event["payload"] for event in ledger_events(home, kind)]


def kill_and_wait(kernel: KernelRun) -> None:
    """Kill the agents' process, and wait for the one that comes in its place."""
    before = kernel.zone("sandbox")["pid"]
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: kernel.zone("sandbox")["pid"] not in (before, None), "it is back")


@pytest.mark.slow
def test_a_mission_by_hand_brings_a_trait_in(home: Path) -> None:
    """It is answered with its id; each step is on record and leads back to who asked."""
    with KernelRun(home, *SETTINGS) as kernel:
        begun = kernel.ask("trigger", reason="a test")
        assert begun["begun"] and begun["reason"] == "a test"
        wait_until(lambda: kernel.ask("agents")["counts"]["applied"], "it is applied", APPLIED_S)
        shown = kernel.ask("agents")
        assert shown["mission"]["name"] == begun["trigger_id"] and shown["caught_up"]
        assert shown["author"]["name"] == "recorded" and not kernel.ask("status")["degraded"]
        names = [trait["name"] for trait in kernel.ask("trait list")["traits"]]
        assert names == ["Mover"]
        assert kernel.stop() == 0
    (applied,) = told(home, "mutation.applied")
    (proposed,) = told(home, "mutation.proposed")
    assert applied["mutation_id"] == proposed["mutation_id"] and "class Mover" in proposed["source"]
    (asked,) = [each for each in ledger_events(home, "zone.asked")]
    by_id = {event["id"]: event for event in ledger_events(home)}
    kinds = [asked["kind"]]
    while asked["cause"]:
        asked = by_id[asked["cause"]]
        kinds.append(asked["kind"])
    assert kinds[-2:] == ["evolution.force", "command.taken"], kinds


@pytest.mark.slow
def test_killed_in_mid_thought_it_is_thought_again_and_nothing_else(home: Path) -> None:
    """What was decided before the kill stands; the thought that was not is begun once more."""
    place = home / "data" / "agents"
    place.mkdir(parents=True)
    (place / "gated").touch()
    asked, gate = place / "go.asked", place / "go"
    with KernelRun(home, *SETTINGS) as kernel:
        kernel.ask("trigger", reason="a test")
        wait_until(asked.exists, "the plan is thought about")
        gate.touch()
        wait_until(lambda: told(home, "evolution.plan"), "it is planned")
        gate.unlink(missing_ok=True)
        for _ in range(2):
            kill_and_wait(kernel)
        gate.touch()
        wait_until(lambda: told(home, "mutation.applied"), "it is applied", APPLIED_S)
        assert kernel.stop() == 0
    for kind in ("evolution.force", "mission.started", "evolution.plan", "mutation.applied"):
        assert len(told(home, kind)) == 1, kind
    hashes = [each["code_hash"] for each in told(home, "mutation.proposed")]
    assert len(hashes) == len(set(hashes)) == 1
    thoughts = [event["role"] for event in ledger_events(home, "agent.decided")]
    assert len(thoughts) == len(set(thoughts)) >= 3
