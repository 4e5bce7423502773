"""What a file of a call costs: compiled, or taken from the kernel's function cache.

Four files, of a few lines to nearly the largest that a call may have; for each, the ways its code
object can be had: compiled from its source, loaded by marshal, loaded by cloudpickle. *Warm* is in
a process that does it again and again; *cold* the first time in one that was just forked from a
process that has imported all it needs, as a call cell is: whoever makes objects there copies pages
first. Running the body afterwards is the same for all ways and is a row of its own.

A *hit* is what the system does: the kernel finds the entry and works its keyed hash out again, the
cell loads the bytes. The goal is about what is kept at all: files of KEPT_FROM_BYTES and more. Of
a shorter one the hashes, and the first touch of pages, are most of what a hit takes.
"""

import os
import time
from collections.abc import Callable

import cloudpickle

from Kernel.contract.call_job import COMPILED_BUILD
from Kernel.core.call_code import KEPT_FROM_BYTES
from Kernel.core.function_cache import SECRET_BYTES, CacheLimits, FunctionCache, code_key
from tests.bench.figures import median, percentile
from tests.bench.report import ROOT, Goal, Report, Row, at_least
from zones.runtime.compiled_file import compile_file, pack_compiled, unpack_compiled

ROUNDS, ROUNDS_QUICK = 300, 20
ROUNDS_LEAST, ROUNDS_BYTES = 8, 4 << 20
"""Of a large file fewer rounds: so many bytes are compiled in all."""
COLD_ROUNDS, COLD_ROUNDS_QUICK = 40, 3
HIT_TIMES = 20.0
LARGE_BYTES = 200 * 1024
_FEW_LINES = b"""def main(*words):
    numbers = [float(word) for word in words] or [1.0, 2.0, 4.0]
    return {"count": len(numbers), "sum": sum(numbers)}
"""


def measure(peers: bool, quick: bool) -> Report:
    """Measure all ways for all sizes, in turns; the ways that were not taken are the peers."""
    del peers
    rounds = ROUNDS_QUICK if quick else ROUNDS
    cold_rounds = COLD_ROUNDS_QUICK if quick else COLD_ROUNDS
    rows: list[Row] = []
    goals: list[Goal] = []
    for name, source in sources():
        found, times = measure_source(name, source, rounds, cold_rounds)
        rows += found
        if len(source) >= KEPT_FROM_BYTES:
            goals.append(at_least(f"a hit, {name}", times, HIT_TIMES, "x as fast as compiling"))
    return Report("functioncache", rows, goals)


def sources() -> list[tuple[str, bytes]]:
    """Return files to run by their names here, the smallest first."""
    short = (ROOT / "zones" / "runtime" / "kinship.py").read_bytes()
    module = (ROOT / "zones" / "traits" / "interpreted.py").read_bytes()
    return [
        ("few lines", _FEW_LINES),
        ("short", short),
        ("module", module),
        ("large", _large()),
    ]


def _large() -> bytes:
    """Return modules of ours behind each other, as whole lines of one file."""
    parts: list[bytes] = []
    for path in sorted((ROOT / "zones" / "traits" / "facades").glob("*.py")) * 3:
        if sum(map(len, parts)) < LARGE_BYTES:
            parts.append(path.read_bytes())
    return b"\n".join(parts)


def measure_source(
    name: str, source: bytes, rounds: int, cold_rounds: int
) -> tuple[list[Row], float]:
    """Return the rows of one file, and how many times as fast a hit is as compiling, warm."""
    file = compile_file("a.py", source)
    packed, pickled = pack_compiled(file), cloudpickle.dumps(file.code)
    cache = FunctionCache(CacheLimits, bytes(SECRET_BYTES))
    cache.put(code_key(COMPILED_BUILD, "a.py", source), packed, 0.0)
    ways: dict[str, Callable[[], object]] = {
        "compile": lambda: compile_file("a.py", source),
        "marshal": lambda: unpack_compiled(packed),
        "cloudpickle": lambda: cloudpickle.loads(pickled),
        "found in the cache": lambda: cache.get(code_key(COMPILED_BUILD, "a.py", source), 1.0),
        "run its body": lambda: exec(file.code, {"__name__": "bench"}),
    }
    sizes = {"compile": len(source), "marshal": len(packed), "cloudpickle": len(pickled)}
    warm = take_turns(ways, min(rounds, max(ROUNDS_LEAST, ROUNDS_BYTES // len(source))))
    cold = {way: [first_us(ways[way]) for _ in range(cold_rounds)] for way in sizes}
    rows: list[Row] = [
        {
            "file": name,
            "way": way,
            "bytes": sizes.get(way),
            "warm_us": median(warm[way]),
            "warm_p95_us": percentile(warm[way], 0.95),
            "cold_us": median(cold[way]) if way in cold else None,
        }
        for way in ways
    ]
    hit_us = median(warm["found in the cache"]) + median(warm["marshal"])
    return rows, median(warm["compile"]) / hit_us


def take_turns(ways: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Return what each way takes, us, one round after the other; the first is not counted."""
    taken: dict[str, list[float]] = {way: [] for way in ways}
    for number in range(rounds + 1):
        for way, act in ways.items():
            began_ns = time.perf_counter_ns()
            act()
            if number:
                taken[way].append((time.perf_counter_ns() - began_ns) / 1e3)
    return taken


def first_us(act: Callable[[], object]) -> float:
    """Return what something takes the first time in a process that was just forked, us."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        began_ns = time.perf_counter_ns()
        act()
        os.write(writer, str(time.perf_counter_ns() - began_ns).encode())
        os._exit(0)
    os.close(writer)
    with open(reader, "rb") as told:
        took_ns = int(told.read())
    os.waitpid(child, 0)
    return took_ns / 1e3
