"""Kill a supervised numpy worker again and again; measure until a new one has done work.

Owns: the kill loop, the same for each peer. Does not own: the peers' settings
(`supervision_setups.py`).
"""

import os
import random
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

from tests.bench.figures import NS_PER_MS, median, percentile
from tests.bench.peers.supervision_setups import SETUPS, Setup
from tests.bench.peers_env import find_program, peers_python
from tests.bench.processes import descendants, end_all
from tests.bench.report import CannotMeasure, Row

WORKER = Path(__file__).with_name("supervision_worker.py")
SERVED_TIMEOUT_S = 20.0
# A worker that lived less than a second is punished with a pause by runit and supervisord: wait
# longer, plus a random part, so that kills meet any phase of a supervisor's own loop.
SETTLE_S = 1.3
JITTER_S = 1.0
POLL_S = 0.0005


def measure_peers(kills: int) -> list[Row]:
    """Return one row a peer; one that is not installed says so."""
    python = peers_python()
    rows: list[Row] = []
    for setup in SETUPS:
        program = find_program(setup.program)
        if program is None:
            rows.append({"peer": setup.name, "skipped": f"needs the package {setup.package}"})
            continue
        rows.append(summarise(setup.name, measure_one(setup, program, python, kills)))
    return rows


def summarise(name: str, served_ms: list[float]) -> Row:
    """Return the row of a peer that was killed."""
    return {
        "peer": name,
        "kills": len(served_ms),
        "served_median_ms": median(served_ms),
        "served_p99_ms": percentile(served_ms, 0.99),
    }


def measure_one(setup: Setup, program: Path, python: Path, kills: int) -> list[float]:
    """Start one supervisor, kill its worker `kills` times, stop it; return ms until served."""
    folder = Path(tempfile.mkdtemp(prefix="molt-peer-", dir="/tmp"))
    ticks = folder / "ticks"
    ticks.write_bytes(bytes(16))
    words = np.memmap(ticks, dtype=np.uint64, mode="r", shape=(2,))
    command = setup.configure(folder, [str(python), str(WORKER), str(ticks)], program)
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    supervisor = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for_new_pid(words, 0, setup.name)
        return [kill_once(words, setup.name, random.Random(number)) for number in range(kills)]
    finally:
        below = descendants(supervisor.pid)
        # runsvdir hands its services down only on HUP; the others stop theirs on TERM.
        supervisor.send_signal(signal.SIGHUP if setup.program == "runsvdir" else signal.SIGTERM)
        try:
            supervisor.wait(10)
        except subprocess.TimeoutExpired:
            supervisor.kill()
            supervisor.wait()
        end_all(below)
        shutil.rmtree(folder, ignore_errors=True)


def kill_once(words: np.memmap, name: str, draw: random.Random) -> float:
    """Let the worker settle, kill it, and return the milliseconds until another has ticked."""
    time.sleep(SETTLE_S + JITTER_S * draw.random())
    victim = int(words[0])
    killed_ns = time.monotonic_ns()
    os.kill(victim, signal.SIGKILL)
    wait_for_new_pid(words, victim, name)
    return (time.monotonic_ns() - killed_ns) / NS_PER_MS


def wait_for_new_pid(words: np.memmap, old: int, name: str) -> None:
    """Wait until a worker other than `old` has ticked.

    Raises:
        CannotMeasure: it did not within `SERVED_TIMEOUT_S`.
    """
    deadline = time.monotonic() + SERVED_TIMEOUT_S
    while int(words[0]) == old:
        if time.monotonic() > deadline:
            raise CannotMeasure(f"cannot measure {name}: no new worker in {SERVED_TIMEOUT_S} s")
        time.sleep(POLL_S)
