"""Run worlds in processes of their own and collect what they leave behind.

Owns: the child processes and where their events go. Does not own: what is run (`ecology_report`),
reading events (`chronicle.py`).
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from Kernel.contract.errors import MoltError

RUN_S_MAX: Final = 3600.0
ERROR_CHARS_MAX: Final = 400


class RunFailed(MoltError):
    """A world could not be run to its end."""


@dataclass(frozen=True, slots=True)
class Order:
    """One world to run.

    Args:
        scenario: of config/scenarios.
    """

    scenario: str
    seed: int
    ticks: int

    @property
    def name(self) -> str:
        """Return what its files and figures are called by."""
        return f"{self.scenario}-{self.seed}"


@dataclass(frozen=True, slots=True)
class Ran:
    """A world that was run.

    Args:
        events: file of its events, lines of JSON.
        report: document of `molt world run --json`.
    """

    order: Order
    events: Path
    report: dict[str, Any]


def run_all(orders: Sequence[Order], folder: Path, at_once: int) -> Iterator[Ran]:
    """Run worlds, some at a time, and yield them in the order given; events go into `folder`.

    Raises:
        RunFailed: one failed, or took longer than RUN_S_MAX.
    """
    with ThreadPoolExecutor(at_once) as pool:
        try:
            yield from pool.map(lambda order: _run(order, folder), orders)
        finally:
            pool.shutdown(cancel_futures=True)


def _run(order: Order, folder: Path) -> Ran:
    events = folder / f"{order.name}.jsonl"
    command = [
        sys.executable, "-m", "zones.world", "run", "--json",
        "--scenario", order.scenario, "--seed", str(order.seed), "--ticks", str(order.ticks),
        "--events", str(events),
    ]  # fmt: skip
    try:
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=RUN_S_MAX
        )
    except subprocess.TimeoutExpired as error:
        raise RunFailed(f"cannot run {order.name}: not done after {RUN_S_MAX:.0f} s") from error
    if done.returncode:
        why = done.stderr.strip()[-ERROR_CHARS_MAX:]
        raise RunFailed(f"cannot run {order.name}: exit {done.returncode}: {why}")
    return Ran(order, events, json.loads(done.stdout))
