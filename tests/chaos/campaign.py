"""Faults for a kernel of its own whose world evolves: `python -m tests.chaos.campaign`.

Owns: the home, the kernel's settings, the end of the campaign, the report. Does not own: rounds
(`tools/chaos/campaign.py`), faults (`own_faults.py`), what must hold (`campaign_checks.py`). At the
end the faults stop, the world is held at a tick, and what its log says is run again alone. Exit
code 0: all holds, 1: something does not; the home is kept.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from random import SystemRandom
from tempfile import TemporaryDirectory
from typing import Any, Final, Self

import yaml

from Kernel.contract.errors import MoltError
from tests.bench.evolution_story import read_story
from tests.chaos.arena_damage import change_energy
from tests.chaos.campaign_checks import (
    AloneWorld,
    check_left_over,
    check_outlived,
    check_story,
    check_telemetry,
)
from tests.chaos.clock_faults import Clock, clock_faults
from tests.chaos.damage_faults import damage_faults
from tests.chaos.disk_faults import can_throttle, disk_faults
from tests.chaos.harness import ROOT, KernelRun
from tests.chaos.holding import hold, hold_for_a_moment
from tests.chaos.home_disk import HomeDisk, home_disk
from tests.chaos.hurt_faults import HURT_SETTINGS, hurt_faults
from tests.chaos.ledger_faults import ledger_faults
from tests.chaos.own_faults import kernel_faults
from tests.chaos.own_target import OwnTarget
from tests.support.homes import temporary_home
from tests.support.ledger_events import write_inputs
from tools.chaos.campaign import Campaign
from tools.chaos.checkup import Check, Held
from tools.chaos.command import show
from tools.chaos.fault import Fault
from tools.chaos.flood_faults import flood_faults
from tools.chaos.load_faults import load_faults
from tools.chaos.process_faults import NOBODY, process_faults
from tools.chaos.report import lines_of, report_of
from tools.chaos.verdict import final_checks

CANARY_TICKS: Final = 5
QUIET_SHARE: Final = 6
"""One round in so many has no fault: what is missed then is the machine's."""
ZONES: Final = ("stable", "archive", "chronos", "sandbox")
SETTINGS: Final = (
    "kernel.zones.sandbox.enabled=true",
    "agents.author=genetic",
    "agents.evolution_cooldown_sec=20",
    # Small, so that some of the log moves to segments.
    "archive.log_mb=4",
    "archive.segment_mb=1",
    # Deaths come from outside, and no generation is to be given up for them.
    *(
        f"kernel.zones.{zone}.{key}"
        for zone in ZONES
        for key in ("backoff_cap_s=0.2", "backoff_base_s=0.02", "failures_max=1000")
    ),
)


