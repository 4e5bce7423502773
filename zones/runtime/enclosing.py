"""Into which cage a forked process goes, and the group of processes it is counted in.

Owns: from the words of a Fork (`cage`, `limits`, `cgroup.<n>`) and what the zygote found to a plan.
Does not own: applying a plan (`cage.py`), what a zone may have (configuration, sent by the kernel),
paths and ports that a service needs (its generation).
"""

import contextlib
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from zones.runtime.cage import CageLimits, Layer, Plan

NO_CAGE: Final = "none"
SEALED: Final = "sealed"
SEALED_FILE_BYTES: Final = 1 << 20
"""Sealed code writes no file but what it was given open: a dump of its stacks, 64 KiB. An arena is
written through its map, which this does not limit."""
_GROUP: Final = "cgroup."


@dataclass(frozen=True, slots=True)
class Ground:
    """What a zygote found and hands on to all that it forks.

    Args:
        missing: layers that this machine has not got, as its probe says.
        inherited: descriptors it was started with: its standard streams, and the locks of the home,
            which every process of a kernel must hold.
    """

    missing: frozenset[Layer] = frozenset()
    inherited: frozenset[int] = frozenset((0, 1, 2))


@dataclass(frozen=True, slots=True)
class Reach:
    """What a process needs of the system in its cage.

    Args:
        read, write: paths below which it may read files, or read, make and write them.
        connect, bind: TCP ports.
        home: folders of its home that it may write, besides those of every bus zone.
    """

    read: tuple[str, ...] = ()
    write: tuple[str, ...] = ()
    connect: tuple[int, ...] = ()
    bind: tuple[int, ...] = ()
    home: tuple[str, ...] = ()

    def joined(self, other: "Reach") -> "Reach":
        """Return what either reaches."""
        return Reach(
            (*self.read, *other.read),
            (*self.write, *other.write),
            (*self.connect, *other.connect),
            (*self.bind, *other.bind),
            (*self.home, *other.home),
        )


def plan_for(
    facts: Mapping[str, Any],
    default: str,
    ground: Ground,
    keep: Iterable[int],
    reach: Reach | None = None,
) -> Plan | None:
    """Return the cage of a process; None: it goes into none.

    Args:
        facts: of its Fork: `cage`, the profile; `limits`, a `CageLimits` as plain data.
        default: the profile where the kernel has named none.
        keep: descriptors it needs besides those that all inherit.
        reach: what it needs of the system; paths that are not there are left out.
    """
    profile = facts.get("cage", default)
    if profile == NO_CAGE:
        return None
    reach = reach or Reach()
    limits = CageLimits(**facts.get("limits", {}))
    if profile == SEALED and limits.file_bytes is None:
        limits = replace(limits, file_bytes=SEALED_FILE_BYTES)
    return Plan(
        profile,
        read=tuple(path for path in reach.read if os.path.exists(path)),
        write=tuple(path for path in reach.write if os.path.exists(path)),
        connect=reach.connect,
        bind=reach.bind,
        limits=limits,
        keep=ground.inherited | frozenset(keep),
        without=ground.missing,
    )


def runs_generated_code(plan: Plan | None, facts: Mapping[str, Any]) -> bool:
    """Tell whether a process may run code that nobody vouches for.

    Only where the OS filters its calls, or where the operator says it may all the same.
    """
    sealed = plan is not None and plan.profile == SEALED and Layer.SECCOMP not in plan.without
    return sealed or bool(facts.get("uncaged"))


def open_descriptors() -> frozenset[int]:
    """Return the descriptors that are open."""
    return frozenset(each for each in map(int, os.listdir("/proc/self/fd")) if _is_open(each))


def _is_open(descriptor: int) -> bool:
    """Tell whether a descriptor is still open: the one that has listed them is not."""
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def reach_of_code() -> Reach:
    """Return what a process reaches that imports and compiles: Python, packages, our sources.

    /proc is what libraries ask about themselves and the machine, and about other processes what
    everybody may know.
    """
    cache = os.environ.get("NUMBA_CACHE_DIR", "")
    return Reach(
        read=(
            *dict.fromkeys((sys.prefix, sys.base_prefix, os.getcwd())),
            *("/usr", "/lib", "/lib64", "/bin", "/etc", "/proc", "/sys", "/dev/urandom"),
        ),
        write=("/dev/null", "/dev/tty", *((cache,) if cache else ())),
    )


def reach_of_home(home: Path, also: Iterable[str] = ()) -> Reach:
    """Return what a bus zone reaches: all that code does, and the folders of a home.

    They are made where they are missing: one that is made later could not be reached.

    Args:
        also: folders besides those of every bus zone.
    """
    folders = [home / name for name in ("data", "log", "run", *also)]
    for folder in folders:
        with contextlib.suppress(OSError):  # whoever needs it says so
            folder.mkdir(mode=0o700, exist_ok=True)
    return reach_of_code().joined(Reach(write=tuple(map(str, folders))))


def join_groups(descriptors: dict[str, int]) -> None:
    """Put this process into the groups the kernel has opened for it; takes them out of the dict.

    Before it is enclosed: all that it starts is counted with it from the first instruction on.

    Raises:
        OSError: a group is gone.
    """
    for name in [name for name in descriptors if name.startswith(_GROUP)]:
        group = descriptors.pop(name)
        os.write(group, b"0")
        os.close(group)
