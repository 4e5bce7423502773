"""How long a call takes: `call(lambda: 1)` through a live kernel, and by a zygote alone.

Owns: the rows. Does not own: calls (`Kernel/core/calls.py`, `zones/runtime/called.py`), what a
sealed child costs (`cage.py`).
"""

import time
from collections.abc import Callable

from tests.bench.console import call_once
from tests.bench.figures import median, percentile
from tests.bench.live_kernel import live_kernel
from tests.bench.report import ROOT, Report, Row
from tests.support.call_cells import Cells
from tests.support.homes import temporary_home
from zones.client.calling import call_at

ROUNDS, ROUNDS_QUICK = 60, 5
CLI_ROUNDS, CLI_ROUNDS_QUICK = 15, 2
_SERVICE = "zones.world"


def measure(peers: bool, quick: bool) -> Report:
    """Call often, one after the other; there is no peer to it."""
    del peers
    rounds = ROUNDS_QUICK if quick else ROUNDS
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
        _row("molt run one.py --json", by_command),
    ]
    return Report("call", rows, [])


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
