"""The peers of the world bench: Mesa, idiomatic and hand-tuned, and the same rules in C.

Owns: starting them with molt's rules. Does not own: those rules in their languages (`peers/`).
Mesa is measured from its first tick, while food is plenty and near, which is its best case. The C
limit is compiled here and warmed as we are.
"""

import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.bench.peers.world_rules import Rules
from tests.bench.peers_env import peers_python
from tests.bench.report import ROOT, CannotMeasure
from tests.bench.world_runs import SIDE, settings_of
from zones.world.parameters import BY_NAME

PEERS = Path(__file__).parent / "peers"
LIMIT_SOURCE = PEERS / "world_limit.c"
# Neither of the two -fno changes a result: sqrt need not set errno, floats need not trap. Without
# them gcc vectorises less than LLVM does for us.
LIMIT_FLAGS = ("-O3", "-march=native", "-fno-math-errno", "-fno-trapping-math", "-fopenmp")
MESA = {"mesa idiomatic": ("world_mesa.py", 1), "mesa hand-tuned": ("world_mesa_tuned.py", 2)}
"""Script, and threads: the KD-tree query uses all cores, Python one."""
BUDGET_S = 30.0
MESA_TICKS = 20
COMPILE_TIMEOUT_S = 120.0


def run_mesa(name: str, entities: int) -> list[float]:
    """Return the ms of each tick of one Mesa model in its own Python.

    Raises:
        CannotMeasure: it failed, or not one tick was done within the budget.
    """
    command = [
        str(peers_python()),
        str(PEERS / MESA[name][0]),
        json.dumps(asdict(rules_of(entities, MESA_TICKS))),
    ]
    ticks_ms: list[float] = _ask(command, name)["ticks_ms"]
    return ticks_ms


def compile_limit(folder: Path) -> Path | None:
    """Compile the C limit for this machine into `folder`; None: there is no gcc.

    Raises:
        CannotMeasure: gcc is here and cannot compile it.
    """
    gcc = shutil.which("gcc")
    if gcc is None:
        return None
    program = folder / "world_limit"
    command = [gcc, *LIMIT_FLAGS, "-o", str(program), str(LIMIT_SOURCE), "-lm"]
    try:
        subprocess.run(
            command, capture_output=True, check=True, text=True, timeout=COMPILE_TIMEOUT_S
        )
    except subprocess.CalledProcessError as error:
        raise CannotMeasure(f"cannot compile the C limit: {error.stderr[-500:]}") from error
    return program


def run_limit(
    program: Path, entities: int, threads: int, warm: int, ticks: int
) -> tuple[list[float], int]:
    """Return the ms of each tick after `warm` ticks, and the population at the end.

    Raises:
        CannotMeasure: it failed, or not one tick was done within the budget.
    """
    rules = asdict(rules_of(entities, ticks))
    settings = {**rules, "threads": threads, "warm": warm}
    command = [str(program), *(f"{key}={value}" for key, value in settings.items())]
    found = _ask(command, "the C limit")
    return found["ticks_ms"], found["population"]


def rules_of(entities: int, ticks: int) -> Rules:
    """Return the rules of the "bench" workload for a peer."""
    ours = settings_of("bench", entities).parameters
    values = {name: ours[parameter.index] for name, parameter in BY_NAME.items()}
    return Rules(
        entities=entities,
        side=SIDE,
        ticks=ticks,
        budget_s=BUDGET_S,
        **{key: values[key] for key in Rules.__slots__ if key in values},
    )


def _ask(command: Sequence[str], name: str) -> dict[str, Any]:
    try:
        # Once over its budget a peer may finish the tick it is in.
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, check=True, text=True, timeout=3 * BUDGET_S
        )
    except subprocess.TimeoutExpired as error:
        raise CannotMeasure(f"cannot measure {name}: no tick in {3 * BUDGET_S:.0f} s") from error
    except subprocess.CalledProcessError as error:
        raise CannotMeasure(f"cannot measure {name}: {error.stderr[-500:]}") from error
    found: dict[str, Any] = json.loads(done.stdout)
    if not found["ticks_ms"]:
        raise CannotMeasure(f"cannot measure {name}: founding took over {BUDGET_S:.0f} s")
    return found
