"""What must hold after a soak, each as a row: what was looked at, whether it holds, what was found.

Owns: the checks and their limits. Does not own: killing (`soak_kills.py`), the rules of the log
(`tools/chaos/log_rules.py`), what a ledger tells of evolution (`tests/bench/evolution_story.py`).
"""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

from Kernel.contract.envelope import Envelope
from Kernel.contract.places import LEDGER
from tests.bench.evolution_story import Story
from tests.chaos.harness import is_running, run_alone
from tests.chaos.log_run import identify, processes_in, read_log
from tests.chaos.soak_kills import NOBODY, Cost, Sample, started
from tests.support.ledger_events import ledger_events
from tools.chaos.log_rules import Notes, find_faults
from zones.ledger.verify import verify
from zones.runtime.ledger_file import LedgerReader

GROWTH_MAX: Final = 1.25
GROWTH_MB: Final = 24.0
GROWTH_DESCRIPTORS: Final = 8
"""Memory and descriptors are flat when the last third takes no more than the first times
GROWTH_MAX, or so many more."""
TAKEOVER_MISSES: Final = 1
"""Ticks that one kill of the world may cost beside what the machine costs anyway."""
MAY_MISS: Final = frozenset(("kernel", "world and heir"))
"""Afterwards nobody is left who could tick, until a kernel has booted or an heir was forked."""
PERIOD_TICKS: Final = 300


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must hold."""

    name: str
    holds: bool
    found: str


def check_missed(costs: Mapping[str, Cost]) -> list[Check]:
    """No kill costs more ticks than as long a time without one, but one tick for each takeover."""
    quiet = costs.get(NOBODY, Cost())
    usual = sum(quiet.missed) / max(len(quiet.missed), 1)
    worst = max(quiet.missed, default=0)
    checks = []
    for victim, cost in costs.items():
        if victim in MAY_MISS or victim == NOBODY:
            continue
        mean = sum(cost.missed) / len(cost.missed)
        allowed = TAKEOVER_MISSES if victim.startswith("world") else 0
        holds = mean <= max(usual * 2, usual + 0.5) + allowed or max(cost.missed) <= worst
        found = (
            f"{sum(cost.missed)} in {len(cost.missed)} kills, {max(cost.missed)} at most; "
            f"without a kill {sum(quiet.missed)} in {len(quiet.missed)}, {worst} at most"
        )
        checks.append(Check(f"ticks missed by kills of {victim}", holds, found))
    return checks


def check_log(home: Path, notes: Mapping[str, Notes], arena: bytes) -> list[Check]:
    """The chain holds, and all that was acknowledged is in it once; the outbox has no hole."""
    with closing(LedgerReader(home / LEDGER)) as reader:
        verdict = verify(reader)

    def named(event: Envelope) -> tuple[str, int] | None:
        """Return what `identify` says of our own senders: evolution sets parameters, too."""
        found = identify(event)
        return found if found is not None and found[0] in notes else None

    faults = find_faults(read_log(home), notes, named, [arena])
    promised = sum(len(known.acknowledged) for known in notes.values())
    ticks = [each["payload"]["tick"] for each in ledger_events(home, "telemetry")]
    whole = ticks == list(range(PERIOD_TICKS, PERIOD_TICKS * len(ticks) + 1, PERIOD_TICKS))
    return [
        Check("the chain", verdict.ok, f"{verdict.events} events"),
        Check("nothing acknowledged is lost", not faults, "; ".join(faults[:3]) or f"{promised}"),
        Check("telemetry of every period, once", whole, f"{len(ticks)} periods"),
    ]


def check_left_over(home: Path, seen: set[tuple[int, str]]) -> Check:
    """Nobody is left over, of all who ever were below the kernel."""
    left = [str(pid) for pid, since in seen if is_running(pid) and _is_same(pid, since)]
    left += processes_in(home)
    return Check("nobody is left over", not left, f"{len(seen)} processes, left {left[:5]}")


def check_flat(samples: Mapping[str, Sequence[Sample]]) -> list[Check]:
    """No process grows from the first third of the soak to its last."""
    checks = []
    for name, taken in samples.items():
        third = max(len(taken) // 3, 1)
        first, last = taken[:third], taken[-third:]
        memory = [median(each.rss_mb for each in part) for part in (first, last)]
        files = [median(each.descriptors for each in part) for part in (first, last)]
        holds = memory[1] <= max(memory[0] * GROWTH_MAX, memory[0] + GROWTH_MB)
        holds = holds and files[1] <= files[0] + GROWTH_DESCRIPTORS
        found = f"{memory[0]:.0f} to {memory[1]:.0f} MB, {files[0]:g} to {files[1]:g} descriptors"
        checks.append(Check(f"{name} takes no more", holds, found))
    return checks


def check_hash(home: Path, seed: int, tick: int, digest: str, inputs: Path, words: Any) -> Check:
    """The same inputs without a kill end in the same world, to the bit."""
    alone = run_alone(home, seed, tick, *words, "--inputs", str(inputs), "--home", str(home))
    same = alone["hash"] == digest
    told = f"tick {tick}: {digest[:16]}, alone {alone['hash'][:16]}"
    return Check("the world is the one never killed", same, told)


def check_story(story: Story) -> list[Check]:
    """Evolution went on, and the causes of each mutation lead to where they may end."""
    lost = story.unexplained()
    statuses = sorted({each.status for each in story.mutations})
    told = ", ".join(f"{story.count(status)} {status}" for status in statuses)
    return [
        Check("something was tried", bool(story.mutations), told or "nothing"),
        Check("each mutation is explained", not lost, ", ".join(lost[:3]) or "all are"),
    ]


def _is_same(pid: int, since: str) -> bool:
    try:
        return started(pid) == since
    except OSError:
        return False
