"""`molt chaos`: faults for a kernel that runs, for a bounded time, and what they cost.

Owns: the command line. Exit code 0: all held, 1: something did not. What would damage a home's
files or needs a kernel to be started again is left to `make chaos`, which has a kernel of its own.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from random import SystemRandom
from typing import Any, Final

from Kernel.contract.errors import MoltError, UsageError
from tools.chaos.campaign import Campaign, Round
from tools.chaos.checkup import Check
from tools.chaos.flood_faults import flood_faults
from tools.chaos.load_faults import load_faults
from tools.chaos.process_faults import process_faults
from tools.chaos.report import lines_of, report_of
from tools.chaos.target import NotInTime, Target
from tools.chaos.verdict import final_checks

MINUTES_MAX: Final = 24 * 60.0
REPLAY_S: Final = 1800


def main(arguments: list[str]) -> int:
    """Run a campaign on a live kernel and return the exit code."""
    parser = argparse.ArgumentParser(prog="molt chaos", description=__doc__)
    parser.add_argument("--home", type=Path, default=Path.cwd(), help="whose kernel")
    parser.add_argument("--minutes", type=float, default=10.0, help="how long (10)")
    parser.add_argument("--seed", type=int, help="decides what happens, and in which order")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    options = parser.parse_args(arguments)
    try:
        report = hurt(options.home.resolve(), options.minutes, options.seed)
    except MoltError as error:
        print(f"{error}\nhint: {error.hint}", file=sys.stderr)
        return error.exit_code
    print(json.dumps(report) if options.json else "\n".join(lines_of(report)))
    return 0 if report["ok"] else 1


def hurt(home: Path, minutes: float, seed: int | None) -> dict[str, Any]:
    """Run a campaign against the kernel of a home, and return its report.

    Raises:
        NoKernel: there is none.
        UsageError: too long, or no time at all.
    """
    if not 0 < minutes <= MINUTES_MAX:
        raise UsageError(
            f"cannot go on for {minutes:g} minutes: 0 to {MINUTES_MAX:g} can be",
            "molt chaos --minutes 10",
        )
    seed = SystemRandom().randrange(1, 2**31) if seed is None else seed
    target = Target(home)
    zones = [each["name"] for each in target.zones() if not each.get("arena")]
    faults = [*process_faults(zones), *load_faults(), *flood_faults(zones)]
    campaign = Campaign(target, faults, seed, show)
    late: list[Check] = []
    try:
        campaign.run(minutes * 60)
    except NotInTime as error:
        late.append(Check("all came back", False, str(error)))
    except KeyboardInterrupt:
        print("ended early; what was found until now:", file=sys.stderr)
    checks = [*late, *final_checks(campaign, campaign.sender.end()), check_replay(home)]
    report = report_of(campaign, checks, {"seed": seed, "home": str(home)})
    target.close()
    return report


def check_replay(home: Path) -> Check:
    """The log, run again from the world's founding, gives the worlds that were kept meanwhile."""
    done = subprocess.run(
        [sys.executable, "-m", "zones.world", "replay", "--home", str(home), "--json"],
        capture_output=True, text=True, timeout=REPLAY_S, check=False,
    )  # fmt: skip
    name = "the log gives the same world"
    try:
        told = json.loads(done.stdout)
    except ValueError:
        return Check(name, False, done.stderr.strip()[-500:])
    found = f"{told['snapshots_checked']} snapshots to tick {told['tick']}"
    return Check(name, bool(told["holds"]), found)


def show(now: Round) -> None:
    """Say on stderr what a round was; a line each, over each other on a terminal."""
    words = f"{now.at_s:6.0f} s  {'; '.join(now.told)}  back after {now.recovered_s:.2f} s"
    if now.breaches:
        print(f"{words}\n  FALSE: {'; '.join(now.breaches)}", file=sys.stderr, flush=True)
    elif sys.stderr.isatty():
        width = os.get_terminal_size(sys.stderr.fileno()).columns
        print(f"\r{words[: width - 1]}\x1b[K", end="", file=sys.stderr, flush=True)
    else:
        print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
