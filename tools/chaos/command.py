"""`molt chaos`: faults for a kernel that runs, for a bounded time, and what they cost.

Owns: the command's options, the question before it, what is shown meanwhile. Does not own: the
faults, what must hold, the report. Exit code 0: all held, 1: something did not. What would damage a
home's files or needs a kernel to be started again is left to `make chaos`, which has a kernel of
its own.
"""

import argparse
import json
import math
import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from random import SystemRandom
from typing import Any, Final

from Kernel.contract.errors import Refused, UsageError
from tools.chaos.campaign import Campaign, Round
from tools.chaos.checkup import Check
from tools.chaos.fault import Fault
from tools.chaos.flood_faults import flood_faults
from tools.chaos.interrupts import Interrupts
from tools.chaos.load_faults import load_faults
from tools.chaos.process_faults import process_faults
from tools.chaos.report import lines_of, report_of
from tools.chaos.target import NotInTime, Target
from tools.chaos.verdict import final_checks
from zones.runtime.command_line import Commands, add_command, whole

MINUTES: Final = 10.0
MINUTES_MAX: Final = 24 * 60.0
SEED_MAX: Final = 2**31 - 1
REPLAY_S: Final = 1800


def add(commands: Commands) -> None:
    """Add the command and its options."""
    parser = add_command(commands, "chaos", run, __doc__.split("\n")[0])
    parser.set_defaults(home=Path.cwd())
    parser.add_argument(
        "--minutes", type=minutes, default=MINUTES, metavar="M", help=f"how long ({MINUTES:g})"
    )
    parser.add_argument(
        "--seed", type=whole(0, SEED_MAX), metavar="S", help="decides what happens, in which order"
    )
    parser.add_argument("--dry-run", action="store_true", help="list what could happen")
    parser.add_argument("--yes", action="store_true", help="do not ask")


def minutes(text: str) -> float:
    """Read how long a campaign may last, for argparse."""
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not 0 < found <= MINUTES_MAX:
        raise argparse.ArgumentTypeError(
            f"{text[:32]!r} is not a time above 0 and up to {MINUTES_MAX:g} minutes"
        )
    return found


def run(options: argparse.Namespace) -> int:
    """Run a campaign on the kernel of a home, show its report and return the exit code.

    Raises:
        NoKernel: there is none.
        UsageError: it must be asked for, and nobody is at the terminal.
        Refused: somebody was asked and said no.
    """
    target = Target(options.home.resolve())
    try:
        zones = [each["name"] for each in target.zones() if not each.get("arena")]
        faults = [*process_faults(zones), *load_faults(), *flood_faults(zones)]
        if options.dry_run:
            show_faults(faults, options.json)
            return 0
        if not options.yes:
            confirm(options)
        seed = SystemRandom().randint(1, SEED_MAX) if options.seed is None else options.seed
        print(f"--seed {seed}", file=sys.stderr, flush=True)
        report = hurt(target, faults, options.minutes * 60, seed)
    finally:
        target.close()
    print(json.dumps(report) if options.json else "\n".join(lines_of(report)))
    return 0 if report["ok"] else 1


def confirm(options: argparse.Namespace) -> None:
    """Ask whether it may begin.

    Raises:
        UsageError: nobody is at the terminal.
        Refused: the answer was no.
    """
    words = ["molt", "chaos", "--minutes", f"{options.minutes:g}"]
    words += [] if options.seed is None else ["--seed", str(options.seed)]
    hint = shlex.join([*words, "--yes"])
    if not sys.stdin.isatty():
        raise UsageError("cannot begin without asking: nobody is at the terminal", hint)
    asked = f"This hurts the kernel at {options.home} for {options.minutes:g} minutes. Go on? [y/N]"
    print(asked, end=" ", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise Refused("not done: the answer was no", hint)


def show_faults(faults: Sequence[Fault], as_json: bool) -> None:
    """Show what could happen, and how often it would; nothing is done."""
    whole_weight = sum(each.weight for each in faults)
    rows = [
        {
            "name": each.name,
            "weight": each.weight,
            "share": round(each.weight / whole_weight, 4),
            "misses": each.misses.value,
            "alone": each.alone,
        }
        for each in sorted(faults, key=lambda each: (-each.weight, each.name))
    ]
    if as_json:
        print(json.dumps({"dry_run": True, "faults": rows}))
        return
    print("nothing was done; what could happen, and in how many of a hundred rounds:")
    for row in rows:
        print(f"  {100 * row['share']:5.1f}  {row['name']}")


def hurt(target: Target, faults: Sequence[Fault], length_s: float, seed: int) -> dict[str, Any]:
    """Run a campaign and return its report; one that is ended early heals, and tells so far."""
    late: list[Check] = []
    with Interrupts() as interrupts:
        campaign = Campaign(target, faults, seed, show, put_off=interrupts.put_off)
        try:
            campaign.run(length_s)
        except NotInTime as error:
            late.append(Check("all came back", False, str(error)))
        except KeyboardInterrupt:
            print("\nended early; what was found until now:", file=sys.stderr, flush=True)
            late += come_back(target)
    left = campaign.sender.end()
    checks = [*late, *final_checks(campaign, left), check_replay(target.home)]
    return report_of(campaign, checks, {"seed": seed, "home": str(target.home)})


def come_back(target: Target) -> list[Check]:
    """Wait until all serve again after a round that was ended early."""
    try:
        target.wait_all_serve()
    except NotInTime as error:
        return [Check("all came back", False, str(error))]
    return []


def check_replay(home: Path) -> Check:
    """The log, run again from the world's founding, gives the worlds that were kept meanwhile."""
    name = "the log gives the same world"
    try:
        done = subprocess.run(
            [sys.executable, "-m", "zones.world", "replay", "--home", str(home), "--json"],
            capture_output=True, text=True, timeout=REPLAY_S, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return Check(name, False, f"not told in {REPLAY_S} s")
    try:
        told = json.loads(done.stdout)
        found = f"{told['snapshots_checked']} snapshots to tick {told['tick']}"
        return Check(name, bool(told["holds"]), found)
    except (ValueError, KeyError):
        return Check(name, False, done.stderr.strip()[-500:])


def show(now: Round) -> None:
    """Say on stderr what a round was; a line each, over each other on a terminal."""
    told = "; ".join(now.told) or "nobody was there to be hurt"
    words = f"{now.at_s:6.0f} s  {told}  back after {now.recovered_s:.2f} s"
    if now.breaches:
        print(f"{words}\n  FALSE: {'; '.join(now.breaches)}", file=sys.stderr, flush=True)
    elif sys.stderr.isatty():
        width = os.get_terminal_size(sys.stderr.fileno()).columns
        print(f"\r{words[: width - 1]}\x1b[K", end="", file=sys.stderr, flush=True)
    else:
        print(words, file=sys.stderr, flush=True)
