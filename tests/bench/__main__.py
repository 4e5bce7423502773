"""Run one bench: `python -m tests.bench NAME [--json] [--peers] [--quick]`.

`pace` also takes --minutes and --entities.

Exit code 0: it could measure, whether goals are met or not. 1: it could not, and says why.
"""

import argparse
import importlib
import json
import sys

from rich.console import Console

from tests.bench.report import (
    CannotMeasure,
    Report,
    describe_machine,
    print_report,
    read_commit,
    to_document,
)

PIPE_COLUMNS = 160
NAMES = (
    "takeover",
    "hang",
    "console",
    "orphans",
    "boot",
    "footprint",
    "bus",
    "world",
    "ledger",
    "exports",
    "pace",
    "traits",
    "trial",
    "hotswap",
    "update",
    "call",
    "cage",
    "evolution",
    "starving",
    "functioncache",
    "governor",
)


def parse_arguments(arguments: list[str]) -> argparse.Namespace:
    """Return the parsed command line; leaves with 2 when it is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    parser.add_argument("--peers", action="store_true", help="measure the peers in the same run")
    parser.add_argument("--quick", action="store_true", help="few repetitions, small sizes")
    parser.add_argument("--minutes", type=float, help="pace: how long to watch (10)")
    parser.add_argument("--entities", type=int, help="pace: Molbots of the world (200000)")
    options = parser.parse_args(arguments)
    if options.name != "pace" and sizes_of(options):
        parser.error(f"--minutes and --entities are for pace, not for {options.name}")
    return options


def sizes_of(options: argparse.Namespace) -> dict[str, float]:
    """Return those of the options of `pace` that were given."""
    given = {"minutes": options.minutes, "entities": options.entities}
    return {name: value for name, value in given.items() if value is not None}


def run(arguments: list[str]) -> int:
    """Measure, print, and return the exit code."""
    options = parse_arguments(arguments)
    # By name: a bench is loaded only when it is asked for, since each has its own needs.
    bench = importlib.import_module(f"tests.bench.{options.name}")
    try:
        report: Report = bench.measure(options.peers, options.quick, **sizes_of(options))
    except CannotMeasure as error:
        print(error, file=sys.stderr)
        return 1
    commit, machine = read_commit(), describe_machine()
    if options.json:
        print(json.dumps(to_document(report, commit, machine)))
    else:
        # In a pipe rich assumes 80 columns and would cut the tables.
        width = None if sys.stdout.isatty() else PIPE_COLUMNS
        print_report(report, commit, machine, Console(width=width))
    return 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
