"""The promise, as anybody may try it: `make run SCENARIO=starving`, no model server, ten minutes.

Owns: that kernel, watched until at least one generated trait is kept with an effect above zero and
others were refused or taken back; then `molt why` is asked about each. Does not own: reading the
ledger (`evolution_story.py`). Everything is as configured: no setting is changed but where a model
server would be looked for, so that none is found. `--quick`: two minutes, whatever has come of it.
"""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

from Kernel.contract.arena import Header
from tests.bench.evolution_story import Story, is_gain, read_story
from tests.bench.live_kernel import LiveKernel, live_kernel
from tests.bench.report import ROOT, CannotMeasure, Goal, Report, Row, at_least, at_most
from tests.support.homes import temporary_home
from zones.agents.mutation import QUARANTINED, REFUSED, ROLLED_BACK, Mutation

LENGTH_S, LENGTH_QUICK_S = 600.0, 120.0
LOOK_S: Final = 2.0
WHY_S: Final = 30.0
NOBODY: Final = "http://127.0.0.1:9"
"""The port of discard: nothing listens there."""
UNDONE: Final = frozenset((REFUSED, ROLLED_BACK, QUARANTINED))


def measure(peers: bool, quick: bool) -> Report:
    """Watch one starving world; there is no peer to it."""
    del peers
    length_s = LENGTH_QUICK_S if quick else LENGTH_S
    words = ("kernel.zones.sandbox.enabled=true", f"agents.ollama_host={NOBODY}")
    with temporary_home() as home:
        with live_kernel(home, *words, scenario="starving") as kernel:
            story, first_s, took_s = _watch(kernel, home, length_s)
            tick, missed = (kernel.arena.get(at) for at in (Header.COMMIT, Header.MISSED_TICKS))
        whys = {each.id: ask_why(home, each.id) for each in story.mutations}
    rows: list[Row] = [
        {
            "seconds": round(took_s, 1), "tick": tick, "missed_ticks": missed,
            "first_gain_s": first_s, "missions": story.kinds.get("mission.ended", 0),
            "thoughts": story.kinds.get("agent.decided", 0),
            "lessons": story.kinds.get("lesson.learned", 0),
            **_population(story),
        },
        *(tell_mutation(each, whys[each.id]) for each in story.mutations),
    ]  # fmt: skip
    return Report("starving", rows, judge_story(story, whys))


def judge_story(story: Story, whys: dict[str, list[str]]) -> list[Goal]:
    """Return the goals: something was gained, others were not let in or taken back, all explained.

    Args:
        whys: of each mutation, the kinds that `molt why` tells.
    """
    undone = [each for each in story.mutations if each.status in UNDONE]
    silent = [each for each in undone if not each.reason]
    dark = [name for name, kinds in whys.items() if "telemetry" not in kinds]
    return [
        at_least("kept with an effect above zero", len(story.kept_for_good()), 1, "mutations"),
        at_least("refused or taken back", len(undone), 1, "mutations"),
        at_most("of these without a reason", len(silent), 0, "mutations"),
        at_most("not explained down to telemetry", len(dark), 0, "mutations"),
    ]


def tell_mutation(mutation: Mutation, why: list[str]) -> Row:
    """Return the row of one mutation."""
    effect = mutation.effect or {}
    return {
        "mutation": mutation.id,
        "what": mutation.name,
        "status": mutation.status,
        "stage": mutation.stage,
        "reason": mutation.reason[:100],
        "applied_at_tick": mutation.applied_at_tick,
        "metric": f"{mutation.metric} {mutation.better}",
        "effect": effect.get("mean"),
        "low": effect.get("low"),
        "high": effect.get("high"),
        "gain": is_gain(mutation),
        "why": " < ".join(why),
    }


def ask_why(home: Path, name: str) -> list[str]:
    """Return the kinds of the events that `molt why` tells of something, the last one first."""
    command = [sys.executable, "-m", "Kernel.console.cli", "--home", str(home), "why", name]
    done = subprocess.run(
        [*command, "--json"], cwd=ROOT, capture_output=True, timeout=WHY_S, check=False
    )
    if done.returncode:
        return []
    told: dict[str, Any] = json.loads(done.stdout)
    return [str(each["kind"]) for each in (told["event"], *told["causes"])]


def _watch(kernel: LiveKernel, home: Path, length_s: float) -> tuple[Story, float | None, float]:
    began_s = time.monotonic()
    first_s: float | None = None
    while True:
        story, took_s = read_story(home), time.monotonic() - began_s
        if first_s is None and story.kept_for_good():
            first_s = round(took_s, 1)
        undone = any(each.status in UNDONE for each in story.mutations)
        if took_s > length_s or (first_s is not None and undone):
            return story, first_s, took_s
        if kernel.process.poll() is not None:
            raise CannotMeasure(f"cannot measure: the kernel left with {kernel.process.poll()}")
        time.sleep(LOOK_S)


def _population(story: Story) -> Row:
    told = story.telemetry
    if not told:
        return {"population": None, "seeded_last_period": None}
    return {
        "population": told[-1]["entity_count"],
        "seeded_last_period": told[-1]["seeded_last_period"],
    }
