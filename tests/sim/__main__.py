"""Run the simulation: `python -m tests.sim --seed N --hours H`, or many seeds.

A seed that fails is printed with the command that replays it, and kept in `seeds.txt`.
"""

import argparse
import sys
import time
from pathlib import Path

from tests.sim.canaries import CANARIES, planted
from tests.sim.simulation import Summary, run_seed

SEEDS = Path(__file__).with_name("seeds.txt")


def kept_seeds() -> list[tuple[int, float]]:
    """Return the seeds that once failed, with their hours."""
    lines = [line.split("#")[0].split() for line in SEEDS.read_text().splitlines()]
    return [(int(line[0]), float(line[1])) for line in lines if line]


def keep_seed(seed: int, hours: float, why: str) -> None:
    """Add a seed that failed to the file, once."""
    if (seed, hours) not in kept_seeds():
        first = why.strip().splitlines()[-1][:80]
        with SEEDS.open("a") as file:
            file.write(f"{seed} {hours:g}  # {first}\n")


def replay(seed: int, hours: float) -> str:
    """Return the command that runs a seed again."""
    return f"python -m tests.sim --seed {seed} --hours {hours:g} --trace"


def show(summary: Summary, spent_s: float) -> None:
    """Print what came of one seed."""
    faults = sum(count for what, count in summary.counts.items() if what.startswith("fault "))
    print(
        f"seed {summary.seed}: {summary.simulated_s / 3600:.2f} h in {spent_s:.1f} s, "
        f"{summary.ticks} ticks, {summary.counts['takeover']} takeovers, {faults} faults, "
        f"{summary.counts['kernel boot']} boots, {summary.counts['inputs']} inputs, "
        f"trace {summary.digest}",
        flush=True,
    )


def main(arguments: list[str]) -> int:
    """Run; return 1 when a seed has failed."""
    parser = argparse.ArgumentParser(prog="tests.sim", description=__doc__)
    parser.add_argument("--seed", type=int, help="the first seed (default: by the clock)")
    parser.add_argument("--seeds", type=int, default=1, help="how many, one after the other")
    parser.add_argument("--hours", type=float, default=1.0, help="simulated hours of each")
    parser.add_argument("--trace", action="store_true", help="print everything that happens")
    parser.add_argument("--events", action="store_true", help="print how often each happened")
    parser.add_argument("--canary", choices=sorted(CANARIES), default="", help="plant a bug")
    parser.add_argument("--no-keep", action="store_true", help="leave seeds.txt as it is")
    options = parser.parse_args(arguments)
    first = options.seed if options.seed is not None else int(time.time()) % 1_000_000_000
    failed = 0
    for seed in range(first, first + options.seeds):
        began_s = time.monotonic()
        with planted(options.canary):
            summary = run_seed(seed, options.hours, print if options.trace else None)
        show(summary, time.monotonic() - began_s)
        if options.events:
            for what, count in sorted(summary.counts.items()):
                print(f"  {count:8}  {what}")
        if summary.violation:
            failed += 1
            print(f"FAILED seed {seed}: {summary.violation}\n  {replay(seed, options.hours)}")
            if not options.no_keep and not options.canary:
                keep_seed(seed, options.hours, summary.violation)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
