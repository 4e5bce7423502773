"""What must hold after a campaign, each as a row: what was looked at, whether it holds, what it is.

Owns: the checks that need a kernel of our own: the world run again alone, its evolution, who is
left over. Does not own: all others (`tools/chaos/verdict.py`), what a ledger tells of evolution
(`tests/bench/evolution_story.py`).
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from tests.bench.evolution_story import Story
from tests.chaos.harness import run_alone
from tests.chaos.log_run import processes_in
from tests.support.ledger_events import ledger_events
from tools.chaos.checkup import Check, Held
from tools.chaos.target import Process

PERIOD_TICKS: Final = 300
ALONE_S: Final = 1800.0
TOLD_MAX: Final = 200
CANARY: Final = "canary: one energy that was changed is found"


class AloneWorld:
    """The same world, run by what the log says, without a kernel.

    Args:
        words: KEY=VALUE of its settings.
        inputs: a file of all inputs of the log.
    """

    def __init__(self, home: Path, seed: int, words: Iterable[str], inputs: Path) -> None:
        self._home = home
        self._seed = seed
        self._words = [part for each in words for part in ("--set", each)]
        self._inputs = inputs

    def check(self, held: Sequence[Held], changed: Held, change: str) -> list[Check]:
        """The same inputs without a fault lead to the same worlds, to the bit.

        Args:
            held: how the world was after each fault, the last one at the end.
            changed: how it was a little later, one value changed behind its back.
            change: which.
        """
        wanted = ",".join(str(each.tick) for each in held)
        words = (*self._words, "--inputs", str(self._inputs), "--home", str(self._home))
        words = (*words, "--hash-at", wanted)
        alone = run_alone(self._home, self._seed, changed.tick, *words, timeout_s=ALONE_S)
        others = [each for each in held if alone["hashes"][str(each.tick)] != each.digest]
        last = others[0] if others else held[-1]
        told = f"{len(held) - len(others)} of {len(held)} times the same"
        told += f"; tick {last.tick}: {last.digest[:16]}"
        if others:
            told += f", alone {alone['hashes'][str(last.tick)][:16]}"
        canary = f"{change}; tick {changed.tick}: {changed.digest[:16]}, alone {alone['hash'][:16]}"
        return [
            Check("after each fault the world is the one nothing happened to", not others, told),
            Check(CANARY, alone["hash"] != changed.digest, canary),
        ]


def check_telemetry(home: Path) -> Check:
    """The world told of each of its periods, once."""
    ticks = [each["payload"]["tick"] for each in ledger_events(home, "telemetry")]
    whole = ticks == list(range(PERIOD_TICKS, PERIOD_TICKS * len(ticks) + 1, PERIOD_TICKS))
    return Check("telemetry of every period, once", whole, f"{len(ticks)} periods")


def check_outlived(outlived: Sequence[str]) -> Check:
    """Whoever was below a kernel ended with it, however it ended."""
    found = "; ".join(each[:TOLD_MAX] for each in outlived[:3]) or "nobody"
    return Check("nobody outlives a kernel that has ended", not outlived, found)


def check_left_over(home: Path, seen: Iterable[Process]) -> Check:
    """Nobody is left over of all who ever were below a kernel."""
    left = [str(each.pid) for each in seen if each.is_running()] + processes_in(home)
    return Check("nobody is left over", not left, ", ".join(left[:5]) or "nobody")


def check_story(story: Story) -> list[Check]:
    """Evolution went on, and the causes of each mutation lead to where they may end."""
    lost: Sequence[str] = story.unexplained()
    statuses = sorted({each.status for each in story.mutations})
    told = ", ".join(f"{story.count(status)} {status}" for status in statuses)
    return [
        Check("something was tried", bool(story.mutations), told or "nothing"),
        Check("each mutation is explained", not lost, ", ".join(lost[:3]) or "all are"),
    ]
