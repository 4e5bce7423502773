"""Decide whether the whole machine is overloaded, and who has to give way then.

Owns: what strains a machine, what each step against it means. Does not own: measuring
(`Kernel/ports/machine_load.py`), when a step follows (`steps.py`), carrying it out (`governor.py`).
Pure. That a machine is busy is no trouble as long as its worlds are on time: pressure for a
processor alone leads to nothing. Trouble is a world that misses ticks while it waits for a core,
and want of memory, of disk, of an archive that keeps up, which end in harm for everybody.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from Kernel.core.governor_rules import GovernorRules
from Kernel.core.limits import MEGABYTE
from Kernel.core.steps import Step, Strain
from Kernel.ports.machine_load import MachineLoad

STEPS: Final = (Step.WARN, Step.THROTTLE, Step.PAUSE)
"""Against a machine nobody is restarted or ended."""
WINDOW_S: Final = 10.0
"""How long a world is watched for it: one late tick on a busy machine is no overload."""
MISSED_PERCENT: Final = 1.0
OUTBOX_PERCENT: Final = 50.0
"""Of a world's outbox: with three quarters of it waiting the world takes no inputs any more."""
_PERCENT: Final = 100


@dataclass(frozen=True, slots=True)
class WorldLoad:
    """How one world fares.

    Args:
        waited: share of the last WINDOW_S in which it waited for a core.
        missed: share of the ticks of that time that were missed.
        outbox: share of its outbox that the archive has not stored.
    """

    waited: float = 0.0
    missed: float = 0.0
    outbox: float = 0.0


@dataclass(frozen=True, slots=True)
class Mark:
    """A world at one look; pid is that of who ticks."""

    pid: int
    at_s: float
    waited_ns: int
    missed: int
    tick: int


def add_mark(marks: tuple[Mark, ...], mark: Mark) -> tuple[Mark, ...]:
    """Return the marks of one process with one more: the last WINDOW_S, and one from before it."""
    kept = [each for each in marks if each.pid == mark.pid]
    late = [place for place, each in enumerate(kept) if mark.at_s - each.at_s >= WINDOW_S]
    return (*kept[late[-1] if late else 0 :], mark)


def load_between(marks: tuple[Mark, ...], outbox: float) -> WorldLoad:
    """Return how a world fared; nothing is said of less than WINDOW_S."""
    first, last = marks[0], marks[-1]
    passed_s, ticks = last.at_s - first.at_s, last.tick - first.tick
    if passed_s < WINDOW_S or ticks <= 0:
        return WorldLoad(outbox=outbox)
    waited = (last.waited_ns - first.waited_ns) / 1e9 / passed_s
    # Whatever a world writes into its words: a count that falls is none of late ticks.
    return WorldLoad(waited, max(0, last.missed - first.missed) / ticks, outbox)


def find_strains(
    load: MachineLoad, worlds: Mapping[str, WorldLoad], rules: GovernorRules, home: str
) -> list[Strain]:
    """Return what strains the machine.

    Args:
        worlds: by zone.
        home: whose disk was looked at, for the command that helps.
    """
    found = [strain for name, world in worlds.items() for strain in _of_world(name, world, rules)]
    if load.memory is not None and load.memory.some >= rules.memory_pressure_percent:
        most = rules.memory_pressure_percent
        why = f"somebody waits for memory more than {most:g} % of the time"
        found.append(_strain("memory", load.memory.some, most, why, Step.PAUSE, "free -m"))
    if load.io is not None and load.io.full >= rules.io_pressure_percent:
        # Holding anybody back empties no disk's queue that is not ours: it is told, no more.
        most = rules.io_pressure_percent
        why = f"everybody waits for a disk more than {most:g} % of the time"
        found.append(Strain("io", load.io.full, most, why, hint="cat /proc/pressure/io"))
    free_mb = None if load.disk_free_bytes is None else load.disk_free_bytes / MEGABYTE
    if free_mb is not None and free_mb < rules.disk_free_mb:
        why = f"the disk of the home has less than {rules.disk_free_mb} MB left"
        strain = _strain("disk", free_mb, rules.disk_free_mb, why, Step.PAUSE, f"df -h {home}")
        found.append(strain)
    return found


def _of_world(name: str, world: WorldLoad, rules: GovernorRules) -> list[Strain]:
    found = []
    waited, most = _PERCENT * world.waited, rules.cpu_wait_percent
    if _PERCENT * world.missed >= MISSED_PERCENT and waited >= most:
        why = f"{name} misses ticks and waits for a core more than {most:g} % of the time"
        # Not paused for it: where others than we fill the machine that would never end.
        found.append(_strain("cpu", waited, most, why, Step.THROTTLE, "molt top"))
    outbox = _PERCENT * world.outbox
    if outbox >= OUTBOX_PERCENT:
        why = f"more than {OUTBOX_PERCENT:g} % of the outbox of {name} waits for the archive"
        found.append(
            _strain("events", outbox, OUTBOX_PERCENT, why, Step.PAUSE, "molt logs archive")
        )
    return found


def _strain(what: str, value: float, limit: float, why: str, top: Step, hint: str) -> Strain:
    return Strain(what, value, limit, why, Step.WARN, top, over=True, hint=hint)


def cells_at_once(at_once: int, step: Step) -> int:
    """Return how many temporary processes may run beside each other; 0: none begins now.

    Those that run go on: a trial that is ended is lost work, and will be asked for again.
    """
    if step >= Step.PAUSE:
        return 0
    return min(at_once, 1) if step >= Step.THROTTLE else at_once
