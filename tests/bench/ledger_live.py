"""Does a world keep its pace while everybody writes to the ledger?

Owns: the same watch twice on one live kernel, at rest and with a sender process at a steady rate
through the user bus, and the row of each. Does not own: watching (`pace.py`), sending
(`ledger_sender.py`). The sender makes, validates and redacts each event, as senders do.
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.bench.ledger_stores import check_disk
from tests.bench.live_kernel import founding, live_kernel
from tests.bench.pace import SETTLE_TICKS, SETTLE_TIMEOUT_S, watch
from tests.bench.report import ROOT, CannotMeasure, Goal, Report, Row, at_least, at_most
from tests.support.homes import temporary_home
from tests.support.leash import die_with_us

SENDER_MARGIN_S: Final = 20.0


@dataclass(frozen=True, slots=True)
class Load:
    """How much is asked of a live kernel.

    Args:
        entities: Molbots of its world.
        rate_per_s: events written meanwhile.
        seconds: how long each watch lasts.
    """

    entities: int = 50_000
    rate_per_s: int = 50_000
    seconds: float = 20.0


QUICK: Final = Load(entities=5_000, rate_per_s=5_000, seconds=3.0)
SHOWN: Final = (
    "population",
    "ticks",
    "missed_ticks",
    "reanchored",
    "tick_ms_p50",
    "tick_ms_p99",
    "tick_ms_max",
    "others_cpu_percent",
)
"""`others_cpu_percent`: the sender's, and everything else on the machine."""
RATE_SHARE: Final = 0.99
"""Of the rate that must have become durable in the time, or the watch says nothing."""


def measure_live(folder: Path, load: Load) -> tuple[list[Row], list[Goal]]:
    """Watch a world at rest, then with the load; return both rows and the goals.

    Args:
        folder: on a disk; the home is made in it.
    """
    with temporary_home(folder) as home, live_kernel(home, *founding(load.entities)) as kernel:
        check_disk(home)
        kernel.arena.wait_for_ticks(SETTLE_TICKS, SETTLE_TIMEOUT_S)
        rest = watch(kernel, load.seconds, load.entities)
        with sender(home, load) as process:
            loaded = watch(kernel, load.seconds, load.entities)
            told = read_sender(process, load)
    durable_per_s = told["events"] / told["seconds"]
    rows = [
        {"watched": "at rest", "durable_per_s": 0.0, "behind_ms": 0.0, **shown(rest)},
        {
            "watched": "written to",
            "durable_per_s": durable_per_s,
            "behind_ms": told["behind_s"] * 1e3,
            **shown(loaded),
        },
    ]
    rows += [{"watched": "written to", **row} for row in loaded.rows[1:]]
    name = f"missed ticks at {load.entities:,} entities with {load.rate_per_s:,} events/s"
    least = load.rate_per_s * RATE_SHARE
    return rows, [
        at_most(name, float(loaded.goals[0].value or 0), 0, "ticks"),
        at_least("events made durable meanwhile", durable_per_s, least, "per s"),
    ]


def shown(watched: Report) -> Row:
    """Return what is shown of a watch: how the world kept its pace."""
    return {key: watched.rows[0][key] for key in SHOWN}


def sender(home: Path, load: Load) -> subprocess.Popen[bytes]:
    """Start a sender that goes on a little longer than the watch."""
    words = [str(home), str(load.rate_per_s), str(load.seconds + 1.0)]
    return subprocess.Popen(
        [sys.executable, "-m", "tests.bench.ledger_sender", *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        preexec_fn=die_with_us(),
    )


def read_sender(process: subprocess.Popen[bytes], load: Load) -> dict[str, float]:
    """Return what a sender says when it has done.

    Raises:
        CannotMeasure: it failed.
    """
    try:
        said, _ = process.communicate(timeout=load.seconds + SENDER_MARGIN_S)
        told: dict[str, float] = json.loads(said)
    except (subprocess.TimeoutExpired, ValueError) as error:
        process.kill()
        raise CannotMeasure(f"cannot measure a world that is written to: {error}") from error
    return told
