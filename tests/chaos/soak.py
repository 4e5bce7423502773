"""A world that evolves, with somebody killed every few seconds: `python -m tests.chaos.soak`.

Owns: the home, the order of things, the report. Does not own: who is killed (`soak_kills.py`), what
must hold (`soak_checks.py`). At the end the killing stops, the world is held at a tick, and what
its log says is run again alone. Exit code 0: all holds, 1: something does not; the home is kept.
"""

import argparse
import json
import random
import shutil
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import yaml

from Kernel.contract.arena import Header
from Kernel.contract.envelope import ID_BYTES
from Kernel.ports.arena_file import arena_folders
from Kernel.ports.cgroups import remove_leftovers
from tests.bench.evolution_story import read_story
from tests.chaos.harness import ROOT, KernelRun, wait_until
from tests.chaos.soak_checks import (
    Check,
    check_flat,
    check_hash,
    check_left_over,
    check_log,
    check_missed,
    check_story,
)
from tests.chaos.soak_kills import Killer
from tests.chaos.soak_sender import NAME, Emitter
from tests.chaos.test_traits import is_stored
from tests.support.homes import temporary_home
from tests.support.ledger_events import write_inputs

AHEAD_TICKS: Final = 200
STORED_S: Final = 60.0
ZONES: Final = ("stable", "archive", "chronos", "sandbox")
SETTINGS: Final = (
    "kernel.zones.sandbox.enabled=true",
    "agents.author=genetic",
    "agents.evolution_cooldown_sec=20",
    # Kills come from outside, and no generation is to be given up for them.
    *(
        f"kernel.zones.{zone}.{key}"
        for zone in ZONES
        for key in ("backoff_cap_s=0.2", "backoff_base_s=0.02", "failures_max=1000")
    ),
)


def main(arguments: list[str]) -> int:
    """Soak, print the report, and return the exit code."""
    parser = argparse.ArgumentParser(prog="tests.chaos.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0, help="how long to kill (60)")
    parser.add_argument("--scenario", default="starving", help="of config/scenarios (starving)")
    parser.add_argument("--seed", type=int, help="who is killed and when, and the world's")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    parser.add_argument("--set", action="append", default=[], help="FILE.KEY=VALUE of the kernel")
    options = parser.parse_args(arguments)
    seed = options.seed or random.SystemRandom().randrange(1, 2**31)
    print(f"--seed {seed}", file=sys.stderr, flush=True)
    with temporary_home() as home:
        try:
            report = soak(home, options.scenario, seed, options.minutes * 60, tuple(options.set))
        except BaseException:
            keep(home, seed)  # an hour is too much to be lost with its evidence
            raise
        if not report["ok"]:
            keep(home, seed)
    if options.json:
        print(json.dumps(report))
    else:
        show(report)
    return 0 if report["ok"] else 1


def soak(
    home: Path, scenario: str, seed: int, length_s: float, more: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Kill for so long, and return what was found.

    Args:
        more: settings of the kernel.
    """
    world = scenario_words(scenario)
    settings = (*SETTINGS, f"world.seed={seed}", *(f"world.{each}" for each in world), *more)
    killer = Killer(lambda: KernelRun(home, *settings).__enter__(), seed)
    sender = Emitter(home)
    began_s = time.monotonic()
    try:
        while time.monotonic() - began_s < length_s:
            victim = killer.round()
            say(f"{time.monotonic() - began_s:.0f} s, {victim} killed")
        sender.end()
        kernel = killer.kernel
        held = kernel.ask("pause", at_tick=kernel.word(Header.COMMIT) + AHEAD_TICKS)
        wait_until(lambda: is_stored(home, held["tick"]), "all inputs are stored", STORED_S)
        assert kernel.words is not None
        arena = kernel.words.get_bytes(Header.ARENA_ID, ID_BYTES)
        assert kernel.stop() == 0, kernel.log()
    finally:
        sender.close()
        killer.close()
    inputs, story = write_inputs(home, home / "inputs.jsonl"), read_story(home)
    words = [part for each in world for part in ("--set", each)]
    checks = [
        *check_missed(killer.costs),
        *check_log(home, {NAME: sender.notes}, arena),
        check_left_over(home, killer.seen),
        *check_flat(killer.samples),
        *check_story(story),
        check_hash(home, seed, held["tick"], held["hash"], inputs, words),
    ]
    return {
        "ok": all(each.holds for each in checks),
        "scenario": scenario,
        "seed": seed,
        "seconds": round(time.monotonic() - began_s, 1),
        "tick": held["tick"],
        "hash": held["hash"],
        "boots": killer.boots,
        "kills": {victim: asdict(cost) for victim, cost in killer.costs.items()},
        "mutations": [each.fields() for each in story.mutations],
        "checks": [asdict(each) for each in checks],
    }


def scenario_words(scenario: str) -> list[str]:
    """Return the keys of a scenario as KEY=VALUE."""
    told = yaml.safe_load((ROOT / "config" / "scenarios" / f"{scenario}.yaml").read_text())
    return [f"{key}={value}" for key, value in (told or {}).items()]


def show(report: dict[str, Any]) -> None:
    """Print a report for people."""
    kills = sum(len(cost["missed"]) for victim, cost in report["kills"].items())
    print(
        f"soak of {report['scenario']}: {report['seconds']:.0f} s, {kills} rounds, "
        f"{report['boots']} boots, tick {report['tick']}, seed {report['seed']}"
    )
    for victim, cost in sorted(report["kills"].items()):
        missed, served_s = cost["missed"], cost["served_s"]
        print(
            f"  {victim:<16} {len(missed):>4} x  missed {sum(missed):>4}, {max(missed):>3} at most"
            f"  all serve after {max(served_s):6.2f} s at most"
        )
    for check in (Check(**each) for each in report["checks"]):
        print(f"  {'holds' if check.holds else 'FALSE':<6} {check.name}: {check.found}")


def keep(home: Path, seed: int) -> None:
    """Copy the home of a soak that failed, without its arenas, and say where."""
    kept = home.with_name(f"molt-soak-{seed}")
    shutil.copytree(home, kept, ignore=shutil.ignore_patterns("*.sock", "run"), symlinks=True)
    print(f"kept in {kept}", file=sys.stderr)
    remove_leftovers(home)
    for folder in arena_folders(home):
        shutil.rmtree(folder, ignore_errors=True)


def say(words: str) -> None:
    """Show that it goes on, on a terminal."""
    if sys.stderr.isatty():
        print(f"\r{words}\x1b[K", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
