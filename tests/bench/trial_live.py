"""Trials beside a running world: what its ticks notice of them.

Owns: the world, who asks, the ticks missed meanwhile. Does not own: how long a trial takes
(`trial.py`). A world of 50,000 is watched alone, then with two trials at a time, then while traits
are added; the same words of its arena are read before and after.
"""

import threading
import time
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

from Kernel.contract.arena import Header
from tests.bench.figures import median, percentile
from tests.bench.live_kernel import LiveKernel, founding, live_kernel
from tests.bench.pace import TickTimes
from tests.bench.report import ROOT, CannotMeasure, Goal, Row, at_most
from tests.support.homes import temporary_home

ENTITIES, ENTITIES_QUICK = 50_000, 500
WATCH_S, WATCH_QUICK_S = 20.0, 2.0
SETTLE_TICKS, SETTLE_S = 200, 120.0
AT_ONCE = 2
TRIAL_TICKS = 1000
ADDED = ("bounce_off_walls", "all_calm", "colour_by_energy")
"""Light ones: what is too slow among ten times as many is refused."""
LOOK_S = 0.2
ANSWER_S = 240.0


def measure_live(quick: bool) -> tuple[list[Row], list[Goal]]:
    """Watch a world alone, beside two trials, and while traits come in."""
    entities = ENTITIES_QUICK if quick else ENTITIES
    watch_s = WATCH_QUICK_S if quick else WATCH_S
    with temporary_home() as home, live_kernel(home, *founding(entities)) as kernel:
        kernel.arena.wait_for_ticks(SETTLE_TICKS, SETTLE_S)
        alone = watch(kernel, entities, "alone", lambda began_s: _past(began_s, watch_s))
        trials = _Trials(kernel)
        try:
            beside = watch(
                kernel, entities, f"{AT_ONCE} trials run",
                lambda began_s: _past(began_s, watch_s) and trials.ended >= AT_ONCE,
            )  # fmt: skip
        finally:
            ended = trials.end()
        rows: list[Row] = [alone, dict(beside) | {"trials_ended": ended}]
        added = ADDED[:1] if quick else ADDED
        rows += [_add(kernel, entities, name) for name in added]
    missed = [float(str(row["missed_ticks"])) for row in rows]
    return rows, [
        at_most(f"ticks missed beside {AT_ONCE} trials at {entities}", missed[1], 0, "ticks"),
        at_most(f"ticks missed around trait add at {entities}", max(missed[2:]), 0, "ticks"),
    ]


class _Trials:
    """AT_ONCE people who ask for one trial after the other."""

    def __init__(self, kernel: LiveKernel) -> None:
        self.ended = 0
        self._kernel = kernel
        self._over = False
        self._errors: list[str] = []
        self._source = source_of(ADDED[0])
        self._threads = [threading.Thread(target=self._ask) for _ in range(AT_ONCE)]
        for thread in self._threads:
            thread.start()

    def _ask(self) -> None:
        while not self._over:
            try:
                self._kernel.ask("try", ANSWER_S, source=self._source, ticks=TRIAL_TICKS, seeds=1)
            except CannotMeasure as error:
                self._errors.append(str(error))
                return
            self.ended += 1

    def end(self) -> int:
        """Wait for those that run and return how many there were.

        Raises:
            CannotMeasure: one was refused.
        """
        self._over = True
        for thread in self._threads:
            thread.join()
        if self._errors:
            raise CannotMeasure(self._errors[0])
        return self.ended


def _add(kernel: LiveKernel, entities: int, name: str) -> Row:
    """Bring a trait in, and watch until half a second after it has come."""
    done: list[float] = []
    errors: list[str] = []

    def ask() -> None:
        began_s = time.monotonic()
        try:
            kernel.ask("trait add", ANSWER_S, source=source_of(name))
        except CannotMeasure as error:
            errors.append(str(error))
        done.append(time.monotonic() - began_s)

    thread = threading.Thread(target=ask)
    thread.start()
    row = watch(kernel, entities, f"trait add {name}", lambda _began_s: bool(done))
    thread.join()
    if errors:
        raise CannotMeasure(errors[0])
    return dict(row) | {"answer_s": round(done[0], 3)}


def watch(
    kernel: LiveKernel,
    entities: int,
    what: str,
    is_over: Callable[[float], bool],
    most_s: float = ANSWER_S,
) -> Row:
    """Read every tick until something is over, and half a second more."""
    arena = kernel.arena
    before, epoch = arena.get(Header.MISSED_TICKS), arena.get(Header.EPOCH)
    times, began_s = TickTimes(arena), time.monotonic()
    while not is_over(began_s):
        if time.monotonic() > began_s + most_s:
            raise CannotMeasure(f"cannot measure: {what} took more than {most_s:g} s")
        time.sleep(LOOK_S)
        times.read()
    time.sleep(0.5)
    times.read()
    taken_ms = [taken / 1e3 for taken in times.taken_us]
    return {
        "entities": entities,
        "what": what,
        "seconds": round(time.monotonic() - began_s, 1),
        "ticks": len(taken_ms),
        "missed_ticks": arena.get(Header.MISSED_TICKS) - before,
        "takeovers": arena.get(Header.EPOCH) - epoch,
        "tick_ms_p50": median(taken_ms),
        "tick_ms_p99": percentile(taken_ms, 0.99),
        "tick_ms_max": max(taken_ms),
    }


def _past(began_s: float, seconds: float) -> bool:
    return time.monotonic() - began_s >= seconds


def source_of(name: str) -> str:
    path: Path = ROOT / "tests" / "corpus" / "honest" / f"{name}.py"
    return b64encode(path.read_bytes()).decode()
