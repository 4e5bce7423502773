"""The cage: what a process can reach that runs code nobody vouches for.

Owns: the order of the layers, and what it means that one fails. Does not own: the layers
(`cages/`), which zone has which profile (configuration), cgroups (the kernel).

A process calls `enclose` when everything is loaded and it has one thread yet, then starts its
threads, then calls `seal`: from there on the OS asks a filter at every call. A layer the machine
has not got is left out only where the plan says so, as the report of `probe` does; a layer that was
promised and fails is a `CageError`, and the process must end.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from typing import Final

from zones.runtime.cages import layers, privileges
from zones.runtime.cages.limits import CageLimits
from zones.runtime.cages.plans import CageError, Layer, Plan
from zones.runtime.cages.probing import Report, machine_report, missing_in, probe, tell

__all__ = [
    "CageError",
    "CageLimits",
    "Layer",
    "Plan",
    "Report",
    "enclose",
    "machine_report",
    "missing_in",
    "probe",
    "seal",
    "tell",
]

_STEPS: Final[tuple[tuple[Layer, Callable[[Plan], None]], ...]] = (
    (Layer.ENVIRONMENT, layers.forget_environment),
    (Layer.DESCRIPTORS, layers.keep_descriptors),
    (Layer.PRIVILEGES, layers.renounce),
    (Layer.RLIMITS, layers.set_limits),
    (Layer.NAMESPACES, layers.separate),
    (Layer.PRIVILEGES, layers.drop_capabilities),
    (Layer.LANDLOCK, layers.restrict_files),
)


def enclose(plan: Plan) -> None:
    """Apply all layers but the filter of calls to this process.

    Call it with everything loaded and no thread started: most layers hold the thread that takes
    them, and those it starts later. PDEATHSIG is set as it was before.

    Raises:
        CageError: a layer cannot be had; some may be applied by then.
    """
    plan.row()
    parent, death_signal = os.getppid(), privileges.read_death_signal()
    threads = _count_threads()
    if threads > 1:
        raise CageError(f"cannot enclose this process: it has {threads} threads, the limit is 1")
    for layer, apply in _STEPS:
        if layer not in plan.without:
            _apply(layer, apply, plan)
    privileges.keep_death_signal(death_signal, parent)


def seal(plan: Plan) -> None:
    """Have the OS ask the filter of the profile at every call of every thread, for good.

    Raises:
        CageError: it cannot be set.
    """
    profile = plan.row()
    if Layer.SECCOMP not in plan.without:
        _apply(Layer.SECCOMP, layers.filter_calls, plan)
    if profile.forks:
        # What this process can give its own children is less than it was.
        machine_report.cache_clear()


def _apply(layer: Layer, apply: Callable[[Plan], None], plan: Plan) -> None:
    try:
        apply(plan)
    except OSError as error:
        raise CageError(
            f"cannot enclose this process as {plan.profile}: {layer}: "
            f"{error.strerror or error} ({error.filename or error.errno})",
            "molt doctor cage",
        ) from error


def _count_threads() -> int:
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError as error:
        raise CageError(
            f"cannot enclose this process: how many threads it has is not told ({error})",
            "ls /proc/self/task",
        ) from error


def main(arguments: Sequence[str]) -> int:
    """Print what this machine holds and what each profile does not, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m zones.runtime.cage", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON document")
    fields = probe().fields()
    if parser.parse_args(arguments).json:
        print(json.dumps(fields))
    else:
        print("\n".join(tell(fields)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
