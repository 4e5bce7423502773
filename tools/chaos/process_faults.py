"""Faults of processes: killed, stopped, broken, hung, without descriptors.

Owns: those that any running kernel must survive. Does not own: faults of the machine
(`load_faults.py`).
"""

import os
import resource
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from random import Random
from typing import Final

from tools.chaos.fault import Fault, Injury, Misses
from tools.chaos.target import HEIR, KERNEL, TRIAL, WORLD, ZYGOTE, Target, identities

STOPPED_KERNEL_S: Final = (0.5, 3.0)
NO_FILES_S: Final = 4.0
WORLD_DIES: Final = "world and heir"
NOBODY: Final = "nothing"
"""Not a fault: what the world misses meanwhile is the machine's."""


def process_faults(zones: Sequence[str]) -> list[Fault]:
    """Return the faults of processes for a kernel with such bus zones."""
    takeover, many = Misses.TAKEOVER, Misses.MANY
    share = max(24 // max(len(zones), 1), 1)
    return [
        Fault(NOBODY, 15, lambda _target, _chance: Injury("nothing was done"), alone=True),
        _ended("kill", signal.SIGKILL, WORLD, 10, takeover),
        _ended("kill", signal.SIGKILL, HEIR, 5),
        _ended("kill", signal.SIGKILL, ZYGOTE, 4),
        _ended("kill", signal.SIGKILL, TRIAL, 4),
        Fault(f"kill {WORLD_DIES}", 3, partial(_end, signal.SIGKILL, (WORLD, HEIR)), many),
        *(_ended("kill", signal.SIGKILL, zone, share) for zone in zones),
        _ended("segfault", signal.SIGSEGV, WORLD, 3, takeover),
        *(_ended("segfault", signal.SIGSEGV, zone, max(share // 4, 1)) for zone in zones),
        _ended("stop", signal.SIGSTOP, WORLD, 4, many),
        _ended("stop", signal.SIGSTOP, HEIR, 2),
        _ended("stop", signal.SIGSTOP, ZYGOTE, 2),
        *(_ended("stop", signal.SIGSTOP, zone, max(share // 4, 1)) for zone in zones),
        Fault("stop kernel", 2, _stop_kernel, alone=True),
        Fault("hang world", 3, partial(_drill, "hang", "stable"), many),
        *(Fault(f"hang {zone}", 1, partial(_drill, "hang", zone)) for zone in zones),
        # Alone: libzmq ends a process that can accept no connection, as that of a zone coming back.
        Fault(f"no descriptors {KERNEL}", 1, partial(_no_files, KERNEL), alone=True),
        *(Fault(f"no descriptors {zone}", 1, partial(_no_files, zone)) for zone in zones),
    ]


def _ended(verb: str, number: int, role: str, weight: int, misses: Misses = Misses.NONE) -> Fault:
    """Return the fault that all processes of a role get a signal they do not live through.

    Who is stopped does not either: whoever watches it ends it at its deadline.
    """
    return Fault(f"{verb} {role}", weight, partial(_end, number, (role,)), misses)


def _end(number: int, roles: Sequence[str], target: Target, _chance: Random) -> Injury | None:
    pids = [pid for role in roles for pid in target.pids(role)]
    victims = list(identities(pids))
    for each in victims:
        with suppress(ProcessLookupError):
            os.kill(each.pid, number)
    if not victims:
        return None
    named = ", ".join(str(each.pid) for each in victims)
    return Injury(f"{signal.Signals(number).name} to {' and '.join(roles)}, {named}", victims)


def _stop_kernel(target: Target, chance: Random) -> Injury:
    """The kernel alone stands still: the world needs it for nothing."""
    os.kill(target.kernel, signal.SIGSTOP)
    return Injury(
        f"SIGSTOP to the kernel, {target.kernel}",
        lasts_s=chance.uniform(*STOPPED_KERNEL_S),
        heal=partial(os.kill, target.kernel, signal.SIGCONT),
    )


def _drill(kind: str, zone: str, target: Target, _chance: Random) -> Injury:
    told = target.ask("drill", kind=kind, zone=zone)
    served = told.get("served_ms")
    return Injury(f"drill {kind} {zone}" + (f", served after {served} ms" if served else ""))


def _no_files(role: str, target: Target, _chance: Random) -> Injury | None:
    """Nothing more can be opened; what is open stays."""
    undone: list[Callable[[], None]] = []
    told = []
    for pid in target.pids(role):
        with suppress(OSError):
            held = {int(each) for each in os.listdir(f"/proc/{pid}/fd")}
            free = next(number for number in range(1 << 20) if number not in held)
            before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (free, before[1]))
            undone.append(partial(_give_back, pid, before))
            told.append(f"{pid} has {free}")
    if not undone:
        return None

    def heal() -> None:
        for each in undone:
            each()

    return Injury(
        f"no descriptor more for {role}: {', '.join(told)}", lasts_s=NO_FILES_S, heal=heal
    )


def _give_back(pid: int, limits: tuple[int, int]) -> None:
    with suppress(OSError):  # it may have been ended for having none
        resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
