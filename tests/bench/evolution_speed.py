"""How fast evolution acts in a world that keeps its pace: from trigger to applied, and back.

Owns: the kernel, what is asked of it. Does not own: reading its ledger (`evolution_story.py`).
Both are read from the log: the times of two events, and the ticks of two others.
"""

import time
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

from tests.bench.evolution_story import Story, read_story
from tests.bench.evolution_worlds import EVOLVING
from tests.bench.figures import median
from tests.bench.live_kernel import LiveKernel, live_kernel
from tests.bench.report import ROOT, CannotMeasure, Goal, Row, at_most
from tests.support.homes import temporary_home

ENTITIES = 500
SETTLE_TICKS, SETTLE_S = 300, 60.0
ROUNDS, ROUNDS_QUICK = 5, 1
MISSION_S, GUARD_S = 300.0, 90.0
ANSWER_S = 120.0
LOOK_S = 0.25
GOAL_APPLIED_S, GOAL_BACK_TICKS = 5.0, 1.0
PLANTED = "faults_late"
SHORT_TRIAL = {"ticks": 100, "seeds": 1}
"""Shorter than the planted trait takes to go wrong."""


def measure_speed(quick: bool) -> tuple[list[Row], list[Goal]]:
    """Ask for evolution by hand, again and again; then plant a trait that goes wrong."""
    rounds = ROUNDS_QUICK if quick else ROUNDS
    words = (
        *EVOLVING, f"world.entities={ENTITIES}", "agents.evolution=false",
        "agents.evolution_cooldown_sec=0",
    )  # fmt: skip
    with temporary_home() as home:
        with live_kernel(home, *words) as kernel:
            kernel.arena.wait_for_ticks(SETTLE_TICKS, SETTLE_S)
            kernel.ask("wait", SETTLE_S, **{"for": "zone.sandbox=ready"}, timeout_s=SETTLE_S)
            for number in range(rounds):
                kernel.ask("trigger", ANSWER_S, reason=f"bench {number + 1}")
                _wait(kernel, home, lambda story, n=number: _missions(story) > n)
            source = (ROOT / "tests" / "corpus" / "planted" / f"{PLANTED}.py").read_bytes()
            kernel.ask("trait add", ANSWER_S, source=b64encode(source).decode(), **SHORT_TRIAL)
            _wait(kernel, home, lambda story: bool(story.taken_back), GUARD_S)
        story = read_story(home)
    applied_s = median(story.applied_s) if story.applied_s else None
    back = float(max(story.taken_back))
    rows: list[Row] = [
        {
            "what": "trigger to applied, offline author", "entities": ENTITIES,
            "missions": rounds, "applied": len(story.applied_s), "s_p50": applied_s,
            "s_max": max(story.applied_s, default=None),
        },
        {"what": "taken back after the decision", "trait": PLANTED, "ticks_max": back},
    ]  # fmt: skip
    return rows, [
        at_most(f"trigger to applied at {ENTITIES}", applied_s, GOAL_APPLIED_S, "s"),
        at_most("taken back after the decision", back, GOAL_BACK_TICKS, "ticks"),
    ]


def _missions(story: Story) -> int:
    return story.kinds.get("mission.ended", 0)


def _wait(
    kernel: LiveKernel,
    home: Path,
    is_over: Callable[[Story], bool],
    patience_s: float = MISSION_S,
) -> None:
    deadline = time.monotonic() + patience_s
    while not is_over(read_story(home)):
        if time.monotonic() > deadline or kernel.process.poll() is not None:
            raise CannotMeasure(f"cannot measure: evolution came to no end in {patience_s:g} s")
        time.sleep(LOOK_S)
