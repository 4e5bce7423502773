"""The cages that are tried: a plan for each profile, as the zones of a kernel are enclosed.

Owns: limits small enough to be broken quickly, the paths and ports each profile is given on the
stage, what a profile allows on purpose. Does not own: what a layer does (`zones/runtime/cages`).
"""

import os
import sys
from typing import Final

from tests.cage.stage import Stage
from zones.runtime.cage import CageLimits, Layer, Plan

LIMITS: Final = {
    "memory_bytes": 64 << 20,
    "cpu_s": 1,
    "processes": 24,
    "descriptors": 64,
    "file_bytes": 1 << 20,
}
SEALED: Final = "sealed"
PROFILES: Final = (SEALED, "compile", "archive", "chronos", "agents", "gateway", "zygote")
LAYERS: Final = tuple(Layer)
GRADES: Final[dict[str, frozenset[Layer]]] = {
    "A": frozenset(),
    "B": frozenset({Layer.NAMESPACES}),
    "C": frozenset({Layer.NAMESPACES, Layer.LANDLOCK}),
    "D": frozenset({Layer.NAMESPACES, Layer.LANDLOCK, Layer.SECCOMP}),
}
_CODE: Final = ("/usr", "/lib", "/lib64", "/dev/null", "/dev/urandom", sys.base_prefix, sys.prefix)
_THREADS: Final = frozenset({"thread", "memfd"})
# What a profile is there to do: reached, and meant to be.
ALLOWED: Final[dict[str, frozenset[str]]] = {
    SEALED: frozenset(),
    "compile": frozenset(),
    "archive": _THREADS,
    "chronos": _THREADS,
    "agents": _THREADS | {"fork", "clone", "inotify"},
    "gateway": _THREADS,
    "zygote": frozenset(),
}


def plan_for(profile: str, stage: Stage, keep: frozenset[int]) -> Plan:
    """Return the whole cage of a profile, nothing left out.

    Args:
        keep: descriptors that the pretended zone has and needs.
    """
    limits = CageLimits(**LIMITS)
    if profile == SEALED:
        return Plan(profile, limits=limits, keep=keep)
    read = tuple(path for path in _CODE if os.access(path, os.R_OK))
    write = (str(stage.own),)
    if profile == "zygote":
        # A zygote forks and imports; what it forks is caged for itself.
        return Plan(profile, read=read, write=write, keep=keep)
    return Plan(profile, read=read, write=write, limits=limits, keep=keep)
