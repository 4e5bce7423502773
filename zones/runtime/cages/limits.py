"""What a process may use: limits that the OS keeps for each process.

Owns: which limit holds what. Does not own: how much (configuration), limits of a whole zone
(cgroups are the kernel's).
"""

import errno
import resource
from dataclasses import dataclass
from typing import Final

_RLIMIT_MSGQUEUE: Final = 12  # <asm-generic/resource.h>; Python has no name for it


@dataclass(frozen=True, slots=True)
class CageLimits:
    """Limits of one process.

    Args:
        memory_bytes: of address space, on top of what is mapped when it is enclosed; 0: as it is.
        cpu_s: of processor time, on top of what it has used, whole seconds; 0: as it is.
        processes: of its user, as the OS counts them; 0: it can start no process and no thread,
            None: as it is. An administrator is not held by it.
        descriptors: how many it may have open, those open already stay; 0: as it is.
        file_bytes: the longest file it may write; 0: none, None: as it is.
    """

    memory_bytes: int = 0
    cpu_s: int = 0
    processes: int | None = None
    descriptors: int = 0
    file_bytes: int | None = None


def set_limits(limits: CageLimits) -> None:
    """Apply limits to this process; none is ever raised.

    Raises:
        OSError: a limit cannot be set, or what is mapped cannot be read.
    """
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_MEMLOCK, 0)
    _lower(_RLIMIT_MSGQUEUE, 0)
    if limits.memory_bytes:
        _lower(resource.RLIMIT_AS, mapped_bytes() + limits.memory_bytes)
    if limits.cpu_s:
        used = resource.getrusage(resource.RUSAGE_SELF)
        _lower(resource.RLIMIT_CPU, limits.cpu_s + int(used.ru_utime + used.ru_stime))
    for what, most in (
        (resource.RLIMIT_NPROC, limits.processes),
        (resource.RLIMIT_NOFILE, limits.descriptors or None),
        (resource.RLIMIT_FSIZE, limits.file_bytes),
    ):
        if most is not None:
            _lower(what, most)


def mapped_bytes() -> int:
    """Return the size of the address space of this process."""
    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


def _lower(what: int, most: int) -> None:
    hard = resource.getrlimit(what)[1]
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    try:
        resource.setrlimit(what, (most, most))
    except ValueError as error:  # so Python calls EPERM, whatever it was for
        raise PermissionError(errno.EPERM, f"limit {what}: {error}") from error
