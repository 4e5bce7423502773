"""Make `docs/ecology.md`: run many worlds and say, with plots, whether their ecology lives.

Owns: the command line, what is run, the files written. Does not own: numbers and claims
(`ecology/verdicts.py`), words (`ecology/prose.py`), plots (`ecology/figures.py`).

`python -m tools.ecology_report` from the checkout, or `make ecology`. Exit code 1: a claim of the
report is false (it is written all the same, and says so).
"""

import argparse
import importlib.util
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from Kernel.contract.errors import MoltError
from tools.ecology.chronicle import PERIOD_TICKS, read_chronicle
from tools.ecology.family import DRAWN_SHARE
from tools.ecology.prose import render
from tools.ecology.verdicts import (
    COOLDOWN_TICKS,
    EXPECTED,
    LIMITS,
    SETTLING_TICKS,
    World,
    count_alarms,
    judge,
    measure,
    measure_problem,
)
from tools.ecology.worlds import Order, Ran, run_all
from zones.world.parameters import DAY_TICKS, MIN_POPULATION, YEAR_DAYS
from zones.world.run import read_settings
from zones.world.settings import parse_settings

ROOT: Final = Path(__file__).resolve().parents[1]
CONFIG: Final = ROOT / "config" / "world.yaml"
DEFAULT: Final = "default"
TICKS: Final = 200_000
OTHER_SEEDS: Final = 20
QUICK_TICKS: Final = 3_000
SCENARIO_TICKS_MAX: Final = 60_000
"""A scenario's problem shows within a year or two; seeds are run for what comes later."""
SCENARIO_SEEDS: Final = 10
AT_ONCE: Final = 2
PACKAGES: Final = ("altair", "vl_convert")
SVG_BYTES_MAX: Final = 300_000
EXIT_FALSE: Final = 1
EXIT_INSTALLATION: Final = 78


def main(arguments: Sequence[str]) -> int:
    """Run the worlds, write the report and return the exit code."""
    options = _parser().parse_args(arguments)
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        print(
            f"cannot draw the ecology: packages are missing: {', '.join(missing)}\n"
            "  .venv/bin/python -m pip install -e '.[science]'",
            file=sys.stderr,
        )
        return EXIT_INSTALLATION
    ticks = QUICK_TICKS if options.quick else options.ticks
    others = 1 if options.quick else options.seeds
    try:
        seeds, problems = _run_worlds(ticks, others, 1 if options.quick else SCENARIO_SEEDS)
        data = collect(seeds, problems, options.quick)
        _write(options.out, data, seeds, problems)
    except MoltError as error:
        print(error.message, file=sys.stderr)
        return error.exit_code
    false = [claim["claim"] for claim in data["claims"] if not claim["holds"]]
    for claim in false:
        print(f"false: {claim}", file=sys.stderr)
    return EXIT_FALSE if false and not options.quick else 0


def collect(seeds: Sequence[World], problems: Sequence[World], quick: bool) -> dict[str, Any]:
    """Return every number of the report as plain data."""
    settings = seeds[0].settings
    rules = settings.parameters
    numbers = [measure(world) for world in seeds]
    trouble = [
        measure_problem([world for world in problems if world.scenario == name])
        for name in EXPECTED
    ]
    return {
        "quick": quick,
        "ticks": seeds[0].report["tick"],
        "periods": len(seeds[0].chronicle.telemetry),
        "period_ticks": PERIOD_TICKS,
        "day_ticks": int(rules[DAY_TICKS]),
        "year_ticks": int(rules[DAY_TICKS] * rules[YEAR_DAYS]),
        "settling_ticks": SETTLING_TICKS,
        "cooldown_ticks": COOLDOWN_TICKS,
        "max_entities": settings.max_entities,
        "min_population": int(rules[MIN_POPULATION]),
        "lineages_drawn_share": DRAWN_SHARE,
        "limits": asdict(LIMITS),
        "claims": judge(numbers, trouble),
        "alarms": count_alarms(numbers),
        "seeds": numbers,
        "problems": trouble,
    }


def _run_worlds(ticks: int, others: int, tries: int) -> tuple[list[World], list[World]]:
    """Run the configured seed and the next `others`, and each problem scenario on `tries` seeds."""
    first = parse_settings(read_settings(CONFIG, ())).seed
    orders = [Order(DEFAULT, first + more, ticks) for more in range(others + 1)]
    orders += [
        Order(name, first + more, min(ticks, SCENARIO_TICKS_MAX))
        for name in EXPECTED
        for more in range(tries)
    ]
    worlds = []
    with tempfile.TemporaryDirectory(prefix="molt-ecology-") as folder:
        for done, ran in enumerate(run_all(orders, Path(folder), AT_ONCE), start=1):
            worlds.append(_read(ran))
            print(f"[{done}/{len(orders)}] {ran.order.name}", file=sys.stderr, flush=True)
    return worlds[: others + 1], worlds[others + 1 :]


def _read(ran: Ran) -> World:
    """Read what a run left behind; its events file is not needed afterwards."""
    order = ran.order
    settings = parse_settings(read_settings(CONFIG, [f"seed={order.seed}"], order.scenario))
    lineages = settings.entities if settings.founder_variety else 1
    chronicle = read_chronicle(ran.events, settings.entities, lineages)
    ran.events.unlink()
    return World(order.scenario, settings, ran.report, chronicle)


def _write(
    out: Path, data: dict[str, Any], seeds: Sequence[World], problems: Sequence[World]
) -> None:
    # Plots need packages that the numbers do not; main() has looked for them.
    from tools.ecology.figures import draw_all

    folder = out / "ecology"
    folder.mkdir(parents=True, exist_ok=True)
    configured = [world for world in problems if world.settings.seed == seeds[0].settings.seed]
    draw_all(seeds, configured, folder)
    (folder / "data.json").write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    (out / "ecology.md").write_text(render(data), encoding="utf-8")
    # Last, so that a long run is not lost to it.
    large = [plot.name for plot in folder.glob("*.svg") if plot.stat().st_size > SVG_BYTES_MAX]
    assert not large, f"plots to be thinned: {large}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ecology_report", description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=_count, default=OTHER_SEEDS, help="beside the configured")
    parser.add_argument("--ticks", type=_count, default=TICKS, help="of each seed")
    parser.add_argument("--quick", action="store_true", help="two seeds, too short to judge by")
    parser.add_argument("--out", type=Path, default=ROOT / "docs", help="folder to write to")
    return parser


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"cannot take {text}: it is a whole number from 1 on")
    return value


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
