"""What strains the machine of what one zone takes: from limits that are reached to steps.

Owns: which step each limit may lead to. Does not own: holding readings against limits
(`resource_governor.py`), growth (`growth.py`), when a step follows (`steps.py`), carrying one out
(`zone_governor.py`).
Pure. A step is worth only what it can mend: processor time that a group holds back harms nobody
else, so that leads to no more than to a smaller share; memory and descriptors are given back by
nothing but a new process; a zone with too many events on their way is to make fewer.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from Kernel.core.resource_governor import CPU, DESCRIPTORS, MEMORY, PROCESSES, Act, Judgement
from Kernel.core.steps import Step, Strain
from Kernel.ports.pressure import Pressure

EVENTS: Final = "events"
DISK: Final = "disk_mb_per_s"
GROWTH: Final = "growth"
FULL: Final = 0.95
"""Share of its descriptors from which on a process is replaced: Linux gives it no more than all."""


@dataclass(frozen=True, slots=True)
class Depth:
    """How much of what a zone has said waits to be stored, and how much may; 0: no limit."""

    waiting: int = 0
    limit: int = 0


@dataclass(frozen=True, slots=True)
class Written:
    """What a zone writes to disks, and how much it may; 0: no limit."""

    mb_per_s: float = 0.0
    limit: int = 0


def find_strains(
    judgements: Iterable[Judgement],
    active_pid: int,
    *,
    cpu_held: bool,
    step: Step,
    depth: Depth,
    written: Written,
) -> list[Strain]:
    """Return what strains.

    Args:
        judgements: of the zone's limits.
        active_pid: the process that serves: only it can be replaced.
        cpu_held: a control group holds its processor time.
        step: that is taken at present.
    """
    found = [
        strain
        for each in judgements
        if each.act is Act.WARN
        for strain in _of_limit(each, active_pid, cpu_held=cpu_held, step=step)
    ]
    if depth.limit and depth.waiting > depth.limit:
        why = f"more than {depth.limit} of its events wait to be stored"
        found.append(_over(EVENTS, depth.waiting, depth.limit, why, Step.THROTTLE, "molt ps"))
    if written.limit and written.mb_per_s > written.limit:
        why = f"it writes more than {written.limit} MB a second to disks"
        found.append(_over(DISK, written.mb_per_s, written.limit, why, Step.PAUSE, "molt ps"))
    return found


def growth_strain(why: str, own_mb: float, most_mb: float, *, replacing_helps: bool) -> Strain:
    """Return the strain of a process that grows.

    Args:
        why: it is to be replaced.
        own_mb, most_mb: what it has for itself, and may have.
        replacing_helps: False: the next one was as large from its beginning.
    """
    step = Step.RESTART if replacing_helps else Step.WARN
    why = why if replacing_helps else f"{why}, and so has the next one"
    return Strain(GROWTH, own_mb, most_mb, why, step, step, over=replacing_helps)


def _of_limit(each: Judgement, active_pid: int, *, cpu_held: bool, step: Step) -> Iterator[Strain]:
    match each.what:
        case what if what == CPU:
            # What it would take while it is throttled cannot be seen: it is let go to find out.
            if cpu_held and step >= Step.THROTTLE:
                return
            top = Step.THROTTLE if cpu_held else Step.PAUSE
            yield _over(CPU, each.value, each.limit, each.why, top, "molt top")
        case what if what == PROCESSES:
            yield _over(PROCESSES, each.value, each.limit, each.why, Step.RESTART, "molt ps")
        case what if what == DESCRIPTORS and each.pid == active_pid:
            full = each.value >= FULL * each.limit
            top = Step.RESTART if full else Step.WARN
            yield Strain(what, each.value, each.limit, each.why, Step.WARN, top, over=full)
        case what if what in (MEMORY, DESCRIPTORS):
            yield Strain(what, each.value, each.limit, each.why)


def _over(what: str, value: float, limit: float, why: str, top: Step, hint: str) -> Strain:
    return Strain(what, value, limit, why, Step.WARN, top, over=True, hint=hint)


def nearness(shares: Iterable[float], pressure: Pressure | None) -> float:
    """Return the largest share that is taken of anything.

    Args:
        pressure: of the zone's group for memory: it may be short of it below its limit, too.
    """
    short = pressure.some / 100 if pressure is not None else 0.0
    return max((*shares, short), default=0.0)
