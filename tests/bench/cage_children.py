"""What a sealed child costs: as a whole, by layer, and at each of its calls.

Owns: making children in turns, sealed and bare, and their clocks. Does not own: goals and rows
(`cage.py`), a world in a cage (`cage_ticks.py`).

Run as a process of its own it is small, as the one of `molt validate` is; imported where numba is
loaded, it forks a process as large as a zygote.
"""

import fcntl
import json
import os
import struct
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

from tests.bench.figures import NS_PER_MS, median, percentile
from zones.runtime import cage
from zones.runtime.cage import Layer, Plan

CALLS = 20_000
"""Of one kind in a row; the shortest of CALL_ROUNDS rows counts: nothing can make it too short."""
CALL_ROUNDS = 9
NS_PER_US = 1e3
_NS = struct.Struct("<q")


@dataclass(frozen=True, slots=True)
class Children:
    """What children of one process cost.

    Args:
        bare_ms: fork, first instruction, reaped: the least that any child costs; median.
        bare_best_ms: the shortest: what it takes where nobody else wants the processor.
        layers_us: of the processor, that each layer adds; median.
        call_ns: of one call that is allowed whatever its arguments, unsealed and sealed.
        checked_ns: of one call whose arguments are asked for, likewise.
    """

    bare_ms: float
    bare_best_ms: float
    sealed_ms: float
    sealed_best_ms: float
    sealed_p99_ms: float
    layers_us: dict[str, float]
    call_ns: tuple[float, float]
    checked_ns: tuple[float, float]


def measure_children(rounds: int) -> Children:
    """Make children in turns, bare and sealed."""
    without = cage.machine_report().missing
    plan = Plan("sealed", without=without)
    bare: list[float] = []
    whole: list[float] = []
    for _ in range(rounds):
        bare.append(_make(lambda: None))
        whole.append(_make(lambda: _close(plan)))
    return Children(
        median(bare),
        min(bare),
        median(whole),
        min(whole),
        percentile(whole, 0.99),
        _layers(without, rounds),
        (_calls(None, os.getppid), _calls(plan, os.getppid)),
        (_calls(None, _ask), _calls(plan, _ask)),
    )


def _close(plan: Plan) -> None:
    cage.enclose(plan)
    cage.seal(plan)


def _ask() -> None:
    fcntl.fcntl(1, fcntl.F_GETFL)


def _make(close: Callable[[], None]) -> float:
    """Return the ms from before the fork until the child has worked and is reaped."""
    reader, writer = os.pipe()
    started_ns = time.perf_counter_ns()
    pid = os.fork()
    if not pid:
        _live(close, lambda: b"!", writer)
    os.close(writer)
    told = os.read(reader, 1)
    os.waitpid(pid, 0)
    spent_ms = (time.perf_counter_ns() - started_ns) / NS_PER_MS
    os.close(reader)
    assert told == b"!", "a child died in its cage"
    return spent_ms


def _live(close: Callable[[], None], work: Callable[[], bytes], writer: int) -> None:
    """The child: it never returns."""
    try:
        close()
        os.write(writer, work())
    finally:
        os._exit(0)


def _ask_child(close: Callable[[], None], work: Callable[[], bytes]) -> bytes:
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        _live(close, work, writer)
    os.close(writer)
    told = os.read(reader, 65536)
    os.waitpid(pid, 0)
    os.close(reader)
    assert told, "a child died in its cage"
    return told


def _layers(without: frozenset[Layer], rounds: int) -> dict[str, float]:
    """Return what each layer adds, as the difference of a child with all and one without it.

    A layer on its own would not be what it costs among the others: of privileges there are more to
    drop behind a user namespace.
    """
    there_are = [layer for layer in Layer if layer not in without]
    taken: dict[str, list[float]] = {layer.value: [] for layer in there_are}
    for _ in range(rounds):
        for layer in there_are:
            with_it = _closing_us(Plan("sealed", keep=frozenset(range(64)), without=without))
            left_out = Plan("sealed", keep=frozenset(range(64)), without=without | {layer})
            taken[layer.value].append(with_it - _closing_us(left_out))
    return {layer: median(times) for layer, times in taken.items()}


def _closing_us(plan: Plan) -> float:
    spent: list[int] = []

    def close() -> None:
        started_ns = time.process_time_ns()
        _close(plan)
        spent.append(time.process_time_ns() - started_ns)

    told: int = _NS.unpack(_ask_child(close, lambda: _NS.pack(spent[0])))[0]
    return told / NS_PER_US


def _calls(plan: Plan | None, call: Callable[[], object]) -> float:
    """Return the ns of one call, the loop around it included."""

    def work() -> bytes:
        best = min(_row(call) for _ in range(CALL_ROUNDS))
        return _NS.pack(best)

    told: int = _NS.unpack(_ask_child(lambda: _close(plan) if plan else None, work))[0]
    return told / CALLS


def _row(call: Callable[[], object]) -> int:
    started_ns = time.perf_counter_ns()
    for _ in range(CALLS):
        call()
    return time.perf_counter_ns() - started_ns


if __name__ == "__main__":
    print(json.dumps(asdict(measure_children(int(sys.argv[1])))))
