"""What it costs to ask a kernel, and what a kernel costs that nobody asks.

Owns: the stop-watch around `molt status` as a whole process, and the processor time the kernel's
own process uses at rest, from /proc (user and system, 10 ms steps, so over a long stretch).
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from tests.bench.figures import NS_PER_MS, median, percentile
from tests.bench.live_kernel import LiveKernel, live_kernel
from tests.bench.report import ROOT, CannotMeasure, Report, Row, at_most
from tests.support.homes import temporary_home

CALLS = 20
CALLS_QUICK = 5
REST_S = 60.0
REST_QUICK_S = 10.0
SETTLE_S = 3.0
STATUS_S = 0.15
REST_PERCENT = 0.5


def measure(peers: bool, quick: bool) -> Report:
    """Ask often, then leave the kernel alone."""
    del peers
    with temporary_home() as home, live_kernel(home) as kernel:
        calls = CALLS_QUICK if quick else CALLS
        as_json = [call_once(home, "status", "--json") for _ in range(calls)]
        for_people = [call_once(home, "status") for _ in range(calls)]
        rest = rest_percent(kernel, REST_QUICK_S if quick else REST_S)
    rows: list[Row] = [
        summarise("molt status --json", as_json),
        summarise("molt status", for_people),
        {"what": "kernel at rest", "percent_of_a_core": rest},
    ]
    goals = [
        at_most("one-shot molt status --json, median", median(as_json), STATUS_S, "s"),
        at_most("one-shot molt status, median", median(for_people), STATUS_S, "s"),
        at_most("kernel loop at rest", rest, REST_PERCENT, "% of a core"),
    ]
    return Report("console", rows, goals)


def summarise(what: str, times_s: list[float]) -> Row:
    """Return the row of one command."""
    return {
        "what": what,
        "times": len(times_s),
        "median_s": median(times_s),
        "p99_s": percentile(times_s, 0.99),
    }


def call_once(home: Path, *words: str) -> float:
    """Run `molt` once and return the seconds it took.

    Raises:
        CannotMeasure: it failed, or said nothing sensible.
    """
    molt = Path(sys.executable).with_name("molt")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    began_ns = time.monotonic_ns()
    done = subprocess.run(
        [molt, "--home", str(home), *words], capture_output=True, check=False, env=environment
    )
    took_s = (time.monotonic_ns() - began_ns) / NS_PER_MS / 1e3
    if done.returncode or not done.stdout:
        raise CannotMeasure(f"cannot measure: molt said {done.stderr.decode()[-500:]}")
    if "--json" in words:
        json.loads(done.stdout)
    return took_s


def rest_percent(kernel: LiveKernel, seconds: float) -> float:
    """Return the share of a core the kernel's process uses while nobody asks, percent."""
    time.sleep(SETTLE_S)
    before = processor_s(kernel.process.pid)
    time.sleep(seconds)
    return (processor_s(kernel.process.pid) - before) / seconds * 100


def processor_s(pid: int) -> float:
    """Return user and system seconds of all threads of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