def main(arguments: list[str]) -> int:
    """Run a campaign, print the report, and return the exit code."""
    parser = argparse.ArgumentParser(prog="tests.chaos.campaign", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="how long (10)")
    parser.add_argument("--scenario", default="starving", help="of config/scenarios (starving)")
    parser.add_argument("--seed", type=int, help="decides what happens, and the world's")
    parser.add_argument("--only", default="", help="faults that have this in their names")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    parser.add_argument("--report", type=Path, help="write the report to this file, too")
    parser.add_argument("--set", action="append", default=[], help="FILE.KEY=VALUE of the kernel")
    parser.add_argument("--mounted-apart", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if not options.mounted_apart:
        mount_apart(arguments)
    seed = options.seed or SystemRandom().randrange(1, 2**31)
    print(f"--seed {seed}", file=sys.stderr, flush=True)
    wish = Wish(options.scenario, seed, options.minutes * 60, options.only, tuple(options.set))
    with temporary_home() as home, Surroundings(home, options.mounted_apart) as around:
        try:
            report = hurt(home, wish, around)
        except BaseException:
            keep(home, seed)  # hours are too much to be lost with their evidence
            raise
        if not report["ok"]:
            keep(home, seed)
    lines = [*lines_of(report), *(f"- left out: {each}" for each in report["left_out"])]
    if options.report:
        options.report.write_text("\n".join(lines) + "\n")
    print(json.dumps(report) if options.json else "\n".join(lines))
    return 0 if report["ok"] else 1


def mount_apart(arguments: list[str]) -> None:
    """Begin anew in a mount namespace of our own, where that can be had."""
    launcher = shutil.which("unshare")
    tried = [launcher or "", "-m", "true"]
    if launcher is None or subprocess.run(tried, capture_output=True, check=False).returncode:
        return
    module = [sys.executable, "-m", "tests.chaos.campaign", "--mounted-apart", *arguments]
    os.execv(launcher, [launcher, "-m", *module])


@dataclass(frozen=True, slots=True)
class Wish:
    """What a campaign is to be.

    Args:
        only: faults that have this in their names; "": all.
        settings: FILE.KEY=VALUE more.
    """

    scenario: str
    seed: int
    length_s: float
    only: str = ""
    settings: tuple[str, ...] = ()


class Surroundings:
    """What of the machine a home's kernel has for itself. Use as a context manager.

    Args:
        is_apart: we live in a mount namespace of our own.

    Attributes:
        left_out: faults that cannot be had here, and why.
    """

    def __init__(self, home: Path, is_apart: bool) -> None:
        self._home = home
        self._is_apart = is_apart
        self._stack = ExitStack()
        self.disk: HomeDisk | None = None
        self.clock: Clock | None = None
        self.left_out: list[str] = []

    def __enter__(self) -> Self:
        try:
            if not self._is_apart:
                raise OSError("no mount namespace of our own can be made")
            self.disk = self._stack.enter_context(home_disk(self._home))
            if not can_throttle():
                self.left_out.append("disk slow: no control group of version 1 for block devices")
        except OSError as error:
            self.left_out.append(f"disk full, slow, read-only: {error}")
        try:
            folder = self._stack.enter_context(TemporaryDirectory(prefix="molt-clock-"))
            self.clock = Clock(Path(folder))
        except OSError as error:
            self.left_out.append(f"clock forward, back, frozen: {error}")
        return self

    def __exit__(self, *_error: object) -> None:
        self._stack.close()

    @property
    def environment(self) -> dict[str, str]:
        """Return what a kernel's environment has for it."""
        return self.clock.environment if self.clock else {}

    def faults(self) -> list[Fault]:
        """Return the faults of what there is."""
        disk = disk_faults(self.disk) if self.disk else []
        return [*disk, *(clock_faults(self.clock) if self.clock else [])]


def hurt(home: Path, wish: Wish, around: Surroundings) -> dict[str, Any]:
    """Run a campaign, and return its report."""
    world = scenario_words(wish.scenario)
    shutil.copytree(ROOT / "config", home / "config")
    if around.disk:
        around.disk.sync()
    settings = (
        *SETTINGS,
        *HURT_SETTINGS,
        f"world.seed={wish.seed}",
        *(f"world.{each}" for each in world),
    )
    settings += wish.settings

    def boot() -> KernelRun:
        return KernelRun(home, *settings, more_environment=around.environment)

    target = OwnTarget(home, boot)
    try:
        faults = faults_of(target, wish, around)
        campaign = Campaign(target, faults, wish.seed, show, lambda: hold_for_a_moment(target))
        target.sender = campaign.sender
        try:
            checks = go_through(campaign, target, wish, world)
        finally:
            campaign.close()
    finally:
        target.end()
    about = {
        "seed": wish.seed, "scenario": wish.scenario, "boots": target.boots,
        "left_out": around.left_out,
    }  # fmt: skip
    checks += [
        check_outlived(target.outlived),
        check_left_over(home, campaign.checkup.seen),
        *check_story(read_story(home)),
    ]
    return report_of(campaign, checks, about)


def go_through(
    campaign: Campaign, target: OwnTarget, wish: Wish, world: Sequence[str]
) -> list[Check]:
    """Run the rounds and hold the world; return what of it holds."""
    late: list[Check] = []
    try:
        campaign.run(wish.length_s)
    except (AssertionError, MoltError, OSError) as error:
        late.append(Check("all came back", False, f"{type(error).__name__}: {error}"))
    except KeyboardInterrupt:
        print("ended early; what was found until now:", file=sys.stderr)
    checks = [*late, *final_checks(campaign, campaign.sender.end())]
    if late:
        return checks
    held = hold(target)
    changed_in = change_energy(target.arena)
    stepped = target.ask("step", steps=CANARY_TICKS)
    changed = Held(stepped["tick"], stepped["hash"])
    code = target.stop()
    home = target.home
    alone = AloneWorld(home, wish.seed, world, write_inputs(home, home / "inputs.jsonl"))
    rounds = [each.held for each in campaign.rounds if each.held is not None]
    return [
        *checks,
        Check("it stops in order", code == 0, f"exit code {code}"),
        check_telemetry(home),
        *alone.check([*rounds, held], changed, changed_in),
    ]


def faults_of(target: OwnTarget, wish: Wish, around: Surroundings) -> list[Fault]:
    """Return the faults that may happen."""
    zones = [each["name"] for each in target.zones() if not each.get("arena")]
    faults = [
        *process_faults(zones), *load_faults(), *flood_faults(zones), *hurt_faults(),
        *kernel_faults(),
        *damage_faults(), *ledger_faults(), *around.faults(),
    ]  # fmt: skip
    chosen = [each for each in faults if wish.only in each.name and each.name != NOBODY]
    (nobody,) = (each for each in faults if each.name == NOBODY)
    share = max(sum(each.weight for each in chosen) // QUIET_SHARE, 1)
    return [*chosen, replace(nobody, weight=share)]


def scenario_words(scenario: str) -> list[str]:
    """Return the keys of a scenario as KEY=VALUE."""
    told = yaml.safe_load((ROOT / "config" / "scenarios" / f"{scenario}.yaml").read_text())
    return [f"{key}={value}" for key, value in (told or {}).items()]


def keep(home: Path, seed: int) -> None:
    """Copy the home of a campaign that failed, without its arenas, and say where."""
    kept = home.with_name(f"molt-chaos-{seed}")
    ignored = shutil.ignore_patterns("*.sock", "run", "ballast", "lost+found")
    shutil.copytree(home, kept, ignore=ignored, symlinks=True, dirs_exist_ok=True)
    print(f"kept in {kept}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
