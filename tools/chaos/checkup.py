"""What must hold after each fault, and what a campaign's whole course must show.

Owns: the rules and their limits. Does not own: the log's (`log_rules.py`, `log_follower.py`), the
faults. What is found is said in words; nothing found means that all holds.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Final

from Kernel.contract.arena import Header
from tools.chaos.fault import Misses
from tools.chaos.log_follower import LogFollower
from tools.chaos.target import KERNEL, Process, Target, descriptors, memory_mb

GROWTH_MAX: Final = 1.25
GROWTH_MB: Final = 24.0
GROWTH_DESCRIPTORS: Final = 8
"""Memory and descriptors are flat when the last third takes no more than the first times
GROWTH_MAX, or so many more."""
WARM_S: Final = 30.0
"""Until then processes open what they need and fill what they keep; it is judged only if no more
came."""
ONCE_MISSES: Final = 60
"""So much may be missed in one round of a fault: a machine that does other things, too, is away now
and then, and one round is no evidence. From there on a world gives up catching up."""
TAKEOVER_MISSES: Final = 1
"""Ticks that a takeover may cost beside what the machine costs anyway."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must hold."""

    name: str
    holds: bool
    found: str


@dataclass(frozen=True, slots=True)
class Held:
    """A world that stood still.

    Args:
        digest: its hash.
    """

    tick: int
    digest: str


@dataclass(frozen=True, slots=True)
class Sample:
    """What one process took at a moment of the campaign."""

    at_s: float
    rss_mb: float
    descriptors: int


@dataclass(slots=True)
class Costs:
    """What faults of one name cost, in the order in which they came.

    Args:
        misses: what each may cost.
        missed: ticks.
        recovered_s: from its end, or from its beginning if it has none, until all served again.
    """

    misses: Misses
    missed: list[int] = field(default_factory=list)
    recovered_s: list[float] = field(default_factory=list)


class Checkup:
    """Looks at a kernel after each round.

    Args:
        target: all serves.
        log: of its home.
    """

    def __init__(self, target: Target, log: LogFollower) -> None:
        self._target = target
        self._log = log
        self._tick = target.word(Header.COMMIT)
        self.seen: set[Process] = set()
        self.samples: dict[str, list[Sample]] = {}

    def look(self, at_s: float) -> list[str]:
        """Return what does not hold, after everybody serves again.

        Args:
            at_s: seconds since the campaign began.
        """
        return [*self._lost_ticks(), *self._orphans(), *self._log.look(), *self._take(at_s)]

    def would_find(self, process: Process) -> bool:
        """Tell whether this process would be found, had it been below the kernel."""
        self.seen.add(process)
        try:
            return any(str(process.pid) in each for each in self._orphans())
        finally:
            self.seen.discard(process)

    def _lost_ticks(self) -> Iterable[str]:
        """A tick that was committed is never taken back, whoever serves now."""
        tick = self._target.word(Header.COMMIT)
        if tick < self._tick:
            yield f"the world is at tick {tick}, and was at {self._tick} before"
        self._tick = tick

    def _orphans(self) -> Iterable[str]:
        """Whoever was below the kernel is below it now, or has ended."""
        family = self._target.family()
        for each in [one for one in self.seen - family if not one.is_running()]:
            self.seen.discard(each)
        for each in self.seen - family:
            yield f"process {each.pid} is left over: {command_of(each.pid)}"
        self.seen |= family

    def _take(self, at_s: float) -> Iterable[str]:
        """Note what the processes take; that is judged at the end."""
        zones = {each["name"]: each["pid"] for each in self._target.zones()}
        for name, pid in {KERNEL: self._target.kernel, **zones}.items():
            with suppress(OSError):
                sample = Sample(round(at_s, 1), round(memory_mb(pid), 1), descriptors(pid))
                self.samples.setdefault(name, []).append(sample)
        return ()


def check_missed(costs: Mapping[str, Costs], quiet: str) -> list[Check]:
    """No fault costs more ticks than as long a time without one, but one for each takeover.

    Args:
        costs: by the faults' names.
        quiet: the name of the rounds in which nothing was done.
    """
    usual = costs[quiet].missed if quiet in costs else []
    mean_usual = sum(usual) / max(len(usual), 1)
    worst = max(usual, default=0)
    checks = []
    for name, cost in sorted(costs.items()):
        if cost.misses is Misses.MANY or name == quiet:
            continue
        mean = sum(cost.missed) / len(cost.missed)
        allowed = TAKEOVER_MISSES if cost.misses is Misses.TAKEOVER else 0
        limit = max(mean_usual * 2, mean_usual + 0.5) + allowed
        found = (
            f"{sum(cost.missed)} in {len(cost.missed)}, {max(cost.missed)} at most; "
            f"without a fault {sum(usual)} in {len(usual)}, {worst} at most"
        )
        over = [missed for missed in cost.missed if missed > worst + allowed]
        once = len(over) <= 1 and max(cost.missed) <= ONCE_MISSES
        holds = mean <= limit or once
        checks.append(Check(f"ticks missed: {name}", holds, found))
    return checks


def check_flat(samples: Mapping[str, Sequence[Sample]]) -> list[Check]:
    """No process grows from the first third of the campaign to its last."""
    checks = []
    for name, each_taken in samples.items():
        taken = [each for each in each_taken if each.at_s >= WARM_S] or each_taken
        third = max(len(taken) // 3, 1)
        first, last = taken[:third], taken[-third:]
        memory = [median(each.rss_mb for each in part) for part in (first, last)]
        files = [median(each.descriptors for each in part) for part in (first, last)]
        holds = memory[1] <= max(memory[0] * GROWTH_MAX, memory[0] + GROWTH_MB)
        holds = holds and files[1] <= files[0] + GROWTH_DESCRIPTORS
        found = f"{memory[0]:.0f} to {memory[1]:.0f} MB, {files[0]:g} to {files[1]:g} descriptors"
        checks.append(Check(f"{name} takes no more", holds, found))
    return checks


def command_of(pid: int) -> str:
    """Return a process's command line, or that it is gone."""
    with suppress(OSError):
        return (
            Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        )
    return "it is gone"
