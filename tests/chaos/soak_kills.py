"""Who is killed in a soak, what each kill cost the world, and what its processes take.

Owns: victims and their shares, waiting until all serve again, samples of memory. Does not own: how
long (`soak.py`), what must hold afterwards (`soak_checks.py`).
"""

import os
import random
import signal
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from Kernel.contract.arena import Header
from tests.chaos.harness import KernelRun, is_running, send_signal, wait_until

NOBODY: Final = "nobody"
VICTIMS: Final = {
    NOBODY: 20, "world": 24, "heir": 10, "world and heir": 6, "zygote": 8, "sandbox": 14,
    "archive": 8, "chronos": 4, "trial": 4, "kernel": 2,
}  # fmt: skip
"""How often of a hundred times. Where nobody is killed the same time is watched: what is missed
then is the machine's."""
PAUSE_LOW_S: Final = 0.5
PAUSE_HIGH_S: Final = 3.5
SERVES_S: Final = 60.0
AFTER_S: Final = 1.0
"""How long after all serve again a missed tick still counts for the kill."""
MB: Final = 1 << 20


@dataclass(slots=True)
class Cost:
    """What kills of one sort cost.

    Args:
        missed: ticks, of each round.
        served_s: until all served again, of each.
    """

    missed: list[int] = field(default_factory=list)
    served_s: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Sample:
    """What one process took at a moment of the soak."""

    at_s: float
    rss_mb: float
    descriptors: int


class Killer:
    """Kills, waits and counts.

    Args:
        boot: starts a kernel on the home; the kernel that ran before has ended.
        seed: decides who is killed and when.
    """

    def __init__(self, boot: Callable[[], KernelRun], seed: int) -> None:
        self._boot = boot
        self._chance = random.Random(seed)
        self._began_s = time.monotonic()
        self.kernel = boot()
        self.costs: dict[str, Cost] = {}
        self.samples: dict[str, list[Sample]] = {}
        self.seen: set[tuple[int, str]] = set()
        self.boots = 1
        self.ticks_unwatched = 0
        self._wait_all_serve()

    def close(self) -> None:
        """End the kernel as it is."""
        self.kernel.__exit__()

    def round(self) -> str:
        """Wait a while, kill somebody or nobody, wait until all serve; return who it was."""
        chance = self._chance
        (victim,) = chance.choices(list(VICTIMS), list(VICTIMS.values()))
        time.sleep(chance.uniform(PAUSE_LOW_S, PAUSE_HIGH_S))
        missed, began_s = self.kernel.word(Header.MISSED_TICKS), time.monotonic()
        killed: set[int] = set()
        if victim == "kernel":
            self._kill_kernel()
        else:
            killed = {pid for pid in self._pids(victim) if send_signal(pid, signal.SIGKILL)}
        self._wait_all_serve(killed)
        cost = self.costs.setdefault(victim, Cost())
        cost.served_s.append(round(time.monotonic() - began_s, 3))
        time.sleep(AFTER_S)
        cost.missed.append(self.kernel.word(Header.MISSED_TICKS) - missed)
        self._look()
        return victim

    def _pids(self, victim: str) -> list[int]:
        kernel = self.kernel
        owner, heir = kernel.word(Header.OWNER), kernel.heir_pid()
        arena = {"world": [owner], "heir": [heir], "world and heir": [owner, heir]}
        if victim in arena:
            return arena[victim]
        if victim == "zygote":
            return [kernel.zone("stable")["zygote_pid"] or 0]
        if victim == "trial":
            return [each["pid"] or 0 for each in kernel.ask("ps")["trials"]]
        return [] if victim == NOBODY else [kernel.zone(victim)["pid"] or 0]

    def _kill_kernel(self) -> None:
        family = self.kernel.family()
        self.kernel.process.kill()
        self.kernel.process.wait()
        wait_until(lambda: not any(map(is_running, family)), "nobody outlives a killed kernel")
        self.kernel.__exit__()
        self.kernel = self._boot()
        self.boots += 1

    def _wait_all_serve(self, killed: Collection[int] = ()) -> None:
        """Wait until every zone serves, an heir stands by, and nobody who was killed is meant."""
        kernel = self.kernel

        def serve() -> bool:
            zones = kernel.ask("status")["zones"]
            there = {each.get(key) for each in zones for key in ("pid", "heir_pid", "zygote_pid")}
            there |= {kernel.word(Header.OWNER), kernel.heir_pid()}
            well = all(each["state"] == "ready" for each in zones) and bool(kernel.heir_pid())
            return well and not there.intersection(killed)

        wait_until(serve, "all zones serve, and an heir stands by", SERVES_S)
        tick = kernel.word(Header.COMMIT)
        wait_until(lambda: kernel.word(Header.COMMIT) > tick, "the world ticks")

    def _look(self) -> None:
        """Note what the processes take, and who they are."""
        zones = {each["name"]: each["pid"] for each in self.kernel.ask("status")["zones"]}
        for name, pid in {"kernel": self.kernel.process.pid, **zones}.items():
            with suppress(OSError):
                sample = _sample(pid, time.monotonic() - self._began_s)
                self.samples.setdefault(name, []).append(sample)
        for pid in self.kernel.family():
            with suppress(OSError):
                self.seen.add((pid, started(pid)))


def started(pid: int) -> str:
    """Return when a process began, in ticks of the machine: with its pid that names it for good."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]


def _sample(pid: int, at_s: float) -> Sample:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    rss_mb = pages * os.sysconf("SC_PAGE_SIZE") / MB
    return Sample(round(at_s, 1), round(rss_mb, 1), len(os.listdir(f"/proc/{pid}/fd")))
