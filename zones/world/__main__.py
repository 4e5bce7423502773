"""`python -m zones.world`: the commands of the world that need no kernel.

run      run a world for a number of ticks and print what it came to
compile  compile every kernel into the cache, so that a boot only loads them
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from Kernel.contract.errors import MoltError
from zones.world import numba_setup, run
from zones.world.engine import PHASES, prepare
from zones.world.settings import parse_settings

CONFIG = Path(__file__).resolve().parents[2] / "config" / "world.yaml"


def main(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        return _compile(options) if options.command == "compile" else _run(options)
    except MoltError as error:
        print(error.message, file=sys.stderr)
        if error.hint:
            print(f"  try: {error.hint}", file=sys.stderr)
        return error.exit_code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="molt world", description=__doc__.partition("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    once = commands.add_parser("run", help="run a world without a kernel")
    once.add_argument("--ticks", type=_count, required=True, help="how far to run")
    once.add_argument("--seed", type=_count, help="instead of the configured one")
    once.add_argument("--entities", type=_count, help="scale the world to this many Molbots")
    once.add_argument("--inputs", type=Path, help="JSON lines of input.applied events")
    once.add_argument("--home", type=Path, help="keep the arena in HOME/data/world-run.arena")
    once.add_argument("--config", type=Path, default=CONFIG, help="instead of config/world.yaml")
    once.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="overrides")
    once.add_argument("--threads", type=_count, default=1)
    once.add_argument("--json", action="store_true", help="one document on stdout")
    # For the canary of the kill tests only: one random draw too many in each tick, which the
    # hash of every tick must show.
    once.add_argument("--canary", action="store_true", help=argparse.SUPPRESS)
    ready = commands.add_parser("compile", help="compile all kernels into the cache")
    ready.add_argument("--threads", type=_count, default=1)
    return parser


def _count(text: str) -> int:
    value = int(text)
    if value < 0:
        raise ValueError("a count is not negative")
    return value


def _run(options: argparse.Namespace) -> int:
    overrides = list(options.overrides)
    if options.seed is not None:
        overrides.append(f"seed={options.seed}")
    settings = parse_settings(run.read_settings(options.config, overrides), options.entities)
    report = run.run_world(
        settings,
        options.ticks,
        threads=options.threads,
        inputs=run.read_inputs(options.inputs) if options.inputs else (),
        arena=options.home / "data" / "world-run.arena" if options.home else None,
        extra_draw=options.canary,
        progress=_show_tick if sys.stderr.isatty() else None,
    )
    if options.json:
        print(json.dumps(report.fields()))
    else:
        _print_table(report)
    return 0


def _print_table(report: run.Report) -> None:
    if report.windows:
        print(f"{'tick':>10} {'population':>11} {'births':>8} {'deaths':>8}")
    for window in report.windows:
        print(
            f"{window['tick']:>10} {window['population']:>11} "
            f"{window['births']:>8} {window['deaths']:>8}"
        )
    deaths = ", ".join(f"{count} of {cause}" for cause, count in report.deaths.items())
    print(f"tick        {report.tick}")
    print(f"population  {report.population}")
    print(f"births      {report.births}, and {report.seeded} seeded")
    print(f"deaths      {deaths}")
    print(f"speed       {report.ticks_per_s:.0f} ticks/s")
    print(f"hash        {report.hash}")


def _show_tick(tick: int) -> None:
    print(f"\rtick {tick}", end="", file=sys.stderr, flush=True)


def _compile(options: argparse.Namespace) -> int:
    started_s = time.perf_counter()
    done = 0

    def show(phase: str) -> None:
        nonlocal done
        done += 1
        if done < len(PHASES):
            passed_s = time.perf_counter() - started_s
            print(
                f"[{done}/{len(PHASES) - 1}] {phase:<9} {passed_s:5.1f} s",
                file=sys.stderr,
                flush=True,
            )

    prepare(options.threads, show)
    removed = numba_setup.prune_cache()
    passed_s = time.perf_counter() - started_s
    print(f"kernels are ready after {passed_s:.1f} s", file=sys.stderr)
    if removed:
        print(f"removed {removed} caches of older sources", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
