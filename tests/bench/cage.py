"""The cage: what a sealed child costs, what sealing costs the world's tick.

Owns: rows and goals. Does not own: how children (`cage_children.py`) and ticks (`cage_ticks.py`)
are measured. The limit of a sealed child is the bare fork of the same process, in the same run.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence

from tests.bench.cage_children import Children, measure_children
from tests.bench.cage_ticks import measure_ticks
from tests.bench.figures import median
from tests.bench.report import ROOT, CannotMeasure, Goal, Report, Row, at_most
from zones.runtime import cage
from zones.runtime.cage import Layer

ENTITIES, ENTITIES_QUICK = 50_000, 2_000
ROUNDS, ROUNDS_QUICK = 60, 6
CHILD_MS = 5.0
TICK_SHARE = 0.01
"""More than the same tick unsealed."""
PROBE_MS = 50.0


def measure(peers: bool, quick: bool) -> Report:
    """Measure children, calls and ticks; peers there are none: the bare fork is the limit.

    Raises:
        CannotMeasure: this machine has no filter of calls.
    """
    report = cage.probe()
    if Layer.SECCOMP in report.missing:
        raise CannotMeasure(f"cannot measure a cage of grade {report.grade}: `molt doctor cage`")
    rounds = ROUNDS_QUICK if quick else ROUNDS
    small = _small_children(rounds)
    entities = ENTITIES_QUICK if quick else ENTITIES
    pairs = {
        threads: measure_ticks(entities, threads, rounds)
        for threads in sorted({1, min(2, os.cpu_count() or 1)})
    }
    # The bench has loaded what a zygote has by now.
    large = measure_children(rounds)
    probe_ms = cage.probe().seconds * 1000
    rows: list[Row] = [
        {"what": "grade", "grade": report.grade, "landlock_abi": report.abi, "probe_ms": probe_ms},
        *_rows_of("small process", small),
        *_rows_of("process as large as a zygote", large),
        *(_tick_row(entities, threads, *taken) for threads, taken in pairs.items()),
    ]
    return Report("cage", rows, _goals(small, large, pairs, probe_ms))


def _small_children(rounds: int) -> Children:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.cage_children", str(rounds)],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return Children(**json.loads(done.stdout))


def _rows_of(where: str, children: Children) -> list[Row]:
    return [
        {
            "what": "child",
            "of": where,
            "bare_ms": children.bare_ms,
            "bare_best_ms": children.bare_best_ms,
            "sealed_ms": children.sealed_ms,
            "sealed_best_ms": children.sealed_best_ms,
            "sealed_p99_ms": children.sealed_p99_ms,
            "added_ms": children.sealed_ms - children.bare_ms,
        },
        {"what": "layers, us of processor added", "of": where} | children.layers_us,
        {
            "what": "call, ns",
            "of": where,
            "unsealed": children.call_ns[0],
            "sealed": children.call_ns[1],
            "unsealed_checked": children.checked_ns[0],
            "sealed_checked": children.checked_ns[1],
        },
    ]


def _tick_row(
    entities: int, threads: int, bare_ms: Sequence[float], sealed_ms: Sequence[float]
) -> Row:
    return {
        "what": "tick",
        "entities": entities,
        "threads": threads,
        "unsealed_ms": median(bare_ms),
        "sealed_ms": median(sealed_ms),
        "ratio": ratio(bare_ms, sealed_ms),
        "pairs": len(bare_ms),
    }


def ratio(bare_ms: Sequence[float], sealed_ms: Sequence[float]) -> float:
    """Return the median of what the same tick takes sealed, as a multiple of unsealed."""
    return median([b / a for a, b in zip(bare_ms, sealed_ms, strict=True)])


def _goals(
    small: Children,
    large: Children,
    pairs: dict[int, tuple[list[float], list[float]]],
    probe_ms: float,
) -> list[Goal]:
    return [
        at_most("sealed child of a small process", small.sealed_ms, CHILD_MS, "ms"),
        at_most("sealed child of a process as a zygote", large.sealed_ms, CHILD_MS, "ms"),
        *(
            at_most(
                f"sealing costs the tick, {threads} thread{'s' * (threads > 1)}",
                ratio(*taken) - 1.0,
                TICK_SHARE,
                "of it",
            )
            for threads, taken in pairs.items()
        ),
        at_most("probing the machine", probe_ms, PROBE_MS, "ms"),
    ]
