"""How long a call takes: `call(lambda: 1)` through a live kernel, and what of it is the fork.

Owns: the rows. Does not own: calls (`Kernel/core/calls.py`, `zones/runtime/called.py`). Beside the
round trip stand its parts: the same call by a zygote that no kernel is in front of, and a bare fork
of a process with the same libraries that seals itself and leaves.
"""

import os
import time
from collections.abc import Callable

from tests.bench.console import call_once
from tests.bench.figures import median, percentile
from tests.bench.live_kernel import live_kernel
from tests.bench.report import ROOT, Goal, Report, Row, at_most
from tests.support.call_cells import Cells
from tests.support.homes import temporary_home
from zones.client.calling import call_at
from zones.runtime.cage import CageLimits, Plan, enclose, probe, seal
from zones.runtime.called import load_modules
from zones.world.service import Generation

ROUNDS, ROUNDS_QUICK = 60, 5
CLI_ROUNDS, CLI_ROUNDS_QUICK = 15, 2
SEALED_CHILD_MS = 5.0
_SERVICE = "zones.world"


def measure(peers: bool, quick: bool) -> Report:
    """Call often, one after the other; there is no peer to it."""
    del peers
    rounds = ROUNDS_QUICK if quick else ROUNDS
    bare = timed(_bare_child(), rounds)
    cells = Cells(ROOT / ".cache" / "numba", _SERVICE, {"entities": 500})
    alone = timed(lambda: _check(cells.call(lambda: 1)["result"]), rounds)
    cells.close()
    with temporary_home() as home, live_kernel(home):
        whole = timed(lambda: _check(call_at(home, lambda: 1, (), {}, None)), rounds)
        file = home / "one.py"
        file.write_text("result = 1\n")
        cli_rounds = CLI_ROUNDS_QUICK if quick else CLI_ROUNDS
        by_command = timed(lambda: call_once(home, "run", str(file), "--json") > 0, cli_rounds)
    rows = [
        _row("call(lambda: 1), live kernel", whole),
        _row("the same by a zygote alone", alone),
        _row("fork, enclose, seal, leave", bare),
        _row("molt run one.py --json", by_command),
    ]
    goals: list[Goal] = [at_most("a new sealed child, median", median(bare), SEALED_CHILD_MS, "ms")]
    return Report("call", rows, goals)


def timed(act: Callable[[], object], rounds: int) -> list[float]:
    """Return how long it took each time, ms; once before, it is not counted."""
    act()
    times = []
    for _ in range(rounds):
        began_ns = time.monotonic_ns()
        act()
        times.append((time.monotonic_ns() - began_ns) / 1e6)
    return times


def _check(value: object) -> None:
    assert value == 1, value


def _row(what: str, times_ms: list[float]) -> Row:
    return {
        "what": what,
        "times": len(times_ms),
        "median_ms": median(times_ms),
        "p99_ms": percentile(times_ms, 0.99),
    }


def _bare_child() -> Callable[[], None]:
    """Return what forks this process, with all a zygote has loaded, and waits for its end."""
    Generation({"entities": 500})
    load_modules()
    limits = CageLimits(256 << 20, 10, 0, 64, 0)
    plan = Plan("sealed", limits=limits, keep=frozenset(), without=probe().missing)

    def fork() -> None:
        child = os.fork()
        if not child:
            try:
                enclose(plan)
                seal(plan)
            finally:
                os._exit(0)
        os.waitpid(child, 0)

    return fork
