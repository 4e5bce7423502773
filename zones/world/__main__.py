"""`python -m zones.world`: the commands of the world that need no kernel.

run      run a world for a number of ticks and print what it came to
compile  compile every kernel into the cache, so that a boot only loads them
doctor   check the world of a home: every invariant, with its value and its limit
replay   prove the stored snapshots of a home from the oldest one and the inputs of the log
dry-run  tick a copy of a home's world, sealed, and tell the hash: what would this code do?
self-test  found a small world in memory and run it: does this copy of the code work?
"""

import argparse
import codecs
import io
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, NoReturn

from Kernel.contract.errors import ConfigError, MoltError, Refused, UsageError
from Kernel.contract.inputs import ADD_TRAIT, Input
from Kernel.contract.sources import WORLD
from zones.runtime import numba_setup
from zones.runtime.cage import Layer, probe
from zones.runtime.command_errors import tell_error
from zones.world import doctor, dry_run, recorded, replay, run, self_test
from zones.world.engine import PHASES
from zones.world.sealed_replaying import NOT_HERE, SealedCode, code_of
from zones.world.settings import ENTITIES_LIMIT, parse_settings
from zones.world.trait_loading import LoadedTraits, read_trait, traits_for, traits_of
from zones.world.warm_up import prepare

CONFIG = Path(__file__).resolve().parents[2] / "config" / "world.yaml"
TICKS_MAX: Final = 2**62
SEED_MAX: Final = 2**64 - 1
VALUE_SHOWN_MAX: Final = 48
EXIT_UNSOUND: Final = 1
EXIT_INTERRUPTED: Final = 130
SELF_TEST_TICKS_MAX: Final = 100_000
_LABEL_WIDTH: Final = 15
THIN_SPACE: Final = "\N{THIN SPACE}"
PLAIN: Final = "molt.plain"
_PLAIN_FOR: Final = {
    THIN_SPACE: " ",
    doctor.HOLDS: "+",
    doctor.FAILS: "x",
    doctor.LEFT_OUT: "-",
    replay.WARNS: "!",
    replay.CUT: "...",
}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Complain in our form; argparse would print usage and leave by itself."""
        raise UsageError(f"cannot read the command line: {message}", f"{self.prog} --help")


def _plain(error: UnicodeError) -> tuple[str, int]:
    """Return what stands for characters that a terminal lacks, and where to go on."""
    assert isinstance(error, UnicodeEncodeError), "it only writes"
    lacking = error.object[error.start : error.end]
    return "".join(_PLAIN_FOR.get(sign, "?") for sign in lacking), error.end


codecs.register_error(PLAIN, _plain)


def main(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that lacks a character shows a plain one instead of ending the command.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=PLAIN)
    home: Path | None = None
    try:
        options = _parser().parse_args(arguments)
        home = getattr(options, "home", None)
        if home is None and getattr(options, "needs_home", False):
            raise UsageError("cannot tell whose world is meant: --home DIR is missing", "molt help")
        code = _COMMANDS[options.command](options)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # The reader has seen enough; nothing is left to be flushed at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return EXIT_INTERRUPTED
    except MoltError as error:
        tell_error(error, home, "--json" in arguments)
        return error.exit_code


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="molt world", description="commands of the world that need no kernel")
    commands = parser.add_subparsers(dest="command", required=True)
    _add_run(commands)
    _add_threads(commands.add_parser("compile", help="compile all kernels into the cache"))
    _add_home(
        commands.add_parser("doctor", prog="molt doctor world", help="check the world of a home")
    )
    _add_replay(
        commands.add_parser("replay", prog="molt replay", help="prove stored snapshots by the log")
    )
    dry = commands.add_parser("dry-run", help="tick a copy of a home's world and tell the hash")
    _add_home(dry)
    _add_count(dry, "--ticks", 1, SELF_TEST_TICKS_MAX, "how far (default 600)", default=600)
    dry.add_argument("--zone", default="stable", help="whose world (default stable)")
    dry.add_argument("--image", type=Path, help="a snapshot to begin from")
    dry.add_argument("--keep", type=Path, metavar="DIR", help="write the beginning to this folder")
    test = commands.add_parser("self-test", help="found a small world in memory and run it")
    _add_count(test, "--ticks", 1, SELF_TEST_TICKS_MAX, "how far (default 300)", default=300)
    return parser


def _add_run(commands: "argparse._SubParsersAction[_Parser]") -> None:
    once = commands.add_parser(
        "run",
        help="run a world without a kernel",
        epilog="Settings are read as the kernel reads them: the file, a scenario laid over it, "
        "environment variables MOLT_<KEY> (MOLT_SEED=7), then --set, --seed and --entities.",
    )
    _add_count(once, "--ticks", 0, TICKS_MAX, "how far to run", required=True)
    _add_count(once, "--seed", 0, SEED_MAX, "instead of the configured one")
    _add_count(
        once, "--entities", 1, ENTITIES_LIMIT, "scale the world: so many slots, all taken at tick 0"
    )
    once.add_argument(
        "--scenario",
        default="",
        metavar="NAME",
        help="lay config/scenarios/NAME.yaml over the settings",
    )
    once.add_argument(
        "--inputs", type=Path, help="what molt events kind=input.applied --json prints"
    )
    once.add_argument(
        "--trait",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        dest="traits",
        help="let everybody carry the trait of this source from tick 1 on; may be repeated",
    )
    once.add_argument("--home", type=Path, help="keep the arena in HOME/data/world-run.arena")
    once.add_argument(
        "--config",
        type=Path,
        default=CONFIG,
        metavar="FILE",
        help="YAML settings and parameters of the world, instead of config/world.yaml",
    )
    once.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        dest="overrides",
        help="one key of that file with another value, as in friction=0.9; may be repeated",
    )
    _add_threads(once)
    _add_told(once)
    # For the canary of the kill tests only: one random draw too many in each tick, which the
    # hash of every tick must show.
    once.add_argument("--canary", action="store_true", help=argparse.SUPPRESS)


def _add_told(once: argparse.ArgumentParser) -> None:
    """Add what is told of a run."""
    once.add_argument(
        "--hash-at",
        type=_list_of(_count("--hash-at", 0, TICKS_MAX, f"{once.prog} --help")),
        default=[],
        metavar="TICK,TICK",
        help="report the hashes of these ticks, too",
    )
    once.add_argument(
        "--events",
        type=Path,
        metavar="FILE",
        help="write every event of the world to this file, as lines of JSON",
    )
    once.add_argument("--json", action="store_true", help="one document on stdout")


def _add_replay(parser: argparse.ArgumentParser) -> None:
    _add_home(parser)
    _add_count(parser, "--to-tick", 1, TICKS_MAX, "how far (default: the newest snapshot)")
    _add_count(parser, "--from-tick", 0, TICKS_MAX, "of the snapshot to begin from (the oldest)")
    _add_threads(parser)


def _add_home(parser: argparse.ArgumentParser) -> None:
    # Not `required`: usage would tell people to type what molt adds.
    parser.add_argument("--home", type=Path, default=None, metavar="DIR", help="whose world")
    parser.add_argument("--json", action="store_true", help="one document on stdout")
    parser.set_defaults(needs_home=True)


def _add_threads(parser: argparse.ArgumentParser) -> None:
    text = "threads of the parallel phases (default 1); they change the speed and no result"
    _add_count(parser, "--threads", 1, numba_setup.THREADS_MAX, text, default=1)


def _add_count(
    parser: argparse.ArgumentParser,
    option: str,
    low: int,
    high: int,
    text: str,
    *,
    required: bool = False,
    default: int | None = None,
) -> None:
    parser.add_argument(
        option,
        type=_count(option, low, high, f"{parser.prog} --help"),
        required=required,
        default=default,
        metavar="N",
        help=text,
    )


def _list_of(read: Callable[[str], int]) -> Callable[[str], list[int]]:
    """Return what reads such numbers with commas between them."""
    return lambda text: [read(each) for each in text.split(",")]


def _count(option: str, low: int, high: int, help: str) -> Callable[[str], int]:
    """Return what reads a whole number; its error names option, value and limits."""

    def read(text: str) -> int:
        try:
            value: int | None = int(text)
        except ValueError:
            value = None
        if value is None or not low <= value <= high:
            raise UsageError(
                f"cannot take {option} {text[:VALUE_SHOWN_MAX]!a}: "
                f"it is a whole number from {low} to {high}",
                help,
            )
        return value

    return read


def _grouped(number: float) -> str:
    return f"{number:,.0f}".replace(",", THIN_SPACE)


def _run(options: argparse.Namespace) -> int:
    overrides = list(options.overrides)
    if options.seed is not None:
        overrides.append(f"seed={options.seed}")
    sources = run.read_sources(options.config, overrides, options.scenario)
    values = sources.values[WORLD]
    try:
        settings = parse_settings(values, options.entities)
    except ConfigError as error:
        raise sources.explain(WORLD, error) from error
    if options.entities is not None and "entities" in values:
        _tell_replaced(values["entities"], options.entities)
    inputs = recorded.read_inputs(options.inputs) if options.inputs else []
    traits = [read_trait(path) for path in options.traits]
    code = _code_for(traits_for(inputs, options.home, [each for _, each in traits]), options)
    if code is not None and Layer.SECCOMP in code.missing:
        raise Refused(f"cannot run traits: {NOT_HERE}", "molt doctor cage")
    brought = [recorded.Recorded(1, Input(ADD_TRAIT, trait=facts)) for facts, _ in traits]
    with run.open_events(options.events) as tell:
        report = run.run_world(
            settings,
            options.ticks,
            threads=options.threads,
            inputs=[*brought, *inputs],
            hash_at=frozenset(options.hash_at),
            code=code,
            arena=options.home / "data" / "world-run.arena" if options.home else None,
            extra_draw=options.canary,
            progress=_show_tick if sys.stderr.isatty() else None,
            tell=tell,
        )
    if options.json:
        print(json.dumps(report.fields()))
    else:
        _print_table(report)
    return 0


def _code_for(traits: LoadedTraits, options: argparse.Namespace) -> SealedCode | None:
    """Return the code of traits for a sealed child, with every kernel loaded if there is any."""
    if not len(traits):
        return None
    code = code_of(traits, probe().missing)  # while there is one thread
    prepare(options.threads)
    return code


def _tell_replaced(configured: int, entities: int) -> None:
    """Say that --entities founds more than a scenario wants: few founders make a boom, all none."""
    if configured != entities:
        print(
            f"--entities {entities} replaces entities: {configured} of the settings: "
            "all slots are taken at tick 0",
            file=sys.stderr,
        )


def _print_table(report: run.Report) -> None:
    if report.windows:
        print(f"{'tick':>13} {'population':>11} {'births':>9} {'deaths':>9}")
    for window in report.windows:
        print(
            f"{_grouped(window['tick']):>13} {_grouped(window['population']):>11} "
            f"{_grouped(window['births']):>9} {_grouped(window['deaths']):>9}"
        )
    deaths = ", ".join(f"{_grouped(count)} of {cause}" for cause, count in report.deaths.items())
    lines = [
        ("tick", _grouped(report.tick)),
        ("population", _grouped(report.population)),
        ("births", f"{_grouped(report.births)}, and {_grouped(report.seeded)} seeded"),
        ("deaths", deaths),
        *(_peak(name, peak) for name, peak in report.peaks.items()),
        ("speed", f"{_grouped(report.ticks_per_s)} ticks/s"),
        ("hash", report.hash),
        *((f"at {_grouped(int(tick))}", digest) for tick, digest in report.hashes.items()),
    ]
    for label, text in lines:
        print(f"{label:<{_LABEL_WIDTH}}{text}")


def _peak(name: str, peak: Mapping[str, float]) -> tuple[str, str]:
    """Return label and text of one of `Peaks`."""
    value, tick = peak["value"], _grouped(peak["tick"])
    percent = f"{value * 100:.0f} %"
    return {
        "starvation": ("most hunger", f"{percent} starved within 300 ticks, tick {tick}"),
        "deaths": ("most deaths", f"{percent} died within 300 ticks, tick {tick}"),
        "growth": (
            "fastest boom",
            f"{_amount(value)} times the mean of the {_grouped(1500)} ticks before, tick {tick}",
        ),
        "diversity": (
            "least variety",
            f"as diverse as {_amount(value)} lineages of equal size, tick {tick}",
        ),
    }[name]


def _amount(value: float) -> str:
    """Return a number for people: one decimal below 100, grouped digits above."""
    return f"{value:.1f}" if value < 100 else _grouped(value)


def _show_tick(tick: int) -> None:
    print(f"\rtick {_grouped(tick)}", end="", file=sys.stderr, flush=True)


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


def _doctor(options: argparse.Namespace) -> int:
    examination = doctor.examine(options.home)
    if options.json:
        print(json.dumps(examination.fields()))
    else:
        columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
        print(doctor.table(examination, columns))
    return 0 if examination.sound else EXIT_UNSOUND


def _replay(options: argparse.Namespace) -> int:
    progress = _show_tick if sys.stderr.isatty() else None
    again = replay.Replay(
        options.home,
        threads=options.threads,
        progress=progress,
        code=lambda hashes: _code_for(traits_of(options.home, hashes), options),
    )
    proof = again.prove(options.to_tick, options.from_tick)
    if progress is not None:
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
    print(json.dumps(proof.fields()) if options.json else "\n".join(replay.proof_lines(proof)))
    if proof.checked_nothing:
        return Refused.exit_code
    return 0 if proof.holds else EXIT_UNSOUND


def _dry_run(options: argparse.Namespace) -> int:
    told = dry_run.run_dry(options.home, options.zone, options.ticks, options.image, options.keep)
    print(json.dumps(told))
    return 0


def _self_test(options: argparse.Namespace) -> int:
    print(json.dumps(self_test.run_self_test(options.ticks)))
    return 0


_COMMANDS: Final = {
    "run": _run,
    "compile": _compile,
    "doctor": _doctor,
    "replay": _replay,
    "dry-run": _dry_run,
    "self-test": _self_test,
}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
